import AnycodeControl
import AnycodeCore
import AnycodeServer
import AnycodeSimulation
import Foundation
import GRDB
import Logging
import Supervision
import Synchronization
import TestSupport

@testable import AnycodeRuntime
@testable import AnycodeStore

/// The whole tree as operators see it, on the deterministic executor, with one fault at a time.
final class FaultBench {
    let world = SimWorld(seed: 11)
    let host: SimHost
    let chat: SimChatServer
    let store: Store
    let faults = Faults()
    let room = Sample.room
    let ana = Sample.ana
    private let executor = SingleThreadTaskExecutor(.seeded(11))
    let runtime: Runtime
    private let root: Supervisor
    private let backend: RuntimeBackend
    /// What the daemon ends with, once it has.
    private let end = Ending()

    init(
        database: String? = nil, _ change: (inout RuntimeConfiguration) -> Void = { _ in },
        running platform: ((SimWorld) -> any ChatPlatform)? = nil
    ) throws {
        world.stopFaults()
        let (world, faults) = (world, faults)
        host = SimHost(world: world)
        chat = SimChatServer(world: world)
        var random = SplitMix64(seed: 1)
        store = try Store(
            path: database, execution: .inline, random: &random,
            pause: { try await world.clock.sleep(for: $0) })
        var configuration = RuntimeConfiguration(defaultAgent: AgentName("sim"))
        let key = Secret("hunter2-hunter2")
        configuration.agents = [AgentProfile(name: AgentName("sim"), environment: ["API_KEY": key])]
        configuration.reaperInterval = .seconds(100_000)
        change(&configuration)
        let host = host
        let archive = PatchArchive(
            write: { session, bytes throws(ArchiveError) in
                if let error = faults.archive { throw error }
                let path = "\(session.short)/\(String(decoding: bytes, as: UTF8.self))"
                host.write(path, bytes)
                return path
            },
            read: { host.read($0) ?? [] },
            writeDocument: { session, name, bytes in
                let path = "\(session.short)/\(name)"
                host.write(path, bytes)
                return path
            })
        runtime = Runtime(
            configuration: configuration, store: store, instance: InstanceID("instance"),
            platforms: [
                platform?(world) ?? SimPlatform(server: chat, limits: ChatLimits(textUnits: 4000))
            ],
            provider: FaultyProvider(base: SimProvider(host: host, store: store), faults: faults),
            connector: FaultyConnector(base: SimConnector(host: host, store: store), faults: faults),
            archive: archive,
            clock: RuntimeClock(world.clock, date: { world.date }, elapsed: { world.now + faults.slept }),
            makeID: { world.makeID() }, token: { _ in Secret("token") },
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let root = try RootSupervisor.make(
            runtime, clock: world.clock, executor: executor, random: { world.unit() })
        self.root = root
        backend = RuntimeBackend(runtime: runtime, journal: EventJournal(), database: nil) { root }
    }

    deinit { executor.crash() }

    func start() {
        let (root, end) = (root, end)
        executor.start {
            do {
                try await root.run()
                end.words.withLock { $0 = "ended" }
            } catch {
                let chain = (error as? SupervisionError)?.chain ?? ["\(error)"]
                end.words.withLock { $0 = chain.joined(separator: " ") }
            }
        }
        executor.run()
    }

    private final class Ending: Sendable {
        let words = Mutex<String?>(nil)
    }

    /// What the daemon ended with; `nil` while it runs.
    var ending: String? { end.words.withLock { $0 } }

    /// Lets time pass, stopping at everything that is due.
    func wait(_ duration: Duration) {
        let end = world.now + duration
        executor.run()
        while let next = [world.nextEvent, world.clock.nextDeadline?.offset].compactMap({ $0 }).min(),
            next <= end
        {
            if next > world.now { world.clock.advance(to: .init(offset: next)) }
            world.runDueEvents()
            executor.run()
        }
        world.clock.advance(to: .init(offset: end))
        executor.run()
    }

    func write(_ text: String) {
        chat.write(text, in: room, by: ana)
        wait(.seconds(1))
    }

    var texts: [String] { chat.messages(in: room).map(\.content.markdown) }

    // MARK: What operators see

    /// `anycodectl tree`.
    var tree: String {
        guard let tree = try? backend.tree() else { return "no tree" }
        return render(tree, .plain).joined(separator: "\n")
    }

    /// `anycodectl show` of the only session, its columns two spaces apart.
    func show() throws -> String {
        let backend = backend
        let id = try session().id.rawValue
        let lines = try executor.complete { render(try await backend.session(idPrefix: id), .plain) }
        return lines.joined(separator: "\n").replacing(#/ {3,}/#, with: "  ")
    }

    /// `anycodectl doctor`.
    func doctor() throws -> String {
        let backend = backend
        let task = executor.start { try await backend.findings() }
        wait(.seconds(1))
        return render(try executor.complete { try await task.value }, .plain).joined(separator: "\n")
    }

    func session() throws -> SessionRow {
        let store = store
        let rows = try executor.complete { try await store.read { try $0.recentSessions(limit: 2) } }
        guard let row = rows.first else { throw NoSession() }
        return row
    }

    struct NoSession: Error {}

    var sandbox: SimSandbox? { host.sandboxes.first }

    func write<Value: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> Value) throws
        -> Value
    {
        let store = store
        return try executor.complete { try await store.write(body) }
    }

    func withDatabase(_ body: (Database) throws -> Void) throws {
        try (store.engine as? InlineEngine)?.connection.withDatabase(body)
    }

    /// Lets the database grow by so many pages at most; `nil` lifts the limit.
    func limitGrowth(pages: Int?) throws {
        try withDatabase { database in
            let count = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            let limit = pages.map { count + $0 } ?? 1_073_741_823
            try database.execute(sql: "PRAGMA max_page_count = \(limit)")
        }
    }
}

/// What goes wrong now.
final class Faults: Sendable {
    private struct State {
        var archive: ArchiveError?
        var provider: SandboxError?
        var prepare: AgentError?
        var patch: AgentError?
        var streamIsCut = false
        var isOutOfReach = false
        var agentIsSilent = false
        var turnFailure: String?
        var slept: Duration = .zero
        var runner = RunnerVersion(version: "0.3.0", number: 1)
    }

