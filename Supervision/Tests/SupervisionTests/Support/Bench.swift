import Synchronization
import Testing

@testable import Supervision

/// A tree under test on a ``StepExecutor`` and a ``ManualClock``: nothing happens unless the test says so.
final class Bench: Sendable {
    struct Crash: Error, Sendable, Equatable, CustomStringConvertible {
        let description: String
        init(_ description: String = "crash") { self.description = description }
    }

    /// What a child under test does next.
    enum Order: Sendable {
        case end
        case shutdown
        case crash(String)
    }

    /// How children of a name behave.
    struct Manners: Sendable {
        /// Ends when its task is cancelled.
        var mindsCancel = true
        /// Ends when its context's stop request arrives.
        var mindsStop = false
        /// How many more starts fail.
        var failingStarts = 0
        /// Whether its factory waits for ``Bench/release(_:)``.
        var slowStart = false
    }

    private struct State {
        var log: [String] = []
        var manners: [String: Manners] = [:]
        var orders: [String: CheckedContinuation<Order, Never>] = [:]
        var gates: [String: CheckedContinuation<Void, Never>] = [:]
        var contexts: [String: ChildContext] = [:]
        var result: Result<Void, any Error>?
    }

    let clock = ManualClock()
    let executor: StepExecutor
    private let state = Mutex(State())

    init(seed: UInt64? = nil) {
        executor = StepExecutor(seed: seed)
    }

    // MARK: The story so far

    /// What happened: `+id` started, `-id` ended, `!id` was asked to stop, `?id` factory failed.
    var log: [String] { state.withLock { $0.log } }

    /// The log since the last time it was taken, in one line.
    func takeLog() -> String {
        state.withLock { state in
            defer { state.log = [] }
            return state.log.joined(separator: " ")
        }
    }

    func note(_ text: String) {
        state.withLock { $0.log.append(text) }
    }

    /// How the supervisor's `run()` ended.
    var result: Result<Void, any Error>? { state.withLock { $0.result } }

    var escalation: SupervisionError? {
        guard case .failure(let error) = result else { return nil }
        return error as? SupervisionError
    }

    var isOver: Bool { result != nil }

    func context(_ id: String) -> ChildContext? {
        state.withLock { $0.contexts[id] }
    }

    // MARK: Children

    func manners(_ id: String, _ change: (inout Manners) -> Void) {
        state.withLock { change(&$0.manners[id, default: Manners()]) }
    }

    /// A child that logs and then does as it is told.
    func spec(
        _ id: String, _ restart: RestartType = .permanent, shutdown: ShutdownPolicy = .grace(.seconds(5)),
        backoff: Backoff? = nil, significant: Bool = false
    ) -> ChildSpec {
        ChildSpec(id: id, restart: restart, shutdown: shutdown, backoff: backoff, significant: significant) { context in
            try await self.child(context)
        }
    }

    func child(_ context: ChildContext) async throws -> PuppetChild {
        let id = context.path.description
        state.withLock { $0.contexts[id] = context }
        let manners = state.withLock { $0.manners[id] ?? Manners() }
        if manners.slowStart {
            await withTaskCancellationHandler {
                await withCheckedContinuation { gate in state.withLock { $0.gates[id] = gate } }
            } onCancel: {
                if manners.mindsCancel { self.release(id) }
            }
        }
        if manners.failingStarts > 0 {
            state.withLock { $0.manners[id]?.failingStarts -= 1 }
            note("?\(id)")
            throw Crash("no start")
        }
        return PuppetChild(id: id, bench: self, context: context, manners: manners)
    }

    /// Lets a slow factory go on.
    func release(_ id: String) {
        state.withLock { $0.gates.removeValue(forKey: id) }?.resume()
    }

    func order(for id: String) async -> Order {
        await withCheckedContinuation { continuation in
            state.withLock { $0.orders[id] = continuation }
        }
    }

    /// Tells a child what to do and lets everything that follows happen.
    func tell(_ id: String, _ order: Order) {
        tellOnly(id, order)
        executor.drain()
    }

    func tellOnly(_ id: String, _ order: Order) {
        state.withLock { $0.orders.removeValue(forKey: id) }?.resume(returning: order)
    }

    func crash(_ id: String, _ text: String = "crash") {
        tell(id, .crash(text))
    }

    // MARK: Running

