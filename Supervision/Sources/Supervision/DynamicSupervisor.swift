/// Runs any number of children of one kind, each known by a key, independent of each other.
///
/// ```swift
/// let sessions = DynamicSupervisor<SessionID>(under: context, limit: 100) { id, context in
///     Session(id: id, store: store, status: context.status)
/// }
/// try sessions.startChild(id)
/// ```
///
/// Children that are down for good are forgotten, and their key may be used again. All are stopped at the same time.
/// A key's `description` is the child's name in paths and snapshots, and must be different for different keys.
public final class DynamicSupervisor<Key: Hashable & Sendable & CustomStringConvertible>: SupervisorNode {
    let core: SupervisorCore
    private let blueprint: ChildBlueprint

    /// Makes the root of a tree, or a supervisor that stands alone.
    /// - Parameters:
    ///   - id: The supervisor's name.
    ///   - limit: How many children there may be at a time.
    ///   - intensity: How many restarts are too many.
    ///   - scope: Whose restarts are counted together, and what too many of them end.
    ///   - restart: When a child is started again.
    ///   - shutdown: How a child is stopped.
    ///   - backoff: The delay before a restart; none restarts at once.
    ///   - kind: What snapshots call a child.
    ///   - clock: The tree's only source of time.
    ///   - executor: What all of the tree's tasks run on; nil is the default executor.
    ///   - random: Numbers from 0 to 1 for the jitter of backoffs. Must not call the supervisor.
    ///   - observer: Called with every event of the tree; see
    ///     ``Supervisor/init(id:strategy:intensity:autoShutdown:clock:executor:random:observer:children:)``.
    ///   - child: Builds one incarnation of the child with a key.
    public init<C: Child>(
        id: String,
        limit: Int = .max,
        intensity: RestartIntensity = .default,
        scope: IntensityScope = .perChild,
        restart: RestartType = .transient,
        shutdown: ShutdownPolicy = .grace(.seconds(5)),
        backoff: Backoff? = nil,
        kind: NodeKind = .worker,
        clock: some Clock<Duration> = ContinuousClock(),
        executor: (any TaskExecutor)? = nil,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        observer: (@Sendable (SupervisionEvent) -> Void)? = nil,
        child: @escaping @Sendable (Key, ChildContext) async throws -> C
    ) {
        core = SupervisorCore(
            id: id, kind: .dynamicSupervisor, rules: Self.rules(intensity, scope), limit: limit,
            in: .root(id: id, clock: clock, executor: executor, random: random, observer: observer)
        )
        blueprint = Self.blueprint(restart, shutdown, backoff, kind, child)
    }

    /// Makes a supervisor below another one, for a child that is it or that runs it.
    /// - Parameters:
    ///   - context: The context of that child, whose node of the tree the supervisor shares.
    ///   - limit: How many children there may be at a time.
    ///   - intensity: How many restarts are too many.
    ///   - scope: Whose restarts are counted together, and what too many of them end.
    ///   - restart: When a child is started again.
    ///   - shutdown: How a child is stopped.
    ///   - backoff: The delay before a restart; none restarts at once.
    ///   - kind: What snapshots call a child.
    ///   - observer: Called with every event from here down.
    ///   - child: Builds one incarnation of the child with a key.
    public init<C: Child>(
        under context: ChildContext,
        limit: Int = .max,
        intensity: RestartIntensity = .default,
        scope: IntensityScope = .perChild,
        restart: RestartType = .transient,
        shutdown: ShutdownPolicy = .grace(.seconds(5)),
        backoff: Backoff? = nil,
        kind: NodeKind = .worker,
        observer: (@Sendable (SupervisionEvent) -> Void)? = nil,
        child: @escaping @Sendable (Key, ChildContext) async throws -> C
    ) {
        core = SupervisorCore(
            id: context.id, kind: .dynamicSupervisor, rules: Self.rules(intensity, scope), limit: limit,
            in: .under(context, observer: observer)
        )
        blueprint = Self.blueprint(restart, shutdown, backoff, kind, child)
    }