    struct RunnerVersion: Sendable {
        var version: String
        var number: Int
    }

    private let state = Mutex(State())

    var archive: ArchiveError? {
        get { state.withLock(\.archive) }
        set { state.withLock { $0.archive = newValue } }
    }
    /// The provider answers nothing but this.
    var provider: SandboxError? {
        get { state.withLock(\.provider) }
        set { state.withLock { $0.provider = newValue } }
    }
    var prepare: AgentError? {
        get { state.withLock(\.prepare) }
        set { state.withLock { $0.prepare = newValue } }
    }
    var patch: AgentError? {
        get { state.withLock(\.patch) }
        set { state.withLock { $0.patch = newValue } }
    }
    var streamIsCut: Bool {
        get { state.withLock(\.streamIsCut) }
        set { state.withLock { $0.streamIsCut = newValue } }
    }
    /// Nothing in the sandbox answers; what runs it may be gone or not.
    var isOutOfReach: Bool {
        get { state.withLock(\.isOutOfReach) }
        set { state.withLock { $0.isOutOfReach = newValue } }
    }
    func checkReach() throws(AgentError) {
        if isOutOfReach { throw AgentError(.unreachable, "Connection refused") }
    }
    /// The agent says nothing more.
    var agentIsSilent: Bool {
        get { state.withLock(\.agentIsSilent) }
        set { state.withLock { $0.agentIsSilent = newValue } }
    }
    /// What the agent's turns end with instead of success.
    var turnFailure: String? {
        get { state.withLock(\.turnFailure) }
        set { state.withLock { $0.turnFailure = newValue } }
    }
    /// How long the machine has slept.
    var slept: Duration {
        get { state.withLock(\.slept) }
        set { state.withLock { $0.slept = newValue } }
    }
    var runner: RunnerVersion {
        get { state.withLock(\.runner) }
        set { state.withLock { $0.runner = newValue } }
    }
}

struct FaultyProvider: SandboxProvider {
    let base: SimProvider
    let faults: Faults
    var id: ProviderID { base.id }

