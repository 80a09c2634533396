import AnycodeAgent
import AnycodeChat
import AnycodeConfig
import AnycodeControl
import AnycodeCore
import AnycodeRuntime
import AnycodeSandbox
import AnycodeServer
import AnycodeStore
import Foundation
import HTTPTransport
import Logging
import ServiceLifecycle
import Supervision
import UnixSignals

/// The composition root: turns the configuration into ports, the runtime and its tree, and runs them.
struct Daemon {
    /// How the console takes part, if it does.
    struct ConsoleUse {
        var autoAnswer: Bool
        var endsAtEndOfInput: Bool

        /// Questions wait for a person; the end of input quits only where a person sits.
        static var plain: ConsoleUse { ConsoleUse(autoAnswer: false, endsAtEndOfInput: Terminal.isAttached) }
    }

    let runtime: Runtime
    let root: Supervisor
    let console: ConsolePlatform?
    let provider: any SandboxProvider
    /// Where local sandboxes live.
    private let sandboxes: String
    private let store: Store
    private let http: HTTPClient
    private let group: ServiceGroup

    init(
        _ configuration: Configuration, data: DataDirectory, console use: ConsoleUse?,
        adjust: (inout RuntimeConfiguration) -> Void = { _ in }
    ) async throws {
        let logger = Logger(label: "anycode")
        let store = try Store(path: data.database, execution: .writerThread)
        let instance = try await store.read { try $0.instanceID() }
        let tokens = try RunnerToken(keyFile: data.keyFile)
        let http = try HTTPClient(configuration: .init(userAgent: "anycode/\(AnycodeVersion.current)"))
        let console = try use.map { try Self.console($0, data) }
        let sandboxes = try configuration.sandbox.local.directory ?? data.sandboxes(of: instance)
        let provider = try Self.provider(configuration, instance: instance, sandboxes: sandboxes, http: http)
        var settings = RuntimeConfiguration(configuration)
        settings.announce = { Terminal.complain($0) }
        settings.lastEnd = CrashMark.replace(at: data.crashMark)
        if let token = configuration.github.token {
            settings.pullRequests[configuration.github.host] = GitHubPullRequests(
                baseURL: configuration.github.apiBaseURL, token: AnycodeCore.Secret(token.reveal()), http: http)
        }
        adjust(&settings)
        let platforms = Self.platforms(
            configuration, settings: settings, memory: StoredChatMemory(store: store), http: http)
        let runtime = Runtime(
            configuration: settings, store: store, instance: instance,
            platforms: platforms + (console.map { [$0] } ?? []),
            provider: provider,
            connector: RunnerConnector(http: http, configuration: .init(version: AnycodeVersion.current)),
            archive: PatchDirectory(root: data.saves).archive,
            clock: .system, makeID: Self.makeID,
            token: { tokens.token(for: $0) }, logger: logger)
        let tree = TreeBox()
        let journal = EventJournal()
        let notifier = ServiceNotifier()
        let socket = configuration.control.socket ?? ControlSocket.path()
        let backend = RuntimeBackend(runtime: runtime, journal: journal, database: data.database) { tree.root }
        var control = [
            ChildSpec(id: "socket", backoff: Backoff()) {
                ControlServer(path: socket, backend: backend, logger: logger, onServing: notifier.ready)
            }
        ]
        if let interval = notifier.watchdog {
            control.append(
                ChildSpec(id: "sign-of-life", shutdown: .immediate) { context in
                    SignOfLife(notifier: notifier, interval: interval, runtime: runtime, context: context)
                })
        }
        let root = try RootSupervisor.make(runtime, observer: journal.record, control: control)
        tree.set(root)
        self.runtime = runtime
        self.root = root
        self.console = console
        self.provider = provider
        self.sandboxes = sandboxes
        self.store = store
        self.http = http
        let service = RootService(
            root: root, runtime: runtime, onShutdown: configuration.session.onShutdown, notifier: notifier)
        group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: service, successTerminationBehavior: .gracefullyShutdownGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "anycode.lifecycle")))
    }

    /// Runs until a signal, until the person at the console quits, or until `body` returns.
    func run(_ body: (@Sendable () async throws -> Void)? = nil) async throws {
        defer { store.close() }
        let group = group
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            if let console {
                tasks.addTask {
                    await console.waitForQuit()
                    await group.triggerGracefulShutdown()
                }
            }
            if let body {
                tasks.addTask {
                    let result = await Outcome.of(body)
                    await group.triggerGracefulShutdown()
                    try result.get()
                }
            }
            try await group.run()
            tasks.cancelAll()
            do { try await tasks.waitForAll() } catch is CancellationError {}
        }
        await http.shutdown()
        // Succeeds only when it is empty; the next start makes it again.
        rmdir(sandboxes)
    }

    private enum Outcome {
        static func of(_ body: @Sendable () async throws -> Void) async -> Result<Void, any Error> {
            do {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
    }
}
