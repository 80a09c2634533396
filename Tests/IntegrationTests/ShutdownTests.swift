import AnycodeControl
import Foundation
import Testing

/// SIGTERM, with either way of `on_shutdown`.
@Suite struct ShutdownTests {
    /// A daemon whose task stands at its last permission, with two files changed.
    private func withTask(
        session settings: String,
        _ body: (Installation, RunningProgram, _ session: String, Sandbox) async throws -> Void
    ) async throws {
        try await Installation.with { installation in
            try installation.configure(session: settings)
            let daemon = try installation.daemon()
            daemon.enter("/task greet warm")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            try await daemon.press("Always allow")
            try await daemon.expect("May it. `sh scripts/check-welcome.sh`")
            try await body(installation, daemon, session, try installation.sandbox(of: session))
        }
    }

    @Test func workIsSavedTheChatToldTheSandboxRemoved() async throws {
        try await withTask(session: "linger_seconds = 900") { installation, daemon, session, sandbox in
            let processes = sandbox.processes
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+Welcome! We are glad"))
            #expect(await daemon.says("sandbox removed"))
            #expect(sandbox.isGone)
            for pid in processes { #expect(await ProcessEnd.wait(of: pid, within: .seconds(10))) }
            #expect(ProcessList.naming(installation.path).isEmpty)

            let next = try installation.daemon()
            try await installation.isReady()
            #expect(!(try await installation.show(session).summary.isLive))
            next.signal(SIGTERM)
            #expect(await next.end() == 0)
        }
    }

    @Test func detachedSandboxesStayAndTheNextStartGoesOn() async throws {
        let settings = "linger_seconds = 0\non_shutdown = \"detach\""
        try await withTask(session: settings) { installation, daemon, session, sandbox in
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
            #expect(!sandbox.isGone)
            #expect(sandbox.processes.count >= 3)

            let next = try installation.daemon()
            try await next.press("Allow once")
            #expect(await next.says("completed, sandbox removed"))
            #expect(await next.says("✅ Done · `\(session)`"))
            #expect(sandbox.isGone)
            next.signal(SIGTERM)
            #expect(await next.end() == 0)
        }
    }
}
