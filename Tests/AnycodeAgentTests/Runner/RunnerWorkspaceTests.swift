import AnycodeCore
import AnycodeJSON
import Synchronization
import Testing

@testable import AnycodeAgent

struct RunnerWorkspaceTests {
    @Test(arguments: [false, true])
    func tellsHealth(unix: Bool) async throws {
        let runner = try FakeRunner(unix: unix)
        try await withRunner(runner) { client, workspace in
            #expect(
                try await workspace.health() == RunnerHealth(version: "9.9", logID: "log1", agentIsRunning: false))
            try await client.send(.initialize(.number(0)))
            let health = try await workspace.health()
            #expect(health.agentIsRunning)
        }
    }

    @Test func setsEnvironmentAndAgents() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { _, workspace in
            try await workspace.setEnvironment(["KEY": Secret("v\"1"), "B": Secret("")])
            try await workspace.defineAgent(
                AgentName("my agent"), command: ["/bin/agent", "--acp"], environment: ["X": "1"])
            #expect(runner.state.withLock { $0.environment } == ["KEY": "v\"1", "B": ""])
            #expect(runner.state.withLock { $0.agents } == ["my agent": ["/bin/agent", "--acp"]])
        }
    }

    @Test func preparesWithProgress() async throws {
        let runner = try FakeRunner(prepare: { source in
            source == .null
                ? [["done": ["base": "b0", "branch": .null, "path": "/w"]]]
                : [
                    ["progress": "Receiving objects: 10 %"], ["progress": "grün"], ["news": 1],
                    ["done": ["base": "b1", "branch": "main", "path": "/w/repo"]],
                ]
        })
        try await withRunner(runner) { _, workspace in
            let seen = Mutex<[String]>([])
            let prepared = try await workspace.prepare(
                WorkspaceSource(url: "https://h/o/r", branch: "main", pull: 12),
                credentials: RepositoryCredentials(username: "u", password: Secret("p"))
            ) { text in seen.withLock { $0.append(text) } }
            #expect(prepared == PreparedWorkspace(base: "b1", branch: "main", path: "/w/repo"))
            #expect(seen.withLock { $0 } == ["Receiving objects: 10 %", "grün"])
            let empty = try await workspace.prepare(nil, credentials: nil) { _ in }
            #expect(empty == PreparedWorkspace(base: "b0", branch: nil, path: "/w"))
            _ = try await workspace.prepare(WorkspaceSource(url: "/r", commit: "c0"), credentials: nil) { _ in }
            #expect(
                runner.state.withLock { $0.prepareBodies } == [
                    [
                        "source": [
                            "url": "https://h/o/r", "branch": "main", "pull": 12, "depth": .null,
                            "credentials": ["username": "u", "password": "p"],
                        ]
                    ], ["source": .null],
                    [
                        "source": [
                            "url": "/r", "branch": .null, "pull": .null, "commit": "c0", "depth": .null,
                            "credentials": .null,
                        ]
                    ],
                ])
        }
    }

    @Test(arguments: [
        ("authentication", AgentError.Code.repositoryDenied), ("notFound", .repositoryNotFound),
        ("network", .unreachable),
        ("disk", .failed), ("invalid", .failed), ("internal", .failed),
    ])
    func tellsWhyPreparingFailed(code: String, expected: AgentError.Code) async throws {
        let runner = try FakeRunner(prepare: { _ in [["error": ["code": .string(code), "message": "No luck."]]] })
        try await withRunner(runner) { _, workspace in
            let error = await agentError { () async throws(AgentError) in
                try await workspace.prepare(nil, credentials: nil) { _ in }
            }
            #expect(error == AgentError(expected, "No luck"))
        }
    }

    @Test func anEndWithoutResultIsUnreachable() async throws {
        let runner = try FakeRunner(prepare: { _ in [["progress": "…"]] })
        try await withRunner(runner) { _, workspace in
            let error = await agentError { () async throws(AgentError) in
                try await workspace.prepare(nil, credentials: nil) { _ in }
            }
            #expect(error?.code == .unreachable)
        }
    }

    @Test func readsStatus() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { _, workspace in
            let status = try await workspace.status()
            #expect(
                status
                    == WorkspaceStatus(
                        base: "b1", branch: nil,
                        files: [
                            .init(path: "a b.txt", status: "added", added: 3, removed: 0),
                            .init(path: "x.png", status: "modified", added: nil, removed: nil),
                        ]))
        }
    }

    @Test func carriesPatchesUnchanged() async throws {
        let runner = try FakeRunner()
        let patch = Array("diff --git a/x b/x\n".utf8) + (0...255).map { UInt8($0) }
        runner.state.withLock { $0.patch = patch }
        try await withRunner(runner) { _, workspace in
            #expect(try await workspace.patch(limit: 1000) == patch)
            let error = await agentError { () async throws(AgentError) in try await workspace.patch(limit: 10) }
            #expect(error == AgentError(.tooLarge, "The patch has 275 bytes"))
            try await workspace.apply(patch: patch)
            #expect(runner.state.withLock { $0.applied } == [patch])
            let conflict = await agentError { () async throws(AgentError) in try await workspace.apply(patch: [1]) }
            #expect(conflict == AgentError(.conflict, "The patch does not apply"))
        }
    }

    @Test func emptyPatchIsClean() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { _, workspace in
            let patch = try await workspace.patch(limit: 1000)
            #expect(patch.isEmpty)
        }
    }

    @Test func readsAndWritesFiles() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { _, workspace in
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
            try await workspace.write(bytes, to: "dir/ü & b?.bin")
            #expect(try await workspace.read("dir/ü & b?.bin") == bytes)
            try await workspace.write([], to: "empty")
            #expect(try await workspace.read("empty") == [])
            let error = await agentError { () async throws(AgentError) in try await workspace.read("none") }
            #expect(error?.message == "There is no none")
        }
    }

    @Test func linesComeTogetherHoweverTheyAreCut() throws {
        var buffer = LineBuffer(limit: 10)
        #expect(try buffer.receive(Array("ab".utf8)).isEmpty)
        #expect(try buffer.receive(Array("c\n\nd".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["abc", ""])
        #expect(try buffer.receive([0x0A]).map { String(decoding: $0, as: UTF8.self) } == ["d"])
        #expect(throws: AgentError.self) { try buffer.receive([UInt8](repeating: 1, count: 11)) }
    }
}
