/// Runs a fixed list of children in order, restarts those that fail, and stops them in reverse order.
///
/// ```swift
/// let root = Supervisor(id: "root", strategy: .restForOne, children: [
///     ChildSpec(id: "store") { Store() },
///     ChildSpec(id: "server") { context in Server(status: context.status) },
/// ])
/// try await root.run()
/// ```
///
/// A supervisor is a ``Child`` itself. Made with ``init(under:strategy:intensity:autoShutdown:observer:children:)`` in a
/// child's factory, it shares its parent's clock, executor, randomness and events.
public final class Supervisor: SupervisorNode {
    let core: SupervisorCore

    /// Makes the root of a tree, or a supervisor that stands alone.
    /// - Parameters:
    ///   - id: The supervisor's name.
    ///   - strategy: Who is restarted along with a child.
    ///   - intensity: How many restarts end the supervisor.
    ///   - autoShutdown: Whether the end of significant children ends the supervisor.
    ///   - clock: The tree's only source of time.
    ///   - executor: What all of the tree's tasks run on; nil is the default executor.
    ///   - random: Numbers from 0 to 1 for the jitter of backoffs. Must not call the supervisor.
    ///   - observer: Called with every event of the tree, in order, by whichever thread caused it, and by one at a
    ///     time. While it is busy up to 65,536 further events wait; then the older half is dropped.
    ///   - children: The children, in the order in which they start.
    public init(
        id: String,
        strategy: RestartStrategy = .oneForOne,
        intensity: RestartIntensity = .default,
        autoShutdown: AutoShutdown = .never,
        clock: some Clock<Duration> = ContinuousClock(),
        executor: (any TaskExecutor)? = nil,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        observer: (@Sendable (SupervisionEvent) -> Void)? = nil,
        children: [ChildSpec] = []
    ) throws(SupervisionError) {
        core = SupervisorCore(
            id: id, kind: .supervisor,
            rules: StateMachine.Rules(strategy: strategy, intensity: intensity, autoShutdown: autoShutdown),
            limit: .max,
            in: .root(id: id, clock: clock, executor: executor, random: random, observer: observer)
        )
        for child in children { try startChild(child) }
    }

    /// Makes a supervisor below another one, for a child that is it or that runs it.
    /// - Parameters:
    ///   - context: The context of that child, whose node of the tree the supervisor shares.
    ///   - strategy: Who is restarted along with a child.
    ///   - intensity: How many restarts end the supervisor.
    ///   - autoShutdown: Whether the end of significant children ends the supervisor.
    ///   - observer: Called with every event from here down.
    ///   - children: The children, in the order in which they start.
    public init(
        under context: ChildContext,
        strategy: RestartStrategy = .oneForOne,
        intensity: RestartIntensity = .default,
        autoShutdown: AutoShutdown = .never,
        observer: (@Sendable (SupervisionEvent) -> Void)? = nil,
        children: [ChildSpec] = []
    ) throws(SupervisionError) {
        core = SupervisorCore(
            id: context.id, kind: .supervisor,
            rules: StateMachine.Rules(strategy: strategy, intensity: intensity, autoShutdown: autoShutdown),
            limit: .max,
            in: .under(context, observer: observer)
        )
        for child in children { try startChild(child) }
    }

    /// Runs the children until the supervisor is stopped, its task is cancelled, or a child fails too often.
    ///
    /// All children have ended then, or were abandoned. Throws ``SupervisionError/Code/restartLimitReached`` when a
    /// child failed too often, and `CancellationError` when the task was cancelled. A supervisor runs once.
    public func run() async throws {
        try await core.run()
    }

    /// Asks the supervisor to stop its children, last first, and then to return from ``run()``.
    public func stop() {
        core.stop()
    }
}

// MARK: - Children

extension Supervisor {
    /// Adds a child after the others and begins to start it, or waits with that for ``run()``.
    ///
    /// A failing start is restarted like any failure; see ``waitUntilRunning(_:)``.
    public func startChild(_ spec: ChildSpec) throws(SupervisionError) {
        try core.add(id: spec.id, spec.blueprint)
    }

    /// Stops a child and returns when it has ended or was abandoned. Its spec is kept, unless it is temporary.
    public func terminateChild(_ id: String) async throws {
        try await core.terminate(id)
    }

    /// Begins to start a fresh incarnation of a child, whether it is up or down; siblings follow by the strategy.
    ///
    /// It counts against no limit.
    public func restartChild(_ id: String) throws(SupervisionError) {
        try core.restart(id)
    }

    /// Forgets a child that is down.
    public func deleteChild(_ id: String) throws(SupervisionError) {
        try core.delete(id)
    }

    /// Waits until a child runs and returns its incarnation; throws when it is down for good.
    @discardableResult
    public func waitUntilRunning(_ id: String) async throws -> Int {
        try await core.waitUntilRunning(id)
    }

    /// Waits until a child is down for good, or there is none of that name. Throws only when cancelled.
    public func waitUntilEnded(_ id: String) async throws {
        try await core.waitUntilEnded(id)
    }

    /// The children, in order.
    public var children: [ChildInfo] { core.children }

    /// How many children there are.
    public var counts: ChildCounts { core.counts }
}

// MARK: - The tree

extension Supervisor {
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
    /// - Parameter limit: How many events are kept for a slow reader. Then the oldest are dropped, which shows as a gap
    ///   in ``SupervisionEvent/sequence``.
    public func events(bufferingNewest limit: Int = 1024) -> AsyncStream<SupervisionEvent> {
        core.hub.stream(bufferingNewest: limit)
    }
}
