import Foundation
import TestSupport

@testable import AnycodeRunner

/// A running runner in a folder of its own, served over a real Unix socket.
struct RunnerHarness: Sendable {
    let folder: String
    let client: TestClient

    static let token = "t0ken"

    var workspace: String { folder + "/work" }
    var state: String { folder + "/state" }

    /// Runs a runner for as long as `body`; what is below `folder` stays for the next one.
    @discardableResult
    static func run<Value: Sendable>(
        in folder: String, _ configure: (inout RunnerConfiguration) -> Void = { _ in },
        _ body: @Sendable (RunnerHarness) async throws -> Value
    ) async throws -> Value {
        var configuration = RunnerConfiguration(
            listen: .unix(folder + "/s"), stateDirectory: folder + "/state", workspace: folder + "/work",
            home: folder + "/home", token: AccessToken(token),
            environment: [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "ANYCODE_RUNNER_TOKEN": token,
                "ANYCODE_DEMO_PACE_MS": "0",
            ])
        configuration.grace = .milliseconds(500)
        configuration.ownDirectory = productDirectory
        configure(&configuration)
        let runner = try Runner(configuration)
        let (stop, stopper) = AsyncStream.makeStream(of: Void.self)
        let (ready, announcer) = AsyncStream.makeStream(of: ListenAddress.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { announcer.finish() }
                try await runner.run(stop: stop) { announcer.yield($0) }
            }
            for await _ in ready { break }
            let harness = RunnerHarness(folder: folder, client: TestClient(socket: folder + "/s", token: token))
            let result: Result<Value, any Error>
            do { result = .success(try await body(harness)) } catch { result = .failure(error) }
            stopper.yield()
            try await group.waitForAll()
            return try result.get()
        }
    }

    /// The same in a temporary folder.
    @discardableResult
    static func run<Value: Sendable>(
        _ configure: (inout RunnerConfiguration) -> Void = { _ in },
        _ body: @Sendable (RunnerHarness) async throws -> Value
    ) async throws -> Value {
        try await withTemporaryDirectory(prefix: "r") { directory in
            try await run(in: directory.path, configure, body)
        }
    }

    /// Where this package's programs were built.
    static var productDirectory: String {
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return program.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    /// Defines the agent “shell” (see ``ShellAgent``).
    func defineShellAgent() async throws {
        let path = folder + "/agent.sh"
        try Data(ShellAgent.script.utf8).write(to: URL(filePath: path))
        let answer = try await client.send(
            "PUT", "/anycode/v1/agents/shell",
            #"{"command":["/bin/sh","\#(path)"],"env":{"AGENT_LOG":"\#(folder)/heard"}}"#)
        precondition(answer.status == 204)
    }

    func post(_ message: String, server: String = "s", agent: String = "shell", headers: [String: String] = [:])
        async throws -> TestClient.Answer
    {
        try await client.send("POST", "/v1/acp/\(server)?agent=\(agent)", message, headers: headers)
    }

    /// What the shell agent was given, line by line.
    var heard: [String] {
        let data = (try? Data(contentsOf: URL(filePath: folder + "/heard"))) ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
