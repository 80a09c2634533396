import Foundation
import Testing

/// `anycode quickstart`, the first thing that a person sees.
@Suite struct QuickstartTests {
    @Test func withoutATerminalTheWholeFirstTaskIsDone() async throws {
        try await Installation.with { installation in
            let quickstart = try installation.anycode("quickstart")
            let session = try await quickstart.expect(#"demo · `(\w{8})`"#)[0]
            try await quickstart.expect("Status: working")
            let sandbox = try installation.sandbox(of: session)
            let processes = sandbox.processes
            #expect(processes.count >= 2)
            try await quickstart.expect("✅ Done · `\(session)`")
            #expect(await quickstart.end() == 0)

            let output = quickstart.output.text
            for step in [
                "Status: working", "Which greeting", "May it? `Edit README.md`", "May it? `Create scripts/", "✅ Done",
                "That was a whole task", "completed, sandbox removed",
            ] {
                #expect(output.components(separatedBy: step).count == 2, "“\(step)” in:\n\(output)")
            }
            let patch = try #require(output.firstMatch(of: /Patch: `(\S+\.patch)`/)).1
            let check = try await installation.run(
                "/usr/bin/git", "-C", installation.scratch, "apply", "--check", String(patch))
            #expect(check.code == 0, "\(check.errors)")
            let words = try String(contentsOfFile: String(patch), encoding: .utf8)
            #expect(words.contains("+Welcome! We are glad that you are here."))
            #expect(words.contains("b/scripts/check-welcome.sh"))

            #expect(sandbox.isGone)
            for pid in processes { #expect(await ProcessEnd.wait(of: pid, within: .seconds(10))) }
            #expect(ProcessList.naming(installation.path).isEmpty)
        }
    }

    @Test func inATerminalAPersonAnswersAndQuits() async throws {
        try await Installation.with { installation in
            let quickstart = try installation.anycode("quickstart", terminal: true)
            let session = try await quickstart.expect(#"demo · (\w{8})"#)[0]
            try await quickstart.expect("Which greeting")
            try await quickstart.press("Formal")
            try await quickstart.expect("May it.*README.md")
            let sandbox = try installation.sandbox(of: session)
            try await quickstart.press("Allow once")
            try await quickstart.expect("May it.*check-welcome.sh")
            try await quickstart.press("Always allow")
            try await quickstart.expect("May it.*sh scripts/check-welcome.sh")
            try await quickstart.press("Allow once")
            try await quickstart.expect("We welcome every contribution")
            try await quickstart.expect("✅  *Done")
            quickstart.enter("/help")
            try await quickstart.expect("/cancel")
            #expect(quickstart.isRunning)

            quickstart.type("\u{4}")
            #expect(await quickstart.end() == 0)
            #expect(quickstart.hasTerminalAsFound)
            #expect(sandbox.isGone)
            #expect(ProcessList.naming(installation.path).isEmpty)
        }
    }
}
