import Foundation
import Testing

/// Whole tasks in containers whose agent is reached through a program before it: stand-ins that the images have.
@Suite struct DockerServerTaskTests {
    private func withDaemon(
        _ agent: String, sandbox: String, session: String = "linger_seconds = 0", image: String = DockerGround.agents,
        _ body: (DockerGround, RunningProgram) async throws -> Void
    ) async throws {
        try await DockerGround.with { ground in
            let agents = """
                [agents]
                default_agent = "\(agent)"
                [agents.credentials.\(agent)]
                env = { PATH = "/opt/agents/servers:/usr/local/bin:/usr/bin:/bin" }
                """
            try ground.installation.configureDocker(
                image: image, agents: agents, session: session, sandbox: sandbox)
            let daemon = try ground.daemon()
            try await body(ground, daemon)
            let left = try await ground.leftovers()
            #expect(left == [])
            daemon.signal(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }

    private func expectPatch(_ daemon: RunningProgram, adds line: String) async throws {
        let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
        #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+\(line)"))
    }

    @Test(arguments: [DockerGround.agents, DockerGround.plain])
    func opencodeAsksForPermissionAndAForm(_ image: String) async throws {
        try await withDaemon(
            "opencode", sandbox: "protocol = \"opencode\"", session: "linger_seconds = 900", image: image
        ) { ground, daemon in
            daemon.enter("/task WRITE the file")
            let session = try await daemon.expect(#"opencode · `(\w{8})`"#)[0]
            try await daemon.expect("May it. `echo hello from the server > hello.txt`")
            #expect(try await ground.containers(of: session).count == 1)
            try await daemon.press("Allow")
            try await daemon.expect(saying: "Done: hello.txt was created.")
            try await expectPatch(daemon, adds: "hello from the server")

            daemon.enter("ASK me")
            try await daemon.expect("Which database")
            try await daemon.press("SQLite")
            try await daemon.expect("Which days")
            try await daemon.press("☐ Tuesday")
            try await daemon.press("Done")
            try await daemon.expect(saying: #"You chose: [["SQLite"],["Tuesday"]]"#)
            try await daemon.press("Finish")
            #expect(await daemon.says(#"completed \(finished by .*\), sandbox removed"#))
        }
    }

    @Test func aPermissionOfASubagentIsRefusedFromTheChat() async throws {
        try await withDaemon("opencode", sandbox: "protocol = \"opencode\"") { _, daemon in
            daemon.enter("/task CHILD counts")
            try await daemon.expect(#"May it. `Sub-agent: ls \| wc -l`"#)
            try await daemon.press("Deny and stop")
            try await daemon.expect(saying: "The sub-agent was told: reject.")
            #expect(await daemon.says("completed, sandbox removed"))
        }
    }

    @Test func acpxWritesAndSaysWhatItsPolicyIs() async throws {
        try await withDaemon("claude-code", sandbox: "protocol = \"acpx\"") { _, daemon in
            daemon.enter("/task WRITE the file")
            try await daemon.expect(saying: "everything the agent wants to do is allowed")
            try await daemon.expect(saying: "Done: hello.txt was created.")
            try await expectPatch(daemon, adds: "hello from acpx")
            #expect(await daemon.says("completed, sandbox removed"))
        }
    }

    @Test func sandboxAgentAsksForPermission() async throws {
        let server = """
            server = { command = ["sandbox-agent", "server", "--host", "127.0.0.1", "--port", "{port}", "--token", "{token}"] }
            """
        try await withDaemon("claude-code", sandbox: server) { _, daemon in
            daemon.enter("/task WRITE the file")
            try await daemon.expect("May it. `echo hello > hello.txt`")
            try await daemon.press("Allow")
            try await daemon.expect(saying: "You chose yes.")
            #expect(await daemon.says("completed, sandbox removed"))
        }
    }
}
