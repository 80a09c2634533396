import AnycodeCore
import Foundation
import HTTPTransport

@testable import AnycodeSandbox

/// A provider on the machine's real Docker Engine; leaves no container and no image.
struct EngineFixture: Sendable {
    let provider: DockerSandboxProvider
    let http: HTTPClient
    let image: String

    var engine: Engine { provider.engine }

    /// Beside the tests, or where `ANYCODE_RUNNER` says.
    private static var runner: String? {
        let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let candidates = [ProcessInfo.processInfo.environment["ANYCODE_RUNNER"], "\(beside)/anycode-runner"]
        return candidates.compactMap(\.self).first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs `body` where an Engine answers and the runner is built; logs why when that cannot be here.
    static func with(
        tag: String = "plain", changes: [String] = [],
        _ adjust: (inout DockerSandboxProvider.Configuration) -> Void = { _ in },
        _ body: (EngineFixture) async throws -> Void
    ) async throws {
        let http = try HTTPClient()
        let result = await Result { try await run(http, tag, changes, adjust, body) }
        await http.shutdown()
        try result.get()
    }

    private static func run(
        _ http: HTTPClient, _ tag: String, _ changes: [String],
        _ adjust: (inout DockerSandboxProvider.Configuration) -> Void, _ body: (EngineFixture) async throws -> Void
    ) async throws {
        let host = try DockerHost(environment: ProcessInfo.processInfo.environment)
        let engine = Engine(host: host, http: http)
        do throws(EngineError) {
            try await engine.send(EngineCall(.get, "/_ping"))
        } catch {
            return SandboxFixture.skip("Docker sandbox: no Engine answers: \(error.text)")
        }
        guard let runner else { return SandboxFixture.skip("Docker sandbox: anycode-runner is not built") }
        let image = try await TestImage.shared.take(engine, runner: runner, tag: tag, changes: changes)
        var configuration = DockerSandboxProvider.Configuration(
            instance: InstanceID("test-\(UInt32.random(in: .min ... .max))"), host: host, image: image,
            runner: .automatic(path: runner), ports: nil, network: .own(name: TestImage.shared.name))
        adjust(&configuration)
        let fixture = EngineFixture(
            provider: DockerSandboxProvider(configuration, http: http), http: http, image: image)
        let result = await Result { try await body(fixture) }
        try await fixture.finish()
        await TestImage.shared.leave(image, engine)
        try result.get()
    }

    func spec(localRepository: String? = nil) -> SandboxSpec {
        let template = SandboxFixture.spec(String(repeating: "0123456789abcdef", count: 4))
        return SandboxSpec(
            lease: template.lease, instance: provider.configuration.instance, session: SessionID("session"),
            agent: AgentName("claude-code"), token: template.token, localRepository: localRepository)
    }

    /// Another provider on the same containers, as after a restart of the daemon.
    func restarted() -> DockerSandboxProvider { DockerSandboxProvider(provider.configuration, http: http) }

    func acquire(_ spec: SandboxSpec) async throws -> any SandboxLease {
        try await provider.acquire(spec) { _ in }
    }

    /// Why a sandbox cannot be had; checks that nothing is left of it.
    func refusal() async throws -> SandboxError {
        let spec = spec()
        do {
            _ = try await acquire(spec)
        } catch let error as SandboxError {
            let name = try ContainerPlan.name(of: spec.lease)
            if try await engine.container(name) != nil { throw SandboxError(.failed, "it left a container") }
            return error
        }
        throw SandboxError(.failed, "it succeeded")
    }

    /// What a command prints inside, both streams, and its exit code.
    func run(_ spec: SandboxSpec, _ command: String) async throws -> (output: String, error: String, code: Int) {
        var output: [UInt8] = []
        var error: [UInt8] = []
        let code = try await provider.exec(spec.lease, ["/bin/sh", "-c", command]).run { part in
            switch part {
            case .standardOutput(let bytes): output += bytes
            case .standardError(let bytes): error += bytes
            }
        }
        return (String(decoding: output, as: UTF8.self), String(decoding: error, as: UTF8.self), code)
    }

    func kill(_ spec: SandboxSpec, signal: String = "KILL") async throws {
        try await engine.send(EngineCall(.post, "/containers/anycode-\(spec.lease)/kill", ["signal": signal]))
    }

    private func finish() async throws {
        for record in try await provider.list() { try await provider.destroy(record.lease) }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
