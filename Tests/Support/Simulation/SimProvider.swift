package import AnycodeCore
import AnycodeRuntime
package import AnycodeStore
import Synchronization

/// Everything that runs sandboxes, as seen from outside: lives on when the daemon is killed.
package final class SimHost: Sendable {
    private struct State {
        var sandboxes: [LeaseID: SimSandbox] = [:]
        /// Sandboxes that were removed; kept to be looked into.
        var removed: [LeaseID: SimSandbox] = [:]
        var archive: [String: [UInt8]] = [:]
    }

    package let world: SimWorld
    private let state = Mutex(State())

    package init(world: SimWorld) {
        self.world = world
    }

    package subscript(lease: LeaseID) -> SimSandbox? { state.withLock { $0.sandboxes[lease] } }
    package func anyEver(_ lease: LeaseID) -> SimSandbox? {
        state.withLock { $0.sandboxes[lease] ?? $0.removed[lease] }
    }
    package var sandboxes: [SimSandbox] { state.withLock { Array($0.sandboxes.values) }.sorted { $0.lease < $1.lease } }

    package func create(_ spec: SandboxSpec) -> SimSandbox {
        world.count("provider: sandboxes")
        let sandbox = SimSandbox(lease: spec.lease, session: spec.session, world: world)
        state.withLock { state in
            world.check(state.removed[spec.lease] == nil, "lease \(spec.lease.short) was made again after its removal")
            state.sandboxes[spec.lease] = sandbox
        }
        return sandbox
    }

    package func remove(_ lease: LeaseID) {
        state.withLock { state in
            guard let sandbox = state.sandboxes.removeValue(forKey: lease) else { return }
            state.removed[lease] = sandbox
        }
    }

    package func write(_ path: String, _ bytes: [UInt8]) { state.withLock { $0.archive[path] = bytes } }
    package func read(_ path: String) -> [UInt8]? { state.withLock { $0.archive[path] } }
}

package struct SimProvider: SandboxProvider {
    package let id = ProviderID("sim")
    private let host: SimHost
    private let store: Store

    package init(host: SimHost, store: Store) {
        self.host = host
        self.store = store
    }

    package func acquire(_ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void) async throws(SandboxError)
        -> any SandboxLease
    {
        progress("making it")
        try await travel(10...800)
        if host.world.fault(1, in: 8) { throw unavailable("no capacity") }
        await checkIntent(spec)
        if let sandbox = host[spec.lease] {
            host.world.count("provider: sandboxes found again")
            if !sandbox.isAlive { sandbox.revive() }
            return SimLease(sandbox: sandbox, token: spec.token)
        }
        let sandbox = host.create(spec)
        try await travel(1...200)
        if host.world.fault(1, in: 10) { throw unavailable("lost the answer") }
        return SimLease(sandbox: sandbox, token: spec.token)
    }

    private func unavailable(_ words: String) -> SandboxError {
        host.world.count("provider: failures")
        return SandboxError(.unavailable, words)
    }

    private func row(_ lease: LeaseID) async -> LeaseRow? {
        await SimDisk.$isWatching.withValue(true) { try? await store.read { try $0.lease(lease) } }
    }

    /// Rule 1: the end is intended in the row before it comes. A sandbox that nobody owns is taken away as it is.
    private func checkDestruction(_ lease: LeaseID) async {
        guard host[lease] != nil else { return }
        let state: String? = await SimDisk.$isWatching.withValue(true) {
            try? await store.read { transaction -> String? in
                guard let row = try transaction.lease(lease), let session = try transaction.session(row.session),
                    session.isLive
                else { return nil }
                return row.state
            }
        }
        host.world.check(
            state == nil || state == "destroying",
            "sandbox \(lease.short) was destroyed while its row says \(state ?? "")")
    }

    /// Rule 1: the row exists before the sandbox does.
    private func checkIntent(_ spec: SandboxSpec) async {
        let row = await row(spec.lease)
        host.world.check(row != nil, "sandbox \(spec.lease.short) without a row")
        host.world.check(row?.state != "destroyed", "sandbox \(spec.lease.short) made after it was written off")
    }

    package func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? {
        host[spec.lease].map { SimLease(sandbox: $0, token: spec.token) }
    }

    package func list() async throws(SandboxError) -> [SandboxRecord] {
        try await travel(1...100)
        return host.sandboxes.map {
            SandboxRecord(lease: $0.lease, name: $0.lease.short, createdAt: host.world.date, isRunning: $0.isAlive)
        }
    }

    package func destroy(_ lease: LeaseID) async throws(SandboxError) {
        await checkDestruction(lease)
        try await travel(1...100)
        if host.world.fault(1, in: 10) { throw unavailable("busy") }
        host.remove(lease)
        try await travel(1...50)
    }

    private func travel(_ range: ClosedRange<Int>) async throws(SandboxError) {
        do {
            try await host.world.clock.sleep(for: host.world.milliseconds(range))
        } catch {
            throw SandboxError(.cancelled, "cancelled")
        }
    }
}

