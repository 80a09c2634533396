import AnycodeJSON
import Foundation
import TestSupport

@testable import AnycodeRunner

/// A real runner that starts a stand-in for an agent's server as a program, and speaks to it over a real socket.
enum ServerBench {
    /// - Parameters:
    ///   - program: by whose name the stand-in is called.
    ///   - environment: what the stand-in reads besides.
    static func run(
        _ dialect: AgentDriver.Dialect, _ program: String, _ arguments: [String], agent: String = "claude",
        permissions: String? = nil, environment: [String: String] = [:],
        _ body: @escaping @Sendable (RunnerHarness) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory(prefix: "sv") { directory in
            let place = "\(directory.path)/\(program)"
            try FileManager.default.createSymbolicLink(
                atPath: place, withDestinationPath: RunnerHarness.productDirectory + "/fake-agent-servers")
            try FileManager.default.createDirectory(
                atPath: directory.path + "/home", withIntermediateDirectories: true)
            try await RunnerHarness.run(in: directory.path) { configuration in
                configuration.environment.merge(environment) { $1 }
            } _: { runner in
                var members: [JSON.Member] = [
                    .init("dialect", .string(dialect.rawValue)), .init("agent", .string(agent)),
                    .init("command", .array(([place] + arguments).map { .string($0) })),
                ]
                if let permissions { members.append(.init("permissions", .string(permissions))) }
                let definition = String(decoding: JSON.object(members).bytes, as: UTF8.self)
                let answer = try await runner.client.send("PUT", "/anycode/v1/agents/served/server", definition)
                guard answer.status == 204 else { throw TestClient.Failure(what: answer.text) }
                try await body(runner)
            }
        }
    }

    static func opencode(
        version: String = "1.18.18", base: String = "",
        _ body: @escaping @Sendable (RunnerHarness) async throws -> Void
    ) async throws {
        try await run(
            .opencode, "opencode", ["serve", "--hostname", "127.0.0.1", "--port", "0"],
            environment: ["FAKE_OPENCODE_VERSION": version, "FAKE_OPENCODE_BASE": base], body)
    }

    static func sandboxAgent(
        agent: String = "claude", _ body: @escaping @Sendable (RunnerHarness) async throws -> Void
    ) async throws {
        let command = ["server", "--host", "127.0.0.1", "--port", "{port}", "--token", "{token}"]
        try await run(.sandboxAgent, "sandbox-agent", command, agent: agent, body)
    }

    static func acpx(
        permissions: String? = nil, version: String = "0.3.1",
        _ body: @escaping @Sendable (RunnerHarness) async throws -> Void
    ) async throws {
        try await run(
            .acpx, "acpx", [], permissions: permissions, environment: ["FAKE_ACPX_VERSION": version], body)
    }
}

extension AgentTalk {
    static func served(_ runner: RunnerHarness, load: String? = nil, from id: Int64 = 0) async throws -> AgentTalk {
        try await begin("served", runner, load: load, from: id)
    }

    /// Why the agent could not be started.
    static func refusal(_ runner: RunnerHarness) async throws -> String {
        let request = #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}}"#
        let answer = try JSON(parsing: try await runner.post(request, agent: "served").body)
        return answer["error"]?.text("message") ?? ""
    }
}

extension AgentTalk.Turn {
    var failure: String? { answer["error"]?.text("message") }
}
