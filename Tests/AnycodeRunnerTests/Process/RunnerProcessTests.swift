import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// `anycode-runner` as a program: its secrets, its signals, its end.
@Suite struct RunnerProcessTests {
    private struct Program {
        let folder: String
        let pid: pid_t

        var client: TestClient { TestClient(socket: folder + "/s", token: "t0ken") }
        var harness: RunnerHarness { RunnerHarness(folder: folder, client: client) }

        /// Starts the program; returns when it says that it serves.
        static func start(_ folder: String, _ arguments: [String] = [], token: String? = "t0ken") async throws
            -> Program
        {
            let words = try makePipe()
            defer { close(words.read) }
            let null = try OpenFile.open("/dev/null", O_RDWR)
            var environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
            environment["ANYCODE_RUNNER_TOKEN"] = token
            let serve = [
                "serve", "--listen", "unix:\(folder)/s", "--state-dir", "\(folder)/state", "--workspace",
                "\(folder)/work",
            ]
            let pid = try ProcessSpawn(
                executable: RunnerHarness.productDirectory + "/anycode-runner", arguments: serve + arguments,
                environment: environment, directory: folder,
                standardStreams: (null.descriptor, null.descriptor, words.write)
            ).start()
            close(words.write)
            let count = await withCheckedContinuation { continuation in
                AnycodeRunner.Thread.detach {
                    var buffer = [UInt8](repeating: 0, count: 512)
                    continuation.resume(returning: read(words.read, &buffer, buffer.count))
                }
            }
            guard count > 0 else { throw TestClient.Failure(what: "nothing said") }
            return Program(folder: folder, pid: pid)
        }

        func end(_ signal: Int32) async -> ProcessExit {
            kill(pid, signal)
            return await withCheckedContinuation { continuation in
                AnycodeRunner.Thread.detach { [pid] in continuation.resume(returning: Children.collect(pid)) }
            }
        }
    }

    @Test func aPoliteEndIsCleanAndTakesTheAgentsAlong() async throws {
        try await withTemporaryDirectory(prefix: "p") { directory in
            let program = try await Program.start(directory.path)
            try await program.harness.defineShellAgent()
            let family = try await program.harness.post(#"{"id":1,"method":"family"}"#).text
            #expect(await program.end(SIGTERM) == ProcessExit(code: 0))
            expectGone(family)
            #expect(!FileManager.default.fileExists(atPath: directory.path + "/s"))
        }
    }

    @Test func hangUpsAreIgnored() async throws {
        try await withTemporaryDirectory(prefix: "p") { directory in
            let program = try await Program.start(directory.path)
            kill(program.pid, SIGHUP)
            #expect(try await program.client.send("GET", "/v1/health").status == 200)
            #expect(await program.end(SIGINT) == ProcessExit(code: 0))
        }
    }

    @Test func afterAKillTheLogGoesOnAndLeftoversEnd() async throws {
        try await withTemporaryDirectory(prefix: "p") { directory in
            let first = try await Program.start(directory.path)
            try await first.harness.defineShellAgent()
            let family = try await first.harness.post(#"{"id":1,"method":"family"}"#).text
            let open = try await first.harness.post(#"{"id":2,"method":"quiet"}"#, headers: ["Prefer": "respond-async"])
            #expect(open.status == 202)
            #expect(await first.end(SIGKILL) == ProcessExit(signal: 9))

            // It also takes the place of the socket that the first one left.
            let second = try await Program.start(directory.path)
            expectGone(family)
            let events = try await second.client.events("s", after: 1) { try await $0.collect { $0.id == 3 } }
            #expect(events[0].data.contains("_adapter/agent_exited"))
            #expect(events[1].data.contains(#""id":2,"error""#))
            #expect(try await second.harness.post(#"{"id":1,"method":"family"}"#).text == family)
            #expect(await second.end(SIGTERM) == ProcessExit(code: 0))
        }
    }

    @Test func withoutATokenItRefusesToStart() async throws {
        try await withTemporaryDirectory(prefix: "p") { directory in
            let program = try await Program.start(directory.path, token: nil)
            #expect(await program.end(0) == ProcessExit(code: 64))
            let open = try await Program.start(directory.path, ["--no-token"], token: nil)
            #expect(
                try await TestClient(socket: directory.path + "/s", token: nil).send("GET", "/v1/health").status == 200)
            #expect(await open.end(SIGTERM) == ProcessExit(code: 0))
        }
    }

    @Test func orphansOfTheAgentAreCollected() async throws {
        try await withTemporaryDirectory(prefix: "p") { directory in
            let program = try await Program.start(directory.path)
            try await program.harness.defineShellAgent()
            let text = try await program.harness.post(#"{"id":1,"method":"family"}"#).text
            let orphan = try #require(text.split { !$0.isNumber }.compactMap { Int32($0) }.last)
            #expect(ProcessTable.entry(orphan)?.parent == program.pid)
            #expect(try await program.client.send("DELETE", "/v1/acp/s").status == 204)
            #expect(ProcessTable.read().filter { $0.parent == program.pid && !$0.isZombie }.isEmpty)
            #expect(await program.end(SIGTERM) == ProcessExit(code: 0))
        }
    }

    private func expectGone(_ text: String) {
        for pid in text.split(whereSeparator: { !$0.isNumber }).compactMap({ Int32($0) }).filter({ $0 > 2 }) {
            #expect(ProcessTable.entry(pid)?.isZombie ?? true)
        }
    }
}