    func run(_ supervisor: some Child) {
        begin(supervisor)
        executor.drain()
    }

    /// Makes the task of `run()` without letting it run yet.
    func begin(_ supervisor: some Child) {
        Task(executorPreference: executor) {
            let result: Result<Void, any Error>
            do {
                try await supervisor.run()
                result = .success(())
            } catch {
                result = .failure(error)
            }
            self.state.withLock { $0.result = result }
        }
    }

    /// Runs something asynchronous on the bench's executor as far as it goes.
    func perform(_ body: @escaping @Sendable () async throws -> Void) {
        Task(executorPreference: executor) {
            do {
                try await body()
            } catch {
                self.note("error \(error)")
            }
        }
        executor.drain()
    }

    func advance(_ duration: Duration) {
        clock.advance(by: duration)
        executor.drain()
    }

    func supervisor(
        _ strategy: RestartStrategy = .oneForOne, intensity: RestartIntensity = .unlimited,
        autoShutdown: AutoShutdown = .never, observer: (@Sendable (SupervisionEvent) -> Void)? = nil,
        _ children: [ChildSpec]
    ) throws -> Supervisor {
        try Supervisor(
            id: "root", strategy: strategy, intensity: intensity, autoShutdown: autoShutdown, clock: clock,
            executor: executor, random: { 0 }, observer: observer, children: children
        )
    }

    /// Runs a supervisor over children a, b, c, … and forgets the log of the start.
    func running(
        _ strategy: RestartStrategy, intensity: RestartIntensity = .unlimited, _ children: [ChildSpec]
    ) throws -> Supervisor {
        let supervisor = try supervisor(strategy, intensity: intensity, children)
        run(supervisor)
        _ = takeLog()
        return supervisor
    }

    /// Runs a dynamic supervisor of puppets with these keys and forgets the log of the start.
    func dynamic(
        limit: Int = .max, intensity: RestartIntensity = .unlimited, scope: IntensityScope = .perChild,
        restart: RestartType = .transient, shutdown: ShutdownPolicy = .grace(.seconds(5)), backoff: Backoff? = nil,
        observer: (@Sendable (SupervisionEvent) -> Void)? = nil, _ keys: [String] = []
    ) throws -> DynamicSupervisor<String> {
        let supervisor = DynamicSupervisor<String>(
            id: "dynamic", limit: limit, intensity: intensity, scope: scope, restart: restart, shutdown: shutdown,
            backoff: backoff, clock: clock, executor: executor, random: { 0 }, observer: observer
        ) { _, context in
            try await self.child(context)
        }
        for key in keys { try supervisor.startChild(key) }
        run(supervisor)
        _ = takeLog()
        return supervisor
    }
}

/// Collects what a synchronous observer sees.
final class EventLog: Sendable {
    private let list = Mutex<[SupervisionEvent]>([])

    var events: [SupervisionEvent] { list.withLock { $0 } }
    var texts: [String] { events.map(\.description) }

    var observer: @Sendable (SupervisionEvent) -> Void {
        { event in self.list.withLock { $0.append(event) } }
    }

    /// The texts since the last time they were taken.
    func take() -> [String] {
        list.withLock { list in
            defer { list = [] }
            return list.map(\.description)
        }
    }
}

extension NodeSnapshot {
    /// The state of the node at a path, `nil` when there is none.
    func state(_ path: NodePath) -> NodeState? { self[path]?.state }
}

/// A child that waits for the test's orders.
struct PuppetChild: Child {
    let id: String
    let bench: Bench
    let context: ChildContext
    let manners: Bench.Manners

    func run() async throws {
        bench.note("+\(id)")
        defer { bench.note("-\(id)") }
        let (id, bench, manners) = (id, bench, manners)
        let order = await withTaskCancellationHandler {
            await bench.order(for: id)
        } onCancel: {
            if manners.mindsCancel { bench.tellOnly(id, .end) }
        }
        try Task.checkCancellation()
        switch order {
        case .end: return
        case .shutdown: throw ShutdownExit()
        case .crash(let text): throw Bench.Crash(text)
        }
    }

    func stop(within grace: Duration?) async throws {
        bench.note("!\(id)")
        guard manners.mindsCancel || manners.mindsStop else { return }
        guard manners.mindsStop else { throw CancellationError() }
        bench.tellOnly(id, .end)
    }
}
