import AnycodeControl
import Foundation
import Testing

/// Whole tasks whose agent is reached through a program before it: stand-ins, started in the sandbox as configured.
@Suite struct AgentServerTaskTests {
    @Test func opencodeDoesATaskWithAPermissionByButton() async throws {
        try await Installation.with { installation in
            try installation.configureServer("opencode", agent: "opencode", sandbox: "protocol = \"opencode\"")
            let daemon = try installation.daemon()
            daemon.enter("/task WRITE the file")
            // The words before it may be printed around the question.
            try await daemon.expect("May it. `echo hello from the server > hello.txt`")
            try await daemon.press("Allow")
            try await daemon.expect(saying: "Done: hello.txt was created.")
            #expect(await daemon.says(#"will[\s\S]{1,600}?create[\s\S]{1,600}?now\."#))
            #expect(await daemon.says("completed, sandbox removed"))
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+hello from the server"))
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }

    /// Killed while it asks and when it has just ended, the chat ends as if nothing had happened.
    @Test func killedInBetweenNothingOfOpencodeIsLostOrShownTwice() async throws {
        try await Installation.with { installation in
            try installation.configureServer("opencode", agent: "opencode", sandbox: "protocol = \"opencode\"")
            var daemon = try installation.daemon()
            daemon.enter("/task WRITE the file")
            let session = try await daemon.expect(#"opencode · `(\w{8})`"#)[0]
            try await daemon.expect("May it. `echo hello from the server > hello.txt`")
            await daemon.killNow()
            daemon = try installation.daemon()
            try await installation.isReady()
            try await daemon.press("Allow")
            try await daemon.expect(saying: "Done: hello.txt was created.")
            await daemon.killNow()
            daemon = try installation.daemon()
            try await installation.isReady()
            let end = ContinuousClock.now + .seconds(40)
            while try await installation.show(session).summary.isLive, .now < end {}
            #expect(try await installation.show(session).summary.state == "completed")
            let chat = try installation.chat(without: [session, installation.path]).joined(separator: "\n")
            #expect(chat.components(separatedBy: "I will create hello.txt now.").count == 2)
            #expect(chat.components(separatedBy: "Done: hello.txt was created.").count == 2)
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }

    @Test func aBrokenStreamOfOpencodeShowsInTheChatOnce() async throws {
        try await Installation.with { installation in
            try installation.configureServer("opencode", agent: "opencode", sandbox: "protocol = \"opencode\"")
            let daemon = try installation.daemon()
            daemon.enter("/task CUT the stream")
            try await daemon.expect(saying: "One, two, three, four.")
            #expect(await daemon.says("completed, sandbox removed"))
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }

    @Test func claudeCodeIsReachedThroughSandboxAgent() async throws {
        try await Installation.with { installation in
            try installation.configureServer(
                "sandbox-agent", agent: "claude-code",
                sandbox: """
                    server = { command = ["sandbox-agent", "server", "--host", "127.0.0.1", "--port", "{port}", \
                    "--token", "{token}"] }
                    """)
            let daemon = try installation.daemon()
            daemon.enter("/task GAP in the middle")
            try await daemon.expect(saying: "3 messages of the agent are lost")
            #expect(await daemon.says("completed, sandbox removed"))
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }

    @Test func acpxDoesATaskAndSaysWhatItsPolicyIs() async throws {
        try await Installation.with { installation in
            try installation.configureServer("acpx", agent: "claude-code", sandbox: "protocol = \"acpx\"")
            let daemon = try installation.daemon()
            daemon.enter("/task WRITE the file")
            try await daemon.expect(saying: "everything the agent wants to do is allowed")
            try await daemon.expect(saying: "Done: hello.txt was created.")
            #expect(await daemon.says("completed, sandbox removed"))
            let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
            #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+hello from acpx"))
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }
}
