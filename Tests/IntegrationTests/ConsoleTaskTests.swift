import AnycodeControl
import Foundation
import ScriptedModel
import Testing

/// Tasks through the console, line by line, with an agent of one's own and a model that answers by script.
@Suite struct ConsoleTaskTests {
    private func withDaemon(
        _ scripts: [ModelScript] = .standard, session: String = "linger_seconds = 0",
        _ body: (Installation, RunningProgram, ScriptedModel) async throws -> Void
    ) async throws {
        try await withScriptedModel(.init(scripts: scripts)) { model in
            try await Installation.with { installation in
                try installation.configureTestAgent(model, session: session)
                let daemon = try installation.daemon()
                try await body(installation, daemon, model)
                daemon.signal(SIGTERM)
                #expect(await daemon.end() == 0)
                #expect(Sandbox.all(in: installation.sandboxes).isEmpty)
                #expect(ProcessList.naming(installation.path).isEmpty)
            }
        }
    }

    @Test func allowedByNumberTheCommandRuns() async throws {
        try await withDaemon { _, daemon, _ in
            daemon.enter("/task make the file")
            try await daemon.expect(saying: "I will create hello.txt now")
            try await daemon.expect("May it. `echo hello from the model > hello.txt`")
            try await daemon.press("Allow once")
            try await daemon.expect(saying: "Done: hello.txt was created")
            try await daemon.expect("✅ Done .* 1 file changed")
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+hello from the model"))
            try await daemon.expect("completed, sandbox removed")
        }
    }

    @Test func rejectedNothingIsDone() async throws {
        try await withDaemon { _, daemon, model in
            daemon.enter("/task make the file")
            try await daemon.press("Reject")
            try await daemon.expect("no files changed")
            try await daemon.expect("completed, sandbox removed")
            #expect(model.requests.count == 2)
        }
    }

    @Test(arguments: [429, 500]) func refusalsOfTheModelAreToldInWords(_ status: Int) async throws {
        let script = ModelScript(steps: [.init(failure: .init(status: status))])
        try await withDaemon([script]) { installation, daemon, _ in
            daemon.enter("/task do something")
            let session = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            try await daemon.expect("❌ Failed: The model answered \(status): [A-Z]")
            try await daemon.expect("sandbox removed")
            let shown = try await installation.show(session)
            #expect(shown.summary.state == "failed")
            #expect(shown.reason?.contains("The model answered \(status)") == true)
        }
    }

    @Test func aShortRefusalIsWaitedOut() async throws {
        try await withDaemon { _, daemon, _ in
            daemon.enter("/task ERR429 please")
            try await daemon.expect(saying: "It went through")
            try await daemon.expect("completed, sandbox removed")
        }
    }

    @Test func aFollowUpWhileStartingIsDelivered() async throws {
        try await withDaemon(session: "linger_seconds = 900") { _, daemon, model in
            daemon.enter("/task TALK to me")
            daemon.enter("and THINK of this")
            try await daemon.expect(saying: "Only words, no tool")
            try await daemon.expect("Four")
            try await daemon.expect("✅ Done")
            _ = try await model.waitForRequest { $0.lastUserText?.contains("and THINK of this") ?? false }
        }
    }

    @Test func stopKeepsTheSessionAndCancelEndsIt() async throws {
        try await withDaemon(session: "linger_seconds = 900") { installation, daemon, _ in
            daemon.enter("/task LONGCMD now")
            let session = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            try await daemon.expect(saying: "This command takes a minute")
            try await daemon.press("Allow once")
            try await daemon.expect("→ Allow once")
            daemon.enter("/stop")
            try await daemon.expect("(?i)stopped")
            let sandbox = try installation.sandbox(of: session)
            #expect(!sandbox.isGone)

            daemon.enter("WRITE it")
            try await daemon.expect("May it. `Write hello.txt`")
            try await daemon.press("Allow once")
            try await daemon.expect(saying: "hello.txt is ready")
            try await daemon.expect("✅ Done")
            daemon.enter("/diff")
            try await daemon.expect(#"\+hello from the model"#)
            daemon.enter("/status")
            try await daemon.expect("(?i)idle|ready")
            daemon.enter("/cancel \(session.prefix(4))")
            try await daemon.expect("cancelled, sandbox removed")
            #expect(sandbox.isGone)
            #expect(try await installation.show(session).summary.state == "cancelled")
        }
    }

    @Test func anEndedSessionGoesOnInANewSandboxWithItsChanges() async throws {
        try await withDaemon { installation, daemon, model in
            daemon.enter("/task make the file")
            let old = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            try await daemon.press("Allow once")
            try await daemon.expect("✅ Done .* 1 file changed")
            try await daemon.expect("completed, sandbox removed")
            daemon.enter("/resume \(old) TALK to me")
            let new = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            try await daemon.expect("Goes on from: `\(old)`")
            try await daemon.expect("Goes on from `\(old)`: 1 file changed")
            try await daemon.expect(saying: "Only words, no tool")
            try await daemon.expect("✅ Done .* 1 file changed")
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(patch.contains(new))
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+hello from the model"))
            try await daemon.expect("completed, sandbox removed")
            _ = try await model.waitForRequest {
                $0.lastUserText?.contains("The task was:\n\nmake the file") ?? false
            }
        }
    }

    @Test func twoSessionsAtOnce() async throws {
        let scripts = ["first", "second"].map { word in
            ModelScript(
                word: word.uppercased(),
                steps: [
                    .init("I ask.", calls: [.shell(command: "echo \(word) > \(word).txt")]),
                    .init("The \(word) one is ready."),
                ])
        }
        try await withDaemon(scripts) { installation, daemon, _ in
            daemon.enter("/task FIRST")
            let first = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            daemon.enter("/task SECOND")
            let second = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            try await daemon.expect("May it.*(first|second)")
            let one = try await daemon.expect(#"\[(\d+)\] Allow once"#)[0]
            try await daemon.expect("May it.*(first|second)")
            let two = try await daemon.expect(#"\[(\d+)\] Allow once"#)[0]
            #expect(one != two)
            daemon.enter("/status")
            try await daemon.expect("(?s)(\(first)|\(second)).*(\(first)|\(second))")
            let live = try await installation.run("anycodectl", "sessions").output
            #expect(live.contains(first) && live.contains(second), "\(live)")
            daemon.enter(two)
            daemon.enter(one)
            // The two are printed in parts, by turns.
            try await daemon.expect(#"ready[\s\S]*ready"#)
            try await daemon.expect("completed, sandbox removed")
            try await daemon.expect("completed, sandbox removed")
        }
    }
}