struct SimLease: SandboxLease {
    let sandbox: SimSandbox
    let token: Secret
    var id: LeaseID { sandbox.lease }
    var endpoint: SandboxEndpoint { SandboxEndpoint(address: .url(sandbox.lease.rawValue), token: token) }

    func waitForExit() async throws(CancellationError) -> SandboxExit {
        while true {
            if let exit = sandbox.read({ $0.isAlive ? nil : $0.exit }) { return exit }
            do { try await sandbox.death.wait() } catch { throw CancellationError() }
        }
    }
}

package struct SimConnector: AgentConnector {
    private let host: SimHost
    private let store: Store

    package init(host: SimHost, store: Store) {
        self.host = host
        self.store = store
    }

    package func client(for endpoint: SandboxEndpoint, agent: AgentName) -> any AgentClient {
        SimClient(host: host, store: store, lease: Self.lease(endpoint))
    }

    package func workspace(for endpoint: SandboxEndpoint) -> any Workspace {
        SimWorkspace(host: host, lease: Self.lease(endpoint))
    }

    private static func lease(_ endpoint: SandboxEndpoint) -> LeaseID {
        switch endpoint.address {
        case .url(let url): LeaseID(url)
        case .unixSocket(let path): LeaseID(path)
        }
    }
}

struct SimClient: AgentClient {
    let host: SimHost
    let store: Store
    let lease: LeaseID

    func send(_ call: AgentCall) async throws(AgentError) {
        if let session = host.anyEver(lease)?.session { await checkCommitted(call, session) }
        try await host.travel(1...40)
        if host.world.fault(1, in: 20) { throw host.cut("connection refused") }
        try host.sandbox(lease).handle(call)
        if host.world.fault(1, in: 20) { throw host.cut("connection reset") }
        try await host.travel(1...40)
    }

    func events(after cursor: Int64?) async throws(AgentError) -> AgentEventStream {
        try await host.travel(1...40)
        let sandbox = try host.sandbox(lease)
        let reader = SimReader(sandbox: sandbox, host: host, after: cursor ?? 0)
        return AgentEventStream { () async throws(AgentError) in try await reader.next() }
    }

    func acknowledge(_ cursor: Int64) async throws(AgentError) {}

    /// Rule 1: a call is committed before it is made.
    private func checkCommitted(_ call: AgentCall, _ session: SessionID) async {
        let row = await SimDisk.$isWatching.withValue(true) { try? await store.read { try $0.session(session) } }
        guard let row, let stored = try? StoredValue.decode(StoredSession.self, from: row.snapshot)
        else { return }
        switch stored.state.phase {
        case .reviving, .closing, .destroying, .done: return  // what was on its way is called off
        default: break
        }
        let isCommitted = stored.state.outbound.contains(call)
        // One whose acceptance is committed already may be repeated; the runner knows it again.
        host.world.check(isCommitted || host[lease]?.knows(call) == true, "\(call) was made before it was committed")
    }
}

/// One connection to a sandbox's stream; may break at any time.
actor SimReader {
    private let sandbox: SimSandbox
    private let host: SimHost
    private var position: Int64
    private let logID: Int
    private var isFirst = true

    init(sandbox: SimSandbox, host: SimHost, after cursor: Int64) {
        self.sandbox = sandbox
        self.host = host
        position = cursor
        logID = sandbox.read(\.logID)
    }

    func next() async throws(AgentError) -> [AgentStreamItem]? {
        while true {
            if host.world.fault(1, in: 30) { throw host.cut("the stream broke") }
            guard sandbox.read(\.logID) == logID else { throw AgentError(.unreachable, "the stream ended") }
            guard sandbox.isAlive else { throw AgentError(.unreachable, "the sandbox is dead") }
            let items = takeNew()
            if !items.isEmpty { return items }
            do { try await sandbox.news.wait() } catch { throw AgentError(.cancelled, "cancelled") }
        }
    }

    private func takeNew() -> [AgentStreamItem] {
        let (log, pending) = sandbox.read { ($0.log, $0.pending) }
        let from = host.world.fault(1, in: 10) ? max(0, position - 3) : position  // what was read comes again
        var items = log.dropFirst(Int(clamping: from)).map { AgentStreamItem(number: $0.number, events: [$0.event]) }
        if isFirst {
            isFirst = false
            items =
                pending.sorted { $0.key.description < $1.key.description }.map {
                    AgentStreamItem(number: nil, events: [$0.value])
                } + items
        }
        position = log.last?.number ?? position
        return items
    }
}

struct SimWorkspace: Workspace {
    let host: SimHost
    let lease: LeaseID

