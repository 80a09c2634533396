import AnycodeControl
import Foundation
import Testing

/// A Docker Engine that goes away in the middle of a task, with its containers or without them, and comes back or does not.
@Suite struct EngineRestartTests {
    /// A demo task that has written a file and waits for its next permission.
    private func begin(_ ground: DockerGround) async throws -> (daemon: RunningProgram, session: String) {
        try ground.installation.configureDocker(image: DockerGround.plain)
        let daemon = try ground.daemon()
        daemon.enter("/task make it friendlier")
        let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
        try await daemon.press("Brief")
        try await daemon.expect("May it. `Create README.md`")
        try await daemon.press("Allow once")
        try await daemon.expect("May it. `Create scripts/check-welcome.sh`")
        return (daemon, session)
    }

    private func expectWork(_ daemon: RunningProgram) async throws {
        let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
        #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("README.md"))
    }

    private func expectNothingLeft(_ ground: DockerGround, _ daemon: RunningProgram) async throws {
        #expect(try await ground.leftovers() == [])
        #expect(try await ground.docker("volume", "ls", "--quiet") == "")
        // The bridge is shared by all daemons, and kept.
        let networks = try await ground.docker(
            "network", "ls", "--filter", "label=anycode=true", "--format", "{{.Name}}")
        #expect(networks == "anycode")
        daemon.signal(SIGTERM)
        #expect(await daemon.end() == 0)
    }

    // MARK: It comes back

    /// With SIGTERM it ends its containers, and takes calls while it does; with SIGKILL they go on, out of reach, and are
    /// ended by the next start.
    @Test(arguments: [SIGTERM, SIGKILL])
    func anEngineThatTakesItsContainersAlongIsWaitedForAndTheWorkIsSaved(_ signal: Int32) async throws {
        try await OwnEngine.with { engine in
            try await engine.withGround { ground in
                let (daemon, session) = try await begin(ground)
                try await engine.end(signal)
                if signal == SIGTERM {
                    // Whether it still says that the container ended, or is found gone with it, is a matter of moments.
                    #expect(await daemon.says("the Docker Engine at .* is not reachable", within: .seconds(90)))
                } else {
                    _ = try await ground.installation.tree(saying: "restart after failure")
                }
                #expect(try await ground.installation.show(session).summary.isLive)
                try await engine.start()
                try await daemon.expect(
                    "❌ Failed: (the sandbox died|lost contact with the sandbox): .* 1 file changed",
                    within: .seconds(90))
                try await expectWork(daemon)
                #expect(await daemon.says("failed, sandbox removed"))
                try await expectNothingLeft(ground, daemon)
            }
        }
    }

    /// The containers go on, and what agents said meanwhile is read afterwards.
    @Test(arguments: [SIGTERM, SIGKILL])
    func anEngineThatKeepsItsContainersChangesNothing(_ signal: Int32) async throws {
        try await OwnEngine.with(["--live-restore"]) { engine in
            let undisturbed = try await chat(engine) {}
            let disturbed = try await chat(engine) {
                try await engine.end(signal)
                try await engine.start()
            }
            #expect(disturbed == undisturbed)
        }
    }

    /// What the chat says in the end of a task during which something happens thrice: while the agent speaks, waits for
    /// an answer, and is allowed something.
    private func chat(_ engine: OwnEngine, _ happens: () async throws -> Void) async throws -> [String] {
        var result: [String] = []
        try await engine.withGround { ground in
            try ground.installation.configureDocker(image: DockerGround.plain)
            let daemon = try ground.daemon()
            daemon.enter("/task slow make it friendlier")
            let session = try await daemon.expect(#"demo · `(\w{8})`"#)[0]
            try await daemon.expect("I will")
            try await happens()
            try await daemon.expect("Which greeting")
            try await happens()
            try await daemon.press("Brief")
            try await daemon.expect("May it. `Create README.md`")
            try await daemon.press("Allow once")
            try await happens()
            try await daemon.expect("May it. `Create scripts/check-welcome.sh`")
            try await daemon.press("Always allow")
            try await daemon.expect("May it. `sh scripts/check-welcome.sh`")
            try await daemon.press("Allow once")
            try await daemon.expect("completed, sandbox removed", within: .seconds(60))
            try await expectNothingLeft(ground, daemon)
            result = try ground.installation.chat(without: [session, ground.installation.path])
        }
        return result
    }

    // MARK: It stays away

    @Test func anEngineThatStaysAwayIsSaidAndACancelledTaskEndsWithoutIt() async throws {
        try await OwnEngine.with { engine in
            try await engine.withGround { ground in
                let (daemon, session) = try await begin(ground)
                try await engine.end(SIGKILL)
                daemon.enter("/cancel")
                #expect(await daemon.says("cannot be reached now, and it is tried again: .*the Docker Engine at"))
                // Its work exists nowhere else, so that it takes a second word to give it up.
                #expect(try await ground.installation.show(session).summary.isLive)
                daemon.enter("/cancel")
                try await daemon.expect("⏹ Cancelled: by ")
                try await daemon.expect("The workspace could not be saved: .* gave it up: .*the Docker Engine at")
                #expect(await daemon.says("cancelled, sandbox still being removed"))
                let orphans = try await ground.installation.run("anycodectl", "orphans")
                #expect(orphans.output.contains("cannot list what exists"), "\(orphans)")
                #expect(orphans.output.contains("its removal is not confirmed"), "\(orphans)")
                try await engine.start()
                try await ground.whenEmpty()
                try await expectNothingLeft(ground, daemon)
            }
        }
    }

    @Test func aTaskThatIsGivenWhileTheEngineIsAwayWaitsForIt() async throws {
        try await OwnEngine.with { engine in
            try await engine.withGround { ground in
                try ground.installation.configureDocker(image: DockerGround.plain)
                try await engine.end(SIGTERM)
                let daemon = try ground.daemon()
                daemon.enter("/task hello")
                try await daemon.expect("waiting for a sandbox: .*the Docker Engine at .* is not reachable")
                daemon.enter("/cancel")
                try await daemon.expect("⏹ Cancelled: by ")
                daemon.enter("/task again")
                try await daemon.expect("waiting for a sandbox: .*the Docker Engine at .* is not reachable")
                try await engine.start()
                try await daemon.expect("Which greeting")
                daemon.enter("/cancel")
                try await daemon.expect("cancelled, sandbox removed")
                try await ground.whenEmpty()
                try await expectNothingLeft(ground, daemon)
            }
        }
    }
}
