import AnycodeControl
import Foundation
import Testing

/// Sandboxes that die under a task: told in words, the work saved.
@Suite struct DeathTests {
    enum Victim: String, CaseIterable {
        case runner, firstProcess
    }

    @Test(arguments: Victim.allCases) func killedInTheMiddleOfATurn(_ victim: Victim) async throws {
        try await Installation.with { installation in
            try installation.configure()
            let daemon = try installation.daemon()
            daemon.enter("/task greet warm")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            try await daemon.expect("May it. `Create README.md`")
            try await daemon.press("Always allow")
            try await daemon.expect("May it. `sh scripts/check-welcome.sh`")

            let sandbox = try installation.sandbox(of: session)
            let processes = sandbox.processes
            let runner = processes.first { ProcessList.command(of: $0).hasPrefix("/run/anycode/bin/anycode-runner") }
            kill(try #require(victim == .runner ? runner : sandbox.main), SIGKILL)

            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(await daemon.says("failed, sandbox removed"))
            #expect(await daemon.says("❌ Failed: the sandbox died: the sandbox was killed"))
            let words = try String(contentsOfFile: patch, encoding: .utf8)
            #expect(words.contains("+Welcome! We are glad that you are here."))
            let shown = try await installation.show(session)
            #expect(shown.summary.state == "failed")
            #expect(shown.reason?.contains("the sandbox died: the sandbox was killed") == true)
            #expect(sandbox.isGone)
            for pid in processes { #expect(await ProcessEnd.wait(of: pid, within: .seconds(10))) }
            #expect(daemon.isRunning)
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }
}
