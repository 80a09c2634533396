package import AnycodeCore
import AnycodeJSON
import HTTPTransport

/// The repository, files and environment beside the agent, through the runner's own routes.
package struct RunnerWorkspace: Workspace {
    private let endpoint: RunnerEndpoint

    init(_ endpoint: RunnerEndpoint) {
        self.endpoint = endpoint
    }

    package func health() async throws(AgentError) -> RunnerHealth {
        let health = try json(try await endpoint.send(endpoint.request(.get, "/v1/health", total: .seconds(10))))
        guard health.text("status") == "ok" else {
            throw AgentError(
                .protocolViolation, "The health answer is not a runner's", hint: "Check what listens there.")
        }
        let server = health["servers"]?.array?.first { $0.text("server_id") == ACPClient.serverID }
        return RunnerHealth(
            version: health.text("version") ?? "", logID: health.text("log_id") ?? "",
            agentIsRunning: server?["running"]?.bool ?? false,
            protocolNumber: health["protocol"]?.integer.flatMap { Int(exactly: $0) } ?? 1)
    }

    package func setEnvironment(_ variables: [String: Secret]) async throws(AgentError) {
        let members = variables.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value.reveal())) }
        do {
            try await endpoint.send(
                endpoint.request(.put, "/anycode/v1/environment", json: ["variables": .object(members)]))
        } catch {
            // An older runner that takes no environment does as well where there is none.
            guard error.code == .unsupported, variables.isEmpty else { throw error }
        }
    }

    package func defineAgent(
        _ agent: AgentName, command: [String], environment: [String: String]
    ) async throws(AgentError) {
        let members = environment.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
        try await endpoint.send(
            endpoint.request(
                .put, "/anycode/v1/agents/\(RunnerEndpoint.encoded(agent.rawValue))",
                json: ["command": .array(command.map { .string($0) }), "env": .object(members)]))
    }

    package func defineServer(_ agent: AgentName, _ server: AgentServer) async throws(AgentError) {
        let permissions = server.permissions.map { [JSON.Member("permissions", .string($0))] } ?? []
        let body: [JSON.Member] = [
            .init("dialect", .string(server.dialect.rawValue)),
            .init("command", .array(server.command.map { .string($0) })), .init("agent", .string(server.agent)),
        ]
        try await endpoint.send(
            endpoint.request(
                .put, "/anycode/v1/agents/\(RunnerEndpoint.encoded(agent.rawValue))/server",
                json: .object(body + permissions)))
    }

    package func prepare(
        _ source: WorkspaceSource?, credentials: RepositoryCredentials?,
        progress: @escaping @Sendable (String) -> Void
    ) async throws(AgentError) -> PreparedWorkspace {
        var request = endpoint.request(
            .post, "/anycode/v1/workspace/prepare", headers: [HTTPHeader("Accept", "application/x-ndjson")],
            json: ["source": Self.json(source, credentials)], total: nil)
        request.timeouts.idle = .seconds(900)
        request.limits.bodyBytes = 64 * 1024 * 1024
        let stream = try await endpoint.stream(request)
        try await endpoint.check(stream, isOwnRoute: true)
        var lines = LineBuffer(limit: 64 * 1024)
        while true {
            let bytes = try await RunnerProblem.translated { () throws(HTTPError) in try await stream.body.next() }
            for line in try lines.receive(bytes ?? [0x0A]) where !line.isEmpty {
                if let done = try Self.step(line, progress) { return done }
            }
            if bytes == nil {
                throw AgentError(.unreachable, "The runner stopped before the workspace was ready")
            }
        }
    }

    package func status() async throws(AgentError) -> WorkspaceStatus {
        let status = try json(
            try await endpoint.send(endpoint.request(.get, "/anycode/v1/workspace/status", total: .seconds(120))))
        guard let base = status.text("base"), let files = status["files"]?.array else {
            throw AgentError(.protocolViolation, "The workspace status is not understood")
        }
        return WorkspaceStatus(base: base, branch: status.text("branch"), files: files.compactMap(Self.file))
    }

    package func patch(limit: Int) async throws(AgentError) -> [UInt8] {
        var request = endpoint.request(
            .get, "/anycode/v1/workspace/patch", query: [("limit", String(limit))], total: .seconds(300))
        // A refusal must fit as well.
        request.limits.bodyBytes = max(limit, 64 * 1024)
        let patch = try await endpoint.send(request).body
        guard patch.count <= limit else { throw AgentError(.tooLarge, "The patch has \(patch.count) bytes") }
        return patch
    }

    package func apply(patch: [UInt8]) async throws(AgentError) {
        try await endpoint.send(
            endpoint.request(
                .post, "/anycode/v1/workspace/apply", headers: [HTTPHeader("Content-Type", "application/octet-stream")],
                body: .bytes(patch), total: .seconds(300)))
    }

    package func publish(
        branch: String, message: String, over known: String?, credentials: RepositoryCredentials?
    ) async throws(AgentError) -> String {
        let answer = try await endpoint.send(
            endpoint.request(
                .post, "/anycode/v1/workspace/publish",
                json: [
                    "branch": .string(branch), "message": .string(message), "over": known.map { .string($0) } ?? .null,
                    "credentials": Self.login(credentials),
                ], total: .seconds(600)))
        guard let commit = (try? JSON(parsing: answer.body))?.text("commit") else {
            throw AgentError(.protocolViolation, "The runner did not say what it pushed")
        }
        return commit
    }

    package func write(_ bytes: [UInt8], to path: String) async throws(AgentError) {
        try await endpoint.send(
            endpoint.request(
                .put, "/v1/fs/file", query: [("path", path)],
                headers: [HTTPHeader("Content-Type", "application/octet-stream")], body: .bytes(bytes),
                total: .seconds(300)))
    }

    package func read(_ path: String) async throws(AgentError) -> [UInt8] {
        var request = endpoint.request(.get, "/v1/fs/file", query: [("path", path)], total: .seconds(300))
        request.limits.bodyBytes = 64 * 1024 * 1024
        return try await endpoint.send(request).body
    }
}

