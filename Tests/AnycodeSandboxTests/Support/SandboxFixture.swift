import AnycodeCore
import Foundation
import Glibc

@testable import AnycodeSandbox

/// A sandbox directory of a test's own, with a provider; `finish` leaves no process and no file.
struct SandboxFixture: Sendable {
    let directory: String
    let provider: LocalSandboxProvider

    var base: String { "\(directory)/s" }

    init(_ adjust: (inout LocalSandboxProvider.Configuration) -> Void = { _ in }) throws {
        directory = "/tmp/anycode-test-\(UInt32.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: "\(directory)/bin", withIntermediateDirectories: true)
        let runner = try StandInRunner.install(in: "\(directory)/bin")
        var configuration = LocalSandboxProvider.Configuration(
            instance: InstanceID("test"), base: "\(directory)/s", runner: runner, network: .none,
            minimumFreeSpace: 0)
        adjust(&configuration)
        provider = LocalSandboxProvider(configuration)
    }

    /// Another provider on the same sandboxes, as after a restart of the daemon.
    func restarted() -> LocalSandboxProvider { LocalSandboxProvider(provider.configuration) }

    static func spec(
        _ token: String = "secret-token", agent: String = "demo", localRepository: String? = nil
    ) -> SandboxSpec {
        SandboxSpec(
            lease: LeaseID(UUID().uuidString.lowercased().filter { $0 != "-" }), instance: InstanceID("test"),
            session: SessionID("session"), agent: AgentName(agent), token: Secret(token),
            localRepository: localRepository)
    }

    func acquire(_ spec: SandboxSpec) async throws -> any SandboxLease {
        try await provider.acquire(spec) { _ in }
    }

    func finish() async throws {
        for record in try await provider.list() { try await provider.destroy(record.lease) }
        try FileManager.default.removeItem(atPath: directory)
    }

    /// Runs `body` with a fixture and cleans up after it, whatever happens; logs why when that cannot be here.
    static func with(
        _ adjust: (inout LocalSandboxProvider.Configuration) -> Void = { _ in },
        _ body: (SandboxFixture) async throws -> Void
    ) async throws {
        let fixture = try SandboxFixture(adjust)
        let surroundings = try await fixture.provider.surroundings()
        if let problem = surroundings.isolationProblem {
            skip("local sandbox: \(problem)")
            return try await fixture.finish()
        }
        let network = fixture.provider.configuration.network
        if network == .private, let problem = surroundings.networkProblem {
            skip("local sandbox, private network: \(problem)")
            return try await fixture.finish()
        }
        do {
            try await body(fixture)
        } catch {
            try await fixture.finish()
            throw error
        }
        try await fixture.finish()
    }

    static func skip(_ why: String) {
        guard let path = ProcessInfo.processInfo.environment["ANYCODE_SKIP_LOG"] else { return }
        guard let file = fopen(path, "a") else { return }
        fputs("SKIPPED: \(why)\n", file)
        fclose(file)
    }
}

extension SandboxLease {
    /// What a shell command prints inside.
    func run(_ command: String) async throws -> String {
        let endpoint = endpoint
        guard case .unixSocket(let path) = endpoint.address else { return "" }
        return try await BlockingWork.run { work throws(SandboxError) in
            do {
                return try Self.exchange(path, endpoint.token, command, work)
            } catch {
                throw SandboxError(.failed, "\(error)")
            }
        }
    }

    private static func exchange(
        _ path: String, _ token: Secret, _ command: String, _ work: BlockingWork
    ) throws -> String {
        guard let connection = RunnerHealthCheck.connection(to: path) else { throw SystemError("connect") }
        let request = "GET /run HTTP/1.1\r\nAuthorization: Bearer \(token.reveal())\r\nX-Command: \(command)\r\n\r\n"
        try connection.write(Array(request.utf8))
        var answer: [UInt8] = []
        while try work.wait(for: connection, until: .now + .seconds(20)) {
            guard let part = try? connection.read(), !part.isEmpty else { break }
            answer += part
        }
        let text = String(decoding: answer, as: UTF8.self)
        return text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? text
    }
}
