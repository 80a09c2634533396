import HTTPTypes
import Hummingbird
import NIOCore

/// Finds the handler of a request: a few fixed paths need no routing tree.
struct RunnerResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let token: AccessToken?
    let acp: ACPRoutes
    let agents: AgentRoutes
    let files: FileRoutes
    let workspace: WorkspaceRoutes

    func respond(to request: Request, context: Context) async throws -> Response {
        do {
            if let token, !token.matches(authorization: request.headers[.authorization]) {
                throw RunnerError(.unauthorized, "The bearer token is missing or wrong.")
            }
            return try await route(request)
        } catch let error as RunnerError {
            return Problem.response(error)
        } catch is NIOTooManyBytesError {
            return Problem.response(RunnerError(.tooLarge, "The request body is too large."))
        } catch let error as any HTTPResponseError {
            return Problem.response(status: error.status, type: "http", detail: error.status.reasonPhrase)
        } catch is CancellationError {
            return Problem.response(RunnerError(.busy, "The runner is shutting down."))
        }
    }

    private func route(_ request: Request) async throws -> Response {
        let path = request.uri.path.split(separator: "/").map { $0.percentDecoded ?? String($0) }
        switch path.first {
        case "v1": return try await surface(request, Array(path.dropFirst()))
        case "anycode" where path.dropFirst().first == "v1": return try await own(request, Array(path.dropFirst(2)))
        default: throw unknown(request)
        }
    }

    /// The surface shared with sandbox-agent 0.2.
    private func surface(_ request: Request, _ path: [String]) async throws -> Response {
        switch (request.method, path.first, path.count) {
        case (.get, "health", 1): return try await agents.health()
        case (.get, "agents", 1): return try await agents.list()
        case (.get, "agents", 2): return try await agents.show(path[1])
        case (.get, "acp", 1): return try await acp.list()
        case (.post, "acp", 2): return try await acp.post(request, server: path[1])
        case (.get, "acp", 2): return try await acp.stream(request, server: path[1])
        case (.delete, "acp", 2): return await acp.close(path[1])
        case (.get, "fs", 2) where path[1] == "file": return try await files.read(request)
        case (.put, "fs", 2) where path[1] == "file": return try await files.write(request)
        case (.get, "fs", 2) where path[1] == "stat": return try files.status(request)
        case (.get, "fs", 2) where path[1] == "entries": return try files.entries(request)
        default: throw unknown(request)
        }
    }

    /// What only this runner has.
    private func own(_ request: Request, _ path: [String]) async throws -> Response {
        switch (request.method, path.first, path.count) {
        case (.put, "environment", 1): return try await agents.setEnvironment(request)
        case (.put, "agents", 2): return try await agents.define(request, name: path[1])
        case (.get, "agents", 3) where path[2] == "state": return try await agents.packedState(request, name: path[1])
        case (.put, "agents", 3) where path[2] == "state": return try await agents.unpackState(request, name: path[1])
        case (.post, "acp", 3) where path[2] == "acknowledge":
            return try await acp.acknowledge(request, server: path[1])
        case (.post, "workspace", 2) where path[1] == "prepare": return try await workspace.prepare(request)
        case (.post, "workspace", 2) where path[1] == "apply": return try await workspace.apply(request)
        case (.post, "workspace", 2) where path[1] == "publish": return try await workspace.publish(request)
        case (.get, "workspace", 2) where path[1] == "settings": return try await workspace.settings(request)
        case (.get, "workspace", 2) where path[1] == "status": return try await workspace.status()
        case (.get, "workspace", 2) where path[1] == "patch": return try await workspace.patch(request)
        default: throw unknown(request)
        }
    }

    private func unknown(_ request: Request) -> RunnerError {
        RunnerError(.notFound, "There is no \(request.method.rawValue) \(request.uri.path) here.")
    }
}
