import Hummingbird

/// Health, the known agents and what they get.
struct AgentRoutes: Sendable {
    let servers: AgentServers
    /// Makes a file without a name.
    let temporaryFile: @Sendable () throws(RunnerError) -> OpenFile

    func health() async throws -> Response {
        struct Server: Encodable {
            private enum CodingKeys: String, CodingKey {
                case serverID = "server_id", agent, running, lastEvent = "last_event_id"
            }

            var serverID: String
            var agent: String
            var running: Bool
            var lastEvent: UInt64
        }
        struct Health: Encodable {
            private enum CodingKeys: String, CodingKey {
                case status, version, `protocol`, logID = "log_id", servers
            }

            var status = "ok"
            var version = Runner.version
            var `protocol` = 1
            var logID: String
            var servers: [Server] = []
        }
        var health = Health(logID: servers.logID)
        for server in await servers.all() {
            health.servers.append(
                Server(
                    serverID: server.identity.serverID, agent: server.identity.agent, running: await server.isRunning,
                    lastEvent: server.log.lastEvent))
        }
        return try .json(health)
    }

    func list() async throws -> Response {
        try .json(["agents": await servers.agents().map(Info.init)])
    }

    func show(_ name: String) async throws -> Response {
        guard let status = await servers.agent(name) else {
            throw RunnerError(.unknownAgent, "There is no agent “\(name)”.")
        }
        return try .json(Info(status))
    }

    func setEnvironment(_ request: Request) async throws -> Response {
        struct Body: Decodable { var variables: [String: String] }
        try await servers.setSessionEnvironment(try await request.json(Body.self).variables)
        return .done
    }

    /// The agent's own record of a conversation; an empty answer when it keeps none that is known.
    func packedState(_ request: Request, name: String) async throws -> Response {
        guard let state = try await state(request, name) else { return .done }
        let file = try temporaryFile()
        guard let size = try state.pack(into: file) else { return .done }
        return .file(file, size: size)
    }

    func unpackState(_ request: Request, name: String) async throws -> Response {
        guard let state = try await state(request, name) else {
            throw RunnerError(.conflict, "“\(name)” keeps its conversations in a way that is not known here.")
        }
        let file = try temporaryFile()
        var size = 0
        for try await buffer in request.body {
            guard size + buffer.readableBytes <= AgentState.limit else {
                throw RunnerError(.tooLarge, "A conversation may have \(AgentState.limit) bytes.")
            }
            try file.write(Array(buffer.readableBytesView), at: size)
            size += buffer.readableBytes
        }
        try state.unpack(file)
        return .done
    }

    private func state(_ request: Request, _ name: String) async throws -> AgentState? {
        guard let session = request.query("session") else {
            throw RunnerError(.invalid, "The query parameter “session” is missing.")
        }
        return try await servers.state(of: name, session: session)
    }

    /// Makes an agent known that is reached through a program before it: a server, or acpx.
    func defineServer(_ request: Request, name: String) async throws -> Response {
        struct Body: Decodable {
            var dialect: String
            var command: [String]
            var agent: String
            var permissions: String?
        }
        let body = try await request.json(Body.self)
        guard let dialect = AgentDriver.Dialect(rawValue: body.dialect) else {
            let known = AgentDriver.Dialect.allCases.map(\.rawValue).joined(separator: ", ")
            throw RunnerError(.invalid, "The dialect “\(body.dialect)” is not known here.", hint: "Known: \(known).")
        }
        let permissions = body.permissions ?? AgentDriver.policies[0]
        guard AgentDriver.policies.contains(permissions) else {
            throw RunnerError(.invalid, "acpx has no policy “\(permissions)”.")
        }
        guard !body.agent.isEmpty, !body.agent.hasPrefix("-") else {
            throw RunnerError(.invalid, "“\(body.agent)” is no name of an agent.")
        }
        let driver = AgentDriver(dialect, agent: body.agent, permissions: permissions)
        try await servers.define(name, command: body.command, environment: [:], driver: driver)
        return .done
    }

    func define(_ request: Request, name: String) async throws -> Response {
        struct Body: Decodable {
            var command: [String]
            var env: [String: String]?
        }
        let body = try await request.json(Body.self)
        try await servers.define(name, command: body.command, environment: body.env ?? [:])
        return .done
    }
}

extension AgentRoutes {
    /// `AgentInfo` of sandbox-agent, and the command.
    private struct Info: Encodable {
        /// What an agent can do is known from its own `initialize` answer; these are what ACP offers.
        struct Capabilities: Encodable {
            var planMode = true, permissions = true, questions = true, toolCalls = true, toolResults = true
            var textMessages = true, images = true, fileAttachments = true, sessionLifecycle = true, errorEvents = true
            var reasoning = true, status = true, commandExecution = true, fileChanges = true, mcpTools = true
            var streamingDeltas = true, itemStarted = true, sharedProcess = false
        }

        var id: String
        var installed: Bool
        var credentialsAvailable = true
        var capabilities = Capabilities()
        var path: String?
        var command: [String]
        var configError: String?

        init(_ status: AgentServers.AgentStatus) {
            id = status.id
            installed = status.executable != nil
            path = status.executable
            command = status.command
            configError = status.problem?.description
        }
    }
}
