import Hummingbird
import Logging
import NIOCore
import NIOPosix

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

/// The program in a sandbox that owns the agent's process and serves it over HTTP.
package struct Runner: Sendable {
    package static let version = "0.1.0"

    private let configuration: RunnerConfiguration

    package init(_ configuration: RunnerConfiguration) throws(RunnerError) {
        guard configuration.token != nil || configuration.listen.isLocal else {
            throw RunnerError(.invalid, "Without a token the runner serves only a Unix socket or a loopback address.")
        }
        self.configuration = configuration
    }

    /// Serves until `stop` yields or the task is cancelled; then ends all agents.
    ///
    /// `ready` is called with the address once requests are answered; `ended` after a stop, when the agents are ended and
    /// the socket is gone, before the server is taken down: a program may exit there.
    package func run(
        stop: AsyncStream<Void>, ready: @escaping @Sendable (ListenAddress) -> Void = { _ in },
        ended: @escaping @Sendable () -> Void = {}
    ) async throws {
        try configuration.listen.makeRoom()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await serve(on: group, stop: stop, ready: ready, ended: ended)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    private func serve(
        on group: any EventLoopGroup, stop: AsyncStream<Void>, ready: @escaping @Sendable (ListenAddress) -> Void,
        ended: @escaping @Sendable () -> Void
    ) async throws {
        try makeDirectory(configuration.stateDirectory)
        sweep()
        let jobs = Jobs()
        let servers = try makeServers(jobs, group)
        try await servers.recover()
        let application = makeApplication(servers, jobs, group) { channel in
            ready(configuration.listen.opened(channel))
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await jobs.run() }
            tasks.addTask { try await application.run() }
            tasks.addTask { for await _ in stop { break } }
            // Whichever ends first: a stop, a cancellation or a failed server.
            let first = await tasks.nextResult()
            await servers.closeAll()
            jobs.finish()
            if case .unix(let path) = configuration.listen { unlink(path) }
            if case .success? = first { ended() }
            tasks.cancelAll()
            try first?.get()
        }
    }

    /// Removes what an earlier runner was working on when it ended.
    private func sweep() {
        for name in directoryNames(configuration.stateDirectory) where name.hasPrefix("tmp-") {
            try? FileManager.default.removeItem(atPath: configuration.stateDirectory + "/" + name)
        }
    }

    private func makeServers(_ jobs: Jobs, _ group: any EventLoopGroup) throws(RunnerError) -> AgentServers {
        var settings = AgentServers.Settings(
            stateDirectory: configuration.stateDirectory, workspace: configuration.workspace)
        settings.server.log = configuration.log
        settings.server.clock = configuration.clock
        settings.server.answerTimeout = configuration.answerTimeout
        settings.process.grace = configuration.grace
        settings.process.lineBytes = configuration.maximumLine
        return try AgentServers(
            settings: settings, catalog: AgentCatalog(ownDirectory: configuration.ownDirectory),
            environment: AgentEnvironment(inherited: configuration.environment, home: configuration.home), jobs: jobs,
            group: group)
    }

    private func makeApplication(
        _ servers: AgentServers, _ jobs: Jobs, _ group: any EventLoopGroup,
        _ opened: @escaping @Sendable (any Channel) -> Void
    ) -> some ApplicationProtocol {
        let git = Git(
            stateDirectory: configuration.stateDirectory, workspace: configuration.workspace,
            inherited: configuration.environment, group: group, clock: configuration.clock)
        let stream = EventStream.Settings(heartbeat: configuration.heartbeat, clock: configuration.clock)
        let responder = RunnerResponder(
            token: configuration.token, acp: ACPRoutes(servers: servers, stream: stream),
            agents: AgentRoutes(
                servers: servers, temporaryFile: { () throws(RunnerError) in try git.temporaryFile() }),
            files: FileRoutes(workspace: configuration.workspace, home: configuration.home),
            workspace: WorkspaceRoutes(git: git, preparer: WorkspacePreparer(git: git, jobs: jobs), servers: servers))
        let listen = configuration.listen
        var logger = Logger(label: "anycode-runner") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        return Application(
            responder: responder, configuration: .init(address: listen.bindAddress, serverName: nil),
            onServerRunning: { opened($0) }, eventLoopGroupProvider: .shared(group), logger: logger)
    }
}

extension ListenAddress {
    fileprivate var bindAddress: BindAddress {
        switch self {
        case .unix(let path): .unixDomainSocket(path: path)
        case .tcp(let host, let port): .hostname(host, port: port)
        }
    }

    /// The address in use, its port known; a socket becomes its owner's alone.
    fileprivate func opened(_ channel: any Channel) -> ListenAddress {
        switch self {
        case .unix(let path):
            chmod(path, 0o600)
            return self
        case .tcp(let host, let port):
            return .tcp(host: host, port: channel.localAddress?.port ?? port)
        }
    }
}
