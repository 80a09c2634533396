import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// All ACP servers of this runner, by the ids that clients chose.
package actor AgentServers {
    struct Settings: Sendable {
        var stateDirectory: String
        var workspace: String
        var server = AgentServer.Settings()
        var process = AgentProcess.Limits()
        /// Each has a log of its own, with its own limit.
        var maximumServers = 16
    }

    /// One agent as `GET /v1/agents` shows it.
    struct AgentStatus: Sendable {
        var id: String
        var executable: String?
        var command: [String]
        var problem: RunnerError?
    }

    /// Changes only when the log was lost.
    nonisolated let logID: String
    private let settings: Settings
    private let jobs: Jobs
    private let group: any EventLoopGroup
    private var catalog: AgentCatalog
    private var environment: AgentEnvironment
    private var servers: [String: AgentServer] = [:]
    private var isClosing = false

    init(
        settings: Settings, catalog: AgentCatalog, environment: AgentEnvironment, jobs: Jobs, group: any EventLoopGroup
    )
        throws(RunnerError)
    {
        self.settings = settings
        self.catalog = catalog
        self.environment = environment
        self.jobs = jobs
        self.group = group
        try makeDirectory(settings.stateDirectory + "/servers")
        logID = try Self.loadLogID(settings.stateDirectory)
    }

    private static func loadLogID(_ directory: String) throws(RunnerError) -> String {
        let path = directory + "/log-id"
        if let known = readSmallFile(path).map({ String(decoding: $0, as: UTF8.self) }), known.utf8.count == 32 {
            return known
        }
        let fresh = (0..<16).map { _ in UInt8.random(in: 0...255) }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined()
        try replaceFile(path, with: Array(fresh.utf8))
        return fresh
    }

    /// Reads the logs of an earlier runner and ends agents it left behind.
    func recover() async throws {
        let root = settings.stateDirectory + "/servers"
        for name in directoryNames(root) {
            guard let bytes = readSmallFile("\(root)/\(name)/server.json"),
                let identity = try? JSONDecoder().decode(ServerIdentity.self, from: Data(bytes))
            else { continue }
            let server = try open(identity)
            if server.wasInterrupted {
                await ProcessTree(
                    root: nil, marker: "\(AgentEnvironment.markerName)=\(identity.marker)",
                    grace: settings.process.grace, clock: settings.server.clock
                ).end()
                try await server.settleInterruption()
            }
            servers[identity.serverID] = server
        }
    }

    func server(_ id: String) -> AgentServer? {
        servers[id]
    }

    /// The server of this id; made when there is none and the agent is named.
    func server(_ id: String, agent: String?) throws -> AgentServer {
        guard !isClosing else { throw RunnerError(.busy, "The runner is shutting down.") }
        if let server = servers[id] {
            guard agent == nil || agent == server.identity.agent else {
                throw RunnerError(.conflict, "“\(id)” is bound to the agent “\(server.identity.agent)”.")
            }
            return server
        }
        guard let agent else {
            throw RunnerError(.invalid, "The first message to “\(id)” needs the query parameter “agent”.")
        }
        guard !id.isEmpty, id.utf8.count <= 64 else { throw RunnerError(.invalid, "A server id has 1 to 64 bytes.") }
        guard servers.count < settings.maximumServers else {
            throw RunnerError(.busy, "There are already \(servers.count) servers in this sandbox.")
        }
        // A missing program is told before anything is written.
        _ = try catalog.resolve(agent, path: environment.path, directory: settings.workspace)
        let identity = ServerIdentity(
            serverID: id, agent: agent, createdAtMs: Int64(Date().timeIntervalSince1970 * 1000),
            marker: "\(logID).\(ServerIdentity.folder(id))")
        let server = try open(identity)
        try replaceFile(folder(identity) + "/server.json", with: Array(try JSONEncoder().encode(identity)))
        servers[id] = server
        return server
    }

    private func folder(_ identity: ServerIdentity) -> String {
        "\(settings.stateDirectory)/servers/\(ServerIdentity.folder(identity.serverID))"
    }

    private func open(_ identity: ServerIdentity) throws(RunnerError) -> AgentServer {
        try AgentServer(identity: identity, directory: folder(identity), settings: settings.server, jobs: jobs) {
            [weak self] agent, marker async throws(RunnerError) in
            guard let self else { throw RunnerError(.busy, "The runner is shutting down.") }
            return try await self.connect(agent, marker: marker)
        }
    }

    private func connect(_ agent: String, marker: String) throws(RunnerError) -> any AgentConnection {
        guard !isClosing else { throw RunnerError(.busy, "The runner is shutting down.") }
        let resolved = try catalog.resolve(agent, path: environment.path, directory: settings.workspace)
        try makeDirectory(settings.workspace)
        let launch = AgentLaunch(
            agent: agent, executable: resolved.executable, arguments: Array(resolved.command.dropFirst()),
            environment: resolved.defaults.merging(
                environment.variables(agent: resolved.environment, marker: marker)
            ) { $1 },
            directory: settings.workspace, marker: "\(AgentEnvironment.markerName)=\(marker)")
        let (limits, clock) = (settings.process, settings.server.clock)
        if let driver = resolved.driver {
            return try driver.connection(launch, limits: limits, group: group, clock: clock)
        }
        switch resolved.native {
        case .claudeCode: return ClaudeCodeConnection(launch, limits: limits, group: group, clock: clock)
        case .codex: return try CodexConnection(launch, limits: limits, group: group, clock: clock)
        case nil: return try ACPConnection(launch, limits: limits, group: group, clock: clock)
        }
    }

    /// All servers, by id.
    func all() -> [AgentServer] {
        servers.sorted { $0.key < $1.key }.map(\.value)
    }

    func close(_ id: String) async {
        await servers[id]?.close()
    }

    /// Ends all agents; no new one is started afterwards.
    func closeAll() async {
        isClosing = true
        await withDiscardingTaskGroup { group in
            for server in servers.values { group.addTask { await server.close() } }
        }
    }
}