    func health() async throws(AgentError) -> RunnerHealth {
        try await host.travel(1...20)
        let sandbox = try host.sandbox(lease)
        return RunnerHealth(version: "sim", logID: Self.logID(lease, sandbox.read(\.logID)), agentIsRunning: true)
    }

    /// The number in a patch.
    static func version(_ patch: [UInt8]) -> Int? {
        let line = String(decoding: patch.prefix { $0 != 10 }, as: UTF8.self)
        return line.hasPrefix("version ") ? Int(line.dropFirst(8)) : nil
    }

    /// What the runner calls its log after it was lost so many times.
    static func logID(_ lease: LeaseID, _ number: Int) -> String { "log-\(lease.short)-\(number)" }

    func setEnvironment(_ variables: [String: Secret]) async throws(AgentError) {
        try await host.travel(1...20)
        if host.world.fault(1, in: 30) { throw host.cut("connection refused") }
        try host.sandbox(lease).setEnvironment(variables)
    }

    func settings(for agent: AgentName) async throws(AgentError) -> RepositorySettings? {
        try await host.travel(1...20)
        if host.world.fault(1, in: 20) { throw host.cut("connection reset") }
        return try host.sandbox(lease).read(\.settings)
    }

    func defineAgent(_ agent: AgentName, command: [String], environment: [String: String]) async throws(AgentError) {}

    func prepare(
        _ source: WorkspaceSource?, credentials: RepositoryCredentials?,
        progress: @escaping @Sendable (String) -> Void
    ) async throws(AgentError) -> PreparedWorkspace {
        try await host.travel(10...500)
        if host.world.fault(1, in: 15) { throw host.cut("connection reset") }
        try host.sandbox(lease).prepare(source)
        if source?.url.contains("missing") == true {
            host.world.count("agent: repositories not found")
            throw AgentError(.repositoryNotFound, "there is no such repository; asked with \(SimSecrets.key)")
        }
        return PreparedWorkspace(base: "0123456789abcdef", branch: "main", path: "/workspace/repo")
    }

    func status() async throws(AgentError) -> WorkspaceStatus {
        try await host.travel(1...40)
        let version = try host.sandbox(lease).read(\.version)
        let files =
            version == 0 ? [] : [WorkspaceStatus.File(path: "a", status: "modified", added: version, removed: 0)]
        return WorkspaceStatus(base: "0123456789abcdef", branch: "main", files: files)
    }

    func patch(limit: Int) async throws(AgentError) -> [UInt8] {
        try await host.travel(1...40)
        if host.world.fault(1, in: 20) { throw host.cut("connection reset") }
        let (version, holdsSecret) = try host.sandbox(lease).read { ($0.version, $0.patchHoldsSecret) }
        return Array("version \(version)\(holdsSecret ? "\n" + SimSecrets.key : "")".utf8)
    }

    func apply(patch: [UInt8]) async throws(AgentError) {
        try await host.travel(1...100)
        if host.world.fault(1, in: 20) { throw host.cut("connection refused") }
        guard let version = Self.version(patch) else { throw AgentError(.conflict, "the patch does not apply") }
        try host.sandbox(lease).apply(version, holdsSecret: SimSecrets.leaks(patch))
        if host.world.fault(1, in: 10) { throw host.cut("connection reset") }
        try await host.travel(1...100)
    }

    func publish(
        branch: String, message: String, over known: String?, credentials: RepositoryCredentials?
    ) async throws(AgentError) -> String {
        try await host.travel(1...100)
        let sandbox = try host.sandbox(lease)
        let commit = "commit \(sandbox.read(\.version))"
        let before = host.read("origin/\(branch)").map { String(decoding: $0, as: UTF8.self) }
        guard before == nil || before == commit || before == sandbox.read(\.pushed) ?? known else {
            throw AgentError(.conflict, "Somebody else has pushed to the branch \(branch) meanwhile")
        }
        host.write("origin/\(branch)", Array(commit.utf8))
        sandbox.pushed(commit)
        return commit
    }

    func write(_ bytes: [UInt8], to path: String) async throws(AgentError) {
        try await host.travel(1...20)
        try host.sandbox(lease).write(bytes, to: path)
    }

    func read(_ path: String) async throws(AgentError) -> [UInt8] { [] }
}

extension SimHost {
    func sandbox(_ lease: LeaseID) throws(AgentError) -> SimSandbox {
        guard let sandbox = self[lease], sandbox.isAlive else { throw AgentError(.unreachable, "nothing answers") }
        return sandbox
    }

    /// The connection to a runner breaks.
    func cut(_ words: String) -> AgentError {
        world.count("runner: cut connections")
        return AgentError(.unreachable, words)
    }

    func travel(_ range: ClosedRange<Int>) async throws(AgentError) {
        do {
            try await world.clock.sleep(for: world.milliseconds(range))
        } catch {
            throw AgentError(.cancelled, "cancelled")
        }
    }
}