    private func check() throws(SandboxError) {
        if let error = faults.provider { throw error }
    }

    func acquire(_ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void)
        async throws(SandboxError)
        -> any SandboxLease
    {
        try check()
        return try await base.acquire(spec, progress: progress)
    }

    func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? {
        try check()
        return try await base.adopt(spec)
    }

    func list() async throws(SandboxError) -> [SandboxRecord] {
        try check()
        return try await base.list()
    }

    func destroy(_ lease: LeaseID) async throws(SandboxError) {
        try check()
        try await base.destroy(lease)
    }
}

struct FaultyConnector: AgentConnector {
    let base: SimConnector
    let faults: Faults

    func client(for endpoint: SandboxEndpoint, agent: AgentName) -> any AgentClient {
        FaultyClient(base: base.client(for: endpoint, agent: agent), faults: faults)
    }

    func workspace(for endpoint: SandboxEndpoint) -> any Workspace {
        FaultyWorkspace(base: base.workspace(for: endpoint), faults: faults)
    }
}

struct FaultyClient: AgentClient {
    let base: any AgentClient
    let faults: Faults

    func send(_ call: AgentCall) async throws(AgentError) {
        try faults.checkReach()
        try await base.send(call)
    }

    func events(after cursor: Int64?) async throws(AgentError) -> AgentEventStream {
        if faults.streamIsCut { throw AgentError(.unreachable, "Connection refused") }
        try faults.checkReach()
        let (stream, faults) = (try await base.events(after: cursor), faults)
        return AgentEventStream { () async throws(AgentError) in
            while let items = try await stream.next() {
                if faults.streamIsCut { throw AgentError(.unreachable, "Connection reset by peer") }
                try faults.checkReach()
                if !faults.agentIsSilent { return items.map { Self.failing($0, faults) } }
            }
            return nil
        }
    }

    private static func failing(_ item: AgentStreamItem, _ faults: Faults) -> AgentStreamItem {
        guard let words = faults.turnFailure else { return item }
        let events = item.events.map { event -> AgentEvent in
            guard case .turnEnded(let request, _) = event else { return event }
            return .callFailed(request, AgentFailure(code: .other(-32603), message: words))
        }
        return AgentStreamItem(number: item.number, events: events)
    }

    func acknowledge(_ cursor: Int64) async throws(AgentError) { try await base.acknowledge(cursor) }
}

struct FaultyWorkspace: Workspace {
    let base: any Workspace
    let faults: Faults

    func health() async throws(AgentError) -> RunnerHealth {
        try faults.checkReach()
        let health = try await base.health()
        return RunnerHealth(
            version: faults.runner.version, logID: health.logID, agentIsRunning: health.agentIsRunning,
            protocolNumber: faults.runner.number)
    }

    func setEnvironment(_ variables: [String: Secret]) async throws(AgentError) {}
    func defineAgent(_ agent: AgentName, command: [String], environment: [String: String])
        async throws(AgentError)
    {}

    func prepare(
        _ source: WorkspaceSource?, credentials: RepositoryCredentials?,
        progress: @escaping @Sendable (String) -> Void
    ) async throws(AgentError) -> PreparedWorkspace {
        if let error = faults.prepare { throw error }
        return try await base.prepare(source, credentials: credentials, progress: progress)
    }

    func status() async throws(AgentError) -> WorkspaceStatus {
        try faults.checkReach()
        return try await base.status()
    }

    func patch(limit: Int) async throws(AgentError) -> [UInt8] {
        if let error = faults.patch { throw error }
        return try await base.patch(limit: limit)
    }

    func apply(patch: [UInt8]) async throws(AgentError) {}
    func write(_ bytes: [UInt8], to path: String) async throws(AgentError) {}
    func read(_ path: String) async throws(AgentError) -> [UInt8] { [] }
}