// MARK: - Agents

extension AgentServers {
    func setSessionEnvironment(_ variables: [String: String]) throws(RunnerError) {
        for name in variables.keys where name.isEmpty || name.contains("=") || name.contains("\0") {
            throw RunnerError(.invalid, "“\(name)” is no name of an environment variable.")
        }
        environment.session = variables
    }

    /// - Parameter driver: for a program that stands before the agent.
    func define(
        _ agent: String, command: [String], environment: [String: String], driver: AgentDriver? = nil
    ) throws(RunnerError) {
        guard let program = command.first, !program.isEmpty else {
            throw RunnerError(.invalid, "The agent “\(agent)” needs a command.")
        }
        catalog.define(
            agent,
            .init(
                commands: [command], environment: environment, installHint: "Its command comes from the configuration.",
                driver: driver))
    }

    /// Which of the driven programs an agent is; nil for one that speaks ACP, or is not there.
    func native(_ agent: String) -> NativeAgent? {
        try? catalog.resolve(agent, path: environment.path, directory: settings.workspace).native
    }

    /// Where an agent keeps a conversation; nil for one whose state is not known.
    func state(of agent: String, session: String) throws(RunnerError) -> AgentState? {
        let resolved = try catalog.resolve(agent, path: environment.path, directory: settings.workspace)
        guard let native = resolved.native else { return nil }
        let variables = environment.variables(agent: resolved.environment, marker: "")
        return try AgentState(native, environment: variables, workspace: settings.workspace, session: session)
    }

    func agents() -> [AgentStatus] {
        catalog.names.map(status)
    }

    func agent(_ name: String) -> AgentStatus? {
        catalog.definitions[name] == nil ? nil : status(name)
    }

    private func status(_ name: String) -> AgentStatus {
        do {
            let found = try catalog.resolve(name, path: environment.path, directory: settings.workspace)
            return AgentStatus(id: name, executable: found.executable, command: found.command)
        } catch {
            return AgentStatus(id: name, command: catalog.definitions[name]?.commands.first ?? [], problem: error)
        }
    }
}
