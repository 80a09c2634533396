package import AnycodeCore
import HTTPTransport

/// A command that runs in a sandbox beside the runner.
///
/// Letting go of it ends the reading, not the command: the Engine has no call that ends one. It has no standard input.
package struct DockerExec: Sendable {
    package enum Output: Hashable, Sendable {
        case standardOutput([UInt8])
        case standardError([UInt8])
    }

    private let id: String
    private let engine: Engine
    private let body: HTTPBody

    init(id: String, engine: Engine, body: HTTPBody) {
        self.id = id
        self.engine = engine
        self.body = body
    }

    /// Hands on what the command writes, as it arrives, and returns its exit code.
    ///
    /// While `receive` is busy, the command waits when it has filled the buffers between.
    package func run(_ receive: (Output) async -> Void) async throws(SandboxError) -> Int {
        do throws(EngineError) {
            var frames = OutputFrames()
            while let bytes = try await next() {
                for part in try frames.receive(bytes) {
                    switch part.stream {
                    case .standardError: await receive(.standardError(part.bytes))
                    case .standardOutput, .standardInput: await receive(.standardOutput(part.bytes))
                    }
                }
            }
            return try await exitCode(wasCutOff: !frames.isBetweenFrames)
        } catch {
            throw SandboxError(error, doing: "running a command in the sandbox", host: engine.host)
        }
    }

    private func next() async throws(EngineError) -> [UInt8]? {
        do throws(HTTPError) {
            return try await body.next()
        } catch {
            throw .transport(error)
        }
    }

    private func exitCode(wasCutOff: Bool) async throws(EngineError) -> Int {
        struct Details: Decodable {
            let isRunning: Bool
            let exitCode: Int?
            enum CodingKeys: String, CodingKey {
                case isRunning = "Running"
                case exitCode = "ExitCode"
            }
        }
        let details = try await engine.get(Details.self, EngineCall(.get, "/exec/\(id)/json"))
        guard !details.isRunning, !wasCutOff, let code = details.exitCode else {
            throw .malformed("the command's output ended before the command")
        }
        return code
    }
}

extension DockerSandboxProvider {
    /// Starts a command in a running sandbox, as the container's user.
    /// - Parameter environment: In addition to the container's own. The Engine's owner can read it.
    package func exec(
        _ lease: LeaseID, _ command: [String], environment: [String: String] = [:],
        workingDirectory: String = "\(ContainerPlan.workspace)/repo"
    ) async throws(SandboxError) -> DockerExec {
        struct Request: Encodable {
            let command: [String]
            let environment: [String]
            let workingDirectory: String
            let attachOutput = true
            let attachError = true

            enum CodingKeys: String, CodingKey {
                case command = "Cmd"
                case environment = "Env"
                case workingDirectory = "WorkingDir"
                case attachOutput = "AttachStdout"
                case attachError = "AttachStderr"
            }
        }
        struct Start: Encodable {
            let detach = false
            let terminal = false

            enum CodingKeys: String, CodingKey {
                case detach = "Detach"
                case terminal = "Tty"
            }
        }
        struct Created: Decodable {
            let id: String
            enum CodingKeys: String, CodingKey { case id = "Id" }
        }
        guard let container = try await own(try ContainerPlan.name(of: lease)), container.state.isRunning else {
            throw SandboxError(.failed, "the sandbox does not run")
        }
        // The runner's token is in the container's environment and must not be in that of others.
        let variables = environment.map { "\($0.key)=\($0.value)" }.sorted() + ["ANYCODE_RUNNER_TOKEN="]
        return try await calling("running a command in the sandbox") { () throws(EngineError) in
            var create = EngineCall(.post, "/containers/\(container.id)/exec")
            create.body = .bytes(
                try Engine.encode(
                    Request(command: command, environment: variables, workingDirectory: workingDirectory)))
            let id = try await self.engine.get(Created.self, create).id
            var start = EngineCall(.post, "/exec/\(id)/start")
            start.body = .bytes(try Engine.encode(Start()))
            start.timeout = nil
            return DockerExec(id: id, engine: self.engine, body: try await self.engine.stream(start).body)
        }
    }
}
