import AnycodeJSON
import Testing

@testable import AnycodeRunner

@Suite struct CodexPartsTests {
    @Test func anItemThatComesAgainShowsOnlyWhatIsNew() {
        var stream = CodexStream()
        #expect(stream.delta("one ", item: "a")?.text == "one ")
        #expect(stream.delta("two", item: "a")?.message == "a")
        stream.broke()
        #expect(stream.delta("one", item: "b") == nil)
        #expect(stream.delta(" two th", item: "b") == .init(text: " th", message: "a"))
        #expect(stream.completed("one two three", item: "b") == .init(text: "ree", message: "a"))
        #expect(stream.delta("new", item: "c")?.message == "c")
    }

    @Test func anItemThatComesAgainOtherwiseIsShownAnew() {
        var stream = CodexStream()
        _ = stream.delta("one two", item: "a")
        stream.broke()
        #expect(stream.delta("one ", item: "b") == nil)
        #expect(stream.delta("more", item: "b") == .init(text: "one more", message: "b"))
    }

    @Test func theShellAroundACommandIsTakenOff() {
        #expect(CodexCommand.unwrapped("/bin/bash -lc 'echo a > b'") == "echo a > b")
        #expect(CodexCommand.unwrapped(#"/bin/bash -lc "cat > 'x' <<'E'"#) == #"/bin/bash -lc "cat > 'x' <<'E'"#)
        #expect(CodexCommand.unwrapped(#"/bin/bash -lc "echo 'x' \"\$y\"""#) == #"echo 'x' "$y""#)
        #expect(CodexCommand.unwrapped("ls -la") == "ls -la")
        #expect(CodexCommand.unwrapped("bash -lc ls") == "ls")
    }

    @Test func hunksBecomeOldAndNewText() {
        let diff = CodexDiff(
            "@@ -3,2 +4,2 @@\n same\n-old\n+new\n@@ -9 +9 @@\n-x\n\\ No newline at end of file\n+y\n", type: "update")
        #expect(diff.old == "same\nold\n…\nx\n" && diff.new == "same\nnew\n…\ny\n" && diff.line == 4)
        #expect(CodexDiff("all\n", type: "add").old == nil)
        #expect(CodexDiff("all\n", type: "delete").new.isEmpty)
    }

    @Test func theOutputOfACommandIsShownInMeasuredSteps() throws {
        let item: JSON = ["id": "c", "type": "commandExecution", "command": "x", "status": "inProgress"]
        var tool = try #require(CodexTool(item, in: "/w"))
        let isShown = tool.append("a line\n")
        #expect(isShown)
        var shown = 0
        for _ in 0..<100_000 where tool.append("0123456789abcde\n") { shown += 1 }
        #expect(shown < 300 && tool.output.utf8.count <= 8192)
        #expect(CodexTool.ends(String(repeating: "ä", count: 100), 20).hasPrefix("äääää\n… 180 bytes"))
    }

    @Test func theProgramIsToldWhatItMayNot() {
        let environment = ["OPENAI_API_KEY": "sk-secret", "OPENAI_BASE_URL": "http://h/v1", "OPENAI_MODEL": "m"]
        let settings = CodexProgram.settings(environment, directory: "/w", file: "")
        #expect(settings.contains(#"projects={"/w"={trust_level="untrusted"}}"#))
        #expect(settings.contains("analytics.enabled=false") && settings.contains(#"model="m""#))
        #expect(settings.contains { $0.contains(#"base_url="http://h/v1",env_key="OPENAI_API_KEY""#) })
        #expect(!settings.contains { $0.contains("sk-secret") })
        let own = CodexProgram.settings(environment, directory: "/w", file: "model_provider = \"azure\"")
        #expect(!own.contains { $0.contains("model_providers") })
        #expect(!CodexProgram.settings([:], directory: "/w", file: "").contains { $0.contains("model_provider") })
    }

    @Test func onlyTheOfficialProgramIsDriven() {
        #expect(NativeAgent(command: ["codex"]) == .codex && NativeAgent(command: ["/opt/bin/codex"]) == .codex)
        #expect(NativeAgent(command: ["codex-acp"]) == nil && NativeAgent(command: ["codex", "acp"]) == nil)
        #expect(NativeAgent(command: ["/opt/claude", "--model", "m"]) == .claudeCode)
    }

    @Test func warningsAndVersionsAreToldInWords() {
        let summary = "Project-local config, hooks, and exec policies are disabled.\n    1. /w/.codex\n       more\n"
        #expect(CodexWords.configuration(["summary": .string(summary)]).contains("(/w/.codex)"))
        #expect(CodexWords.version("anycode/0.163.0 (Debian)") == "0.163.0")
        #expect(CodexWords.versionNotice("0.163.0") == nil && CodexWords.versionNotice("1.0.0-alpha") == nil)
        #expect(CodexWords.versionNotice("0.98.0")?.contains("older") == true)
        let error: JSON = [
            "message": "Reconnecting... 2/5", "codexErrorInfo": ["responseStreamDisconnected": ["httpStatusCode": 429]],
        ]
        #expect(
            CodexWords.retry(error)
                == "⏳ The model's server says: too many requests (429). Trying again (attempt 2 of 5).")
    }
}