// MARK: - The agent's own

extension RunnerWorkspace {
    package func place(_ bytes: [UInt8], inHome path: String) async throws(AgentError) {
        let headers = [HTTPHeader("Content-Type", "application/octet-stream"), HTTPHeader("If-None-Match", "*")]
        try await endpoint.send(
            endpoint.request(
                .put, "/v1/fs/file", query: [("path", "~/" + path)], headers: headers, body: .bytes(bytes)))
    }

    package func settings(for agent: AgentName) async throws(AgentError) -> RepositorySettings? {
        let answer = try await endpoint.send(
            endpoint.request(
                .get, "/anycode/v1/workspace/settings", query: [("agent", agent.rawValue)], total: .seconds(60)))
        guard !answer.body.isEmpty else { return nil }
        let settings = try json(answer)
        guard let id = settings.text("id"), let wishes = settings["wishes"]?.array?.compactMap(\.text) else {
            throw AgentError(.protocolViolation, "The repository's settings are not understood")
        }
        return RepositorySettings(
            id: id, wishes: wishes.prefix(ACPLimits.items).map { ACPLimits.shorten($0, to: ACPLimits.message) })
    }

    package func agentState(_ agent: AgentName, _ session: AgentSessionID) async throws(AgentError) -> [UInt8]? {
        var request = endpoint.request(
            .get, path(ofState: agent), query: [("session", session.rawValue)], total: .seconds(120))
        request.limits.bodyBytes = 65 << 20
        let packed = try await endpoint.send(request).body
        return packed.isEmpty ? nil : packed
    }

    package func restore(_ state: [UInt8], of agent: AgentName, _ session: AgentSessionID) async throws(AgentError) {
        try await endpoint.send(
            endpoint.request(
                .put, path(ofState: agent), query: [("session", session.rawValue)],
                headers: [HTTPHeader("Content-Type", "application/octet-stream")], body: .bytes(state),
                total: .seconds(120)))
    }

    private func path(ofState agent: AgentName) -> String {
        "/anycode/v1/agents/\(RunnerEndpoint.encoded(agent.rawValue))/state"
    }
}

// MARK: - Wire forms

extension RunnerWorkspace {
    private func json(_ response: HTTPResponse) throws(AgentError) -> JSON {
        guard let json = try? JSON(parsing: response.body), json.isObject else {
            throw AgentError(.protocolViolation, "The answer is not JSON", hint: "Check what listens there.")
        }
        return json
    }

    private static func login(_ credentials: RepositoryCredentials?) -> JSON {
        credentials.map { ["username": .string($0.username), "password": .string($0.password.reveal())] } ?? .null
    }

    private static func json(_ source: WorkspaceSource?, _ credentials: RepositoryCredentials?) -> JSON {
        guard let source else { return .null }
        let login = login(credentials)
        let commit = source.commit.map { [JSON.Member("commit", .string($0))] } ?? []
        return .object(
            [
                JSON.Member("url", .string(source.url)),
                JSON.Member("branch", source.branch.map { .string($0) } ?? .null),
                JSON.Member("pull", source.pull.map { .integer(Int64($0)) } ?? .null),
            ] + commit + [JSON.Member("depth", .null), JSON.Member("credentials", login)])
    }

    private static func step(
        _ line: [UInt8], _ progress: @Sendable (String) -> Void
    ) throws(AgentError) -> PreparedWorkspace? {
        guard let step = try? JSON(parsing: line) else {
            throw AgentError(.protocolViolation, "The preparation's progress is not understood")
        }
        if let error = step["error"] { throw RunnerProblem.preparation(error) }
        if let text = step.text("progress") { progress(ACPLimits.shorten(text, to: ACPLimits.title)) }
        guard let done = step["done"] else { return nil }
        guard let base = done.text("base"), let path = done.text("path") else {
            throw AgentError(.protocolViolation, "The preparation's result is not understood")
        }
        return PreparedWorkspace(base: base, branch: done.text("branch"), path: path)
    }

    private static func file(_ json: JSON) -> WorkspaceStatus.File? {
        guard let path = json.text("path") else { return nil }
        // Sums of them are made: a number nobody can have counted is none.
        func lines(_ key: String) -> Int? {
            json[key]?.integer.flatMap { (0...1_000_000_000).contains($0) ? Int($0) : nil }
        }
        return WorkspaceStatus.File(
            path: path, status: json.text("status") ?? "modified", added: lines("added"), removed: lines("removed"))
    }
}

/// Cuts bytes into lines, however they arrive.
struct LineBuffer {
    private let limit: Int
    private var rest: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    /// The lines that these bytes complete, without their line ends.
    mutating func receive(_ bytes: [UInt8]) throws(AgentError) -> [[UInt8]] {
        var parts = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        let last = parts.popLast() ?? []
        var lines: [[UInt8]] = []
        for part in parts {
            lines.append(rest + part)
            rest = []
        }
        rest += last
        guard rest.count <= limit else {
            throw AgentError(.protocolViolation, "The runner sent a line that is too long")
        }
        return lines
    }
}
