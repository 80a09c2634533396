import Foundation
import ScriptedModel
import TestJSON
import Testing

/// Tasks with the real Claude Code in a real sandbox, driven from the chat and asserted there.
@Suite(.serialized) struct ClaudeCodeTaskTests {
    @Test func everyPermissionAndQuestionIsAnsweredFromTheChat() async throws {
        try await OfficialProgram.claude.run([ClaudeScripts.questions]) { installation, daemon, model in
            daemon.enter("/task WRITE the file")
            let session = try await daemon.expect(#"claude-code · `(\w{8})`"#)[0]
            try await daemon.expect(saying: "I will write hello.txt")
            try await daemon.expect(#"May it. `Write hello.txt`"#)
            try await daemon.expect(#"\+ ?hello from the model"#)
            try await daemon.press("Deny, and say why")
            try await daemon.expect("What should it do instead")
            daemon.enter("Leave it alone.")
            try await daemon.expect("✅ Done.*no files changed")

            try await daemon.turn("WRITE it") { try await daemon.press("Deny") }
            try await daemon.turn("WRITE it", { try await daemon.press("Deny and stop") }, ends: "(?i)stopped")
            try await daemon.turn("WRITE it") {
                try await daemon.press("Allow")
                try await daemon.expect(saying: "hello.txt is ready")
            }
            try await daemon.turn("TWICE please") {
                try await daemon.press("Always in this session")
                try await daemon.press("Always in this session")
                try await daemon.expect(saying: "Both are done")
            }
            let asked = daemon.output.text.components(separatedBy: "May it").count
            try await daemon.turn("TWICE again") { try await daemon.expect(saying: "Both are done") }
            #expect(daemon.output.text.components(separatedBy: "May it").count == asked)

            try await daemon.turn("QUESTIONS now") {
                try await daemon.expect(#"Which colour\?"#)
                try await daemon.press("blue")
                try await daemon.expect(#"Which sizes\?"#)
                try await daemon.press("☐ small")
                try await daemon.press("☐ Something else, in my own words")
                try await daemon.press("Done")
                try await daemon.expect("In your own words")
                daemon.enter("gigantic")
                try await daemon.expect(saying: "that settles it")
            }
            #expect(try memory(installation, session).contains("small, gigantic"))
            #expect(model.requests.allSatisfy { $0.status == 200 })
        }
    }

    @Test func cancellingKillingAndTroublesAreToldAndSurvived() async throws {
        try await OfficialProgram.claude.run([ClaudeScripts.failure, ClaudeScripts.lines]) {
            installation, daemon, model in
            daemon.enter("/task LINES please")
            let session = try await daemon.expect(#"claude-code · `(\w{8})`"#)[0]
            // Seen while the model still speaks.
            try await daemon.expect("line2\\b")
            #expect(!daemon.output.text.contains("line200"))
            daemon.enter("/stop")
            try await daemon.expect("(?i)stopped")
            try await daemon.turn(
                "WRITE it",
                {
                    try await daemon.expect("May it")
                    daemon.enter("/stop")
                }, ends: "(?i)stopped")
            try await daemon.turn(
                "LONGCMD now",
                {
                    try await daemon.press("Allow")
                    try await daemon.expect("→ Allow")
                    daemon.enter("/stop")
                }, ends: "(?i)stopped")

            try await daemon.turn("ERR429 please") {
                try await daemon.expect(#"too many requests \(429\)"#)
                try await daemon.expect(saying: "It went through")
            }
            try await daemon.turn("E500 please") {
                try await daemon.expect(#"server failed \(500\)"#)
                try await daemon.expect(saying: "It went through")
            }
            try await daemon.turn("ERR500 always", ends: "❌ Failed.*500")
            try await daemon.turn("BIGOUT now") {
                try await daemon.press("Allow")
                try await daemon.expect(saying: "That was much")
            }
            try await daemon.turn("TALK " + String(repeating: "0123456789 ", count: 10_000)) {
                try await daemon.expect(saying: "Only words, no tool")
            }
            #expect(model.requests.contains { ($0.lastUserText?.utf8.count ?? 0) > 100_000 })

            try await daemon.turn(
                "LONGCMD again",
                {
                    try await daemon.press("Allow")
                    try await daemon.expect("→ Allow")
                    try killProgram(of: session, installation)
                }, ends: "❌ Failed")
            try await daemon.turn("TALK again") { try await daemon.expect(saying: "Only words, no tool") }
            #expect(try memory(installation, session).contains("TALK again"))
        }
    }

    @Test func aHostileRepositoryGetsNothingAndABadKeyIsToldAsSuch() async throws {
        try await OfficialProgram.claude.run([ClaudeScripts.proposal], mode: "plan") { installation, daemon, model in
            try await HostileRepository.with(installation) { repository in
                daemon.enter("/task PROPOSE for \(repository.url)")
                let session = try await daemon.expect(#"claude-code · `(\w{8})`"#)[0]
                try await daemon.expect("settings of its own for the agent")
                try await daemon.expect("ANTHROPIC_BASE_URL=http://127.0.0.1:9")
                try await daemon.expect("hook SessionStart.*touch EVIL")
                try await daemon.expect("MCP server evil")
                try await daemon.press("Go on without them")
                try await daemon.expect(saying: "Here is my plan")
                try await daemon.press("Go ahead, accept edits")
                try await daemon.expect(saying: "So be it")
                try await daemon.expect("✅ Done.*no files changed")
                // Edits are accepted since the plan was.
                try await daemon.turn("WRITE it") { try await daemon.expect(saying: "hello.txt is ready") }
                let sandbox = try installation.sandbox(of: session)
                #expect(try files(sandbox, named: HostileRepository.mark).isEmpty)
                #expect(try memory(installation, session).contains("Speak of herons only."))
                // The decision holds for this repository in this chat.
                daemon.enter("/task TALK about \(repository.url)")
                try await daemon.expect(saying: "Only words, no tool")
                try await daemon.expect("✅ Done")
            }
            daemon.enter("/task claude-code-locked TALK to me")
            try await daemon.expect("❌ Failed: The model's server does not accept the key. Check ANTHROPIC_API_KEY")
            #expect(!daemon.output.text.contains("sk-wrong") && !daemon.errors.text.contains("sk-wrong"))
            #expect(model.requests.filter { $0.status == 200 }.count >= 4)
        }
    }

    @Test func workAndItsPriceAreShownAndMayBeSteered() async throws {
        try await OfficialProgram.claude.run(ClaudeScripts.work) { installation, daemon, model in
            daemon.enter("/task TASKS please")
            let session = try await daemon.expect(#"claude-code · `(\w{8})`"#)[0]
            try await daemon.expect("First[\\s\\S]*Second")
            try await daemon.expect(#"✅ Done.* tokens, \$"#)
            try await daemon.turn(
                "DELEGATE it",
                {
                    try await daemon.expect("May it. `↳ echo sub > sub.txt`")
                    try await daemon.press("Allow")
                }, ends: #"✅ Done.* tokens, \$\S+ \(in all .* tokens, \$"#)
            let shown = try installation.chat(without: []).joined(separator: "\n")
            #expect(shown.contains("`Look around`\n  * ✓ `echo sub > sub.txt`"), "\(shown)")

            daemon.enter("/mode")
            try await daemon.press("Accept edits")
            try await daemon.expect("Mode of `\(session)`: \\*?\\*?Accept edits")
            daemon.enter("/model sonnet")
            try await daemon.expect("Model of `\(session)`")
            try await daemon.turn("WRITE it") { try await daemon.expect(saying: "hello.txt is ready") }
            try await daemon.turn("/compact") { try await daemon.expect("conversation was compacted") }

            daemon.enter("STEADY now")
            try await daemon.expect("line2\\b")
            daemon.enter("TALK meanwhile")
            try await daemon.press("Send now")
            try await daemon.expect("in the middle of its turn")
            try await daemon.expect(saying: "Only words, no tool")
            try await daemon.expect("✅ Done")

            // What holds is set again in a program that is started again, and the conversation goes on elsewhere.
            try await daemon.turn(
                "LONGCMD now",
                {
                    try await daemon.expect("▸ `for i in")
                    try killProgram(of: session, installation)
                }, ends: "❌ Failed")
            try await daemon.turn("WRITE it") { try await daemon.expect(saying: "hello.txt is ready") }
            daemon.enter("/cancel \(session)")
            try await daemon.expect("cancelled, sandbox removed")
            daemon.enter("/resume \(session) TALK of herons")
            try await daemon.expect(saying: "Only words, no tool")
            let other = try #require(Sandbox.all(in: installation.sandboxes).first?.session)
            #expect(try memory(installation, other).contains("DELEGATE it"))
        }
    }

    @Test func fourAtOnceDoNotMindEachOther() async throws {
        try await OfficialProgram.claude.run([], session: "linger_seconds = 0") { installation, daemon, _ in
            for _ in 1...4 { daemon.enter("/task WRITE the file") }
            for _ in 1...4 {
                try await daemon.expect("May it. `Write hello.txt`")
                try await daemon.press("Allow")
            }
            try await daemon.expect("completed, sandbox removed", times: 4)
            try await daemon.expect("1 file changed", times: 4)
            #expect(Sandbox.all(in: installation.sandboxes).isEmpty)
        }
    }

    /// What the program keeps of its conversations, and so what the model was told.
    private func memory(_ installation: Installation, _ session: String) throws -> String {
        let sandbox = try installation.sandbox(of: session)
        return try files(sandbox, named: ".jsonl").filter { $0.contains("/.claude/projects/") }
            .map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
    }
}

/// Files of a sandbox whose path ends so.
func files(_ sandbox: Sandbox, named end: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: sandbox.path).filter { $0.hasSuffix(end) }
        .map { "\(sandbox.path)/\($0)" }
}

/// Kills the official program of a session, and nothing else of it.
func killProgram(of session: String, _ installation: Installation) throws {
    let programs = try installation.sandbox(of: session).processes.filter { pid in
        let program = ProcessList.command(of: pid).prefix { $0 != " " }
        return program.hasSuffix("/claude") || program.hasSuffix("/codex")
    }
    #expect(!programs.isEmpty)
    for pid in programs { kill(pid, SIGKILL) }
}