    private static func rules(
        _ intensity: RestartIntensity, _ scope: IntensityScope
    ) -> Supervisor.StateMachine.Rules {
        Supervisor.StateMachine.Rules(intensity: intensity, scope: scope, ordered: false, forgets: true)
    }

    private static func blueprint<C: Child>(
        _ restart: RestartType, _ shutdown: ShutdownPolicy, _ backoff: Backoff?, _ kind: NodeKind,
        _ child: @escaping @Sendable (Key, ChildContext) async throws -> C
    ) -> ChildBlueprint {
        ChildBlueprint(
            restart: restart, shutdown: shutdown, backoff: backoff, significant: false, kind: kind,
            factory: { context in
                guard let key = context.cell.record.key as? Key else {
                    throw SupervisionError(.childNotFound, "The child has no key.")
                }
                return try await child(key, context)
            }
        )
    }

    /// Runs until the supervisor is stopped, its task is cancelled, or, where restarts are counted together, there
    /// were too many.
    ///
    /// All children have ended then, or were abandoned. Throws like ``Supervisor/run()``, and runs once like it.
    public func run() async throws {
        try await core.run()
    }

    /// Asks the supervisor to stop all children at the same time, and then to return from ``run()``.
    public func stop() {
        core.stop()
    }
}

// MARK: - Children

extension DynamicSupervisor {
    /// Adds a child and begins to start it, or waits with that for ``run()``.
    ///
    /// Throws ``SupervisionError/Code/duplicateChild``, ``SupervisionError/Code/childLimitReached`` or
    /// ``SupervisionError/Code/notRunning``. A failing start is restarted like any failure; see
    /// ``waitUntilRunning(_:)``.
    public func startChild(_ key: Key) throws(SupervisionError) {
        try core.add(id: key.description, key: key, blueprint)
    }

    /// Stops a child and returns when it has ended or was abandoned, and is forgotten.
    public func terminateChild(_ key: Key) async throws {
        try await core.terminate(key.description)
    }

    /// Begins to start a fresh incarnation of a child. It counts against no limit.
    public func restartChild(_ key: Key) throws(SupervisionError) {
        try core.restart(key.description)
    }

    /// Waits until a child runs and returns its incarnation; throws when it is down for good.
    @discardableResult
    public func waitUntilRunning(_ key: Key) async throws -> Int {
        try await core.waitUntilRunning(key.description)
    }

    /// Waits until there is no child of that key. Throws only when cancelled.
    public func waitUntilEnded(_ key: Key) async throws {
        try await core.waitUntilEnded(key.description)
    }

    /// Whether there is a child of that key.
    public func contains(_ key: Key) -> Bool {
        core.has(key.description)
    }

    /// The keys of all children, in no particular order.
    public var keys: [Key] {
        core.keys.compactMap { $0 as? Key }
    }

    /// How many children there are.
    public var count: Int { core.count }

    /// The children, in no particular order.
    public var children: [ChildInfo] { core.children }

    /// How many children there are, by what they do.
    public var counts: ChildCounts { core.counts }
}

// MARK: - The tree

extension DynamicSupervisor {
    /// Begins to start a fresh incarnation of any child in the tree below.
    public func restart(_ path: NodePath) throws(SupervisionError) {
        try core.restart(path.components[...])
    }

    /// The tree from here down, taken without waiting for anything.
    public func snapshot() -> NodeSnapshot {
        core.snapshot()
    }

    /// The children of which abandoned incarnations still go on.
    public var abandonedChildren: [String] { core.abandoned }

    /// The events from here down, from now on until the supervisor has stopped.
    /// - Parameter limit: How many events are kept for a slow reader; see ``Supervisor/events(bufferingNewest:)``.
    public func events(bufferingNewest limit: Int = 1024) -> AsyncStream<SupervisionEvent> {
        core.hub.stream(bufferingNewest: limit)
    }
}
