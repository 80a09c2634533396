import Synchronization

/// The engine of both kinds of supervisor: asks the state machine under a lock and does what it says outside of it.
///
/// No actor, so that a snapshot or a stop request never waits for an executor.
final class SupervisorCore: Sendable {
    /// What a supervisor under another one inherits.
    struct Surroundings: Sendable {
        let time: TimeSource
        let executor: (any TaskExecutor)?
        let random: @Sendable () -> Double
        let hub: EventHub
        let parent: ChildCell?

        static func root<C: Clock>(
            id: String, clock: C, executor: (any TaskExecutor)?, random: @escaping @Sendable () -> Double,
            observer: (@Sendable (SupervisionEvent) -> Void)?
        ) -> Surroundings where C.Duration == Duration {
            Surroundings(
                time: TimeSource(clock), executor: executor, random: random,
                hub: EventHub(parent: nil, id: id, observer: observer), parent: nil
            )
        }

        static func under(
            _ context: ChildContext, observer: (@Sendable (SupervisionEvent) -> Void)?
        ) -> Surroundings {
            let cell = context.cell
            return Surroundings(
                time: cell.core.time, executor: cell.core.executor, random: cell.core.random,
                hub: EventHub(parent: cell.core.hub, id: context.id, observer: observer), parent: cell
            )
        }
    }

    struct State {
        var machine: Supervisor.StateMachine
        var records: [ChildRecord?] = []
        var cells: [ChildCell?] = []
        var index: [String: Int] = [:]
        var abandoned: [ObjectIdentifier: ChildRecord] = [:]
        var sleeper: Sleeper?
        var runner: Runner = .notYet
        var waiters = ChildWaiters()
    }

    /// Who called `run()`.
    enum Runner {
        case notYet
        case called
        case waiting(CheckedContinuation<Void, Never>)
    }

    let id: String
    let kind: NodeKind
    let limit: Int
    let time: TimeSource
    let executor: (any TaskExecutor)?
    let random: @Sendable () -> Double
    let hub: EventHub
    let created: Duration
    let state: Mutex<State>

    init(id: String, kind: NodeKind, rules: Supervisor.StateMachine.Rules, limit: Int, in surroundings: Surroundings) {
        self.id = id
        self.kind = kind
        self.limit = limit
        time = surroundings.time
        executor = surroundings.executor
        random = surroundings.random
        hub = surroundings.hub
        created = time.now
        state = Mutex(State(machine: Supervisor.StateMachine(rules: rules, random: surroundings.random)))
        surroundings.parent?.attach(self)
    }

    // MARK: Life

    func run() async throws {
        try decide { state, now throws(SupervisionError) in
            guard case .notYet = state.runner else {
                throw SupervisionError(
                    .alreadyRun, "A supervisor runs only once.", hint: "Let the factory make a new one each time."
                )
            }
            state.runner = .called
            return state.machine.begin(at: now)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let over = state.withLock { state in
                    if case .stopped = state.machine.phase { return true }
                    state.runner = .waiting(continuation)
                    return false
                }
                if over { continuation.resume() }
            }
        } onCancel: {
            stop()
        }
        if let error = failure { throw error }
        try Task.checkCancellation()
    }

    func stop() {
        decide { state, now in state.machine.stop(at: now) }
    }

    /// The error of a supervisor that has escalated.
    private var failure: SupervisionError? {
        state.withLock { state in
            guard case .stopped(.escalated(let slot, let reason)) = state.machine.phase else { return nil }
            let name = state.records[slot]?.id ?? ""
            return SupervisionError(
                .restartLimitReached, "Child \"\(name)\" of supervisor \"\(id)\" failed too often.",
                hint: "Look at the child's last error; raise the intensity only if such failures are to be expected.",
                underlying: reason.failure?.error
            )
        }
    }

    // MARK: Deciding and doing

    /// Asks the machine under the lock, then carries out its actions outside of it.
    func decide<E: Error>(
        _ event: (inout State, Duration) throws(E) -> [Supervisor.StateMachine.Action]
    ) throws(E) {
        let work = try state.withLock { state throws(E) in
            let now = time.now
            let actions = try event(&state, now)
            return effects(of: actions, &state, now)
        }
        perform(work)
    }

    func perform(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .spawn(let cell): spawn(cell)
            case .requestStop(let cell): cell.requestStop()
            case .cancel(let cell): cell.cancel()
            case .close(let cell): _ = cell.close()
            case .sleep(let sleeper): sleep(sleeper)
            case .wake(let sleeper): sleeper.cancel()
            case .resume(let waiters, let result): for waiter in waiters { waiter.resume(with: result) }
            case .deliver: hub.deliver()
            case .finish(let runner):
                hub.finish()
                if case .waiting(let continuation) = runner { continuation.resume() }
            }
        }
    }

    /// Makes a task where the tree's tasks run. Its owner, a cell or a sleeper, cancels it.
    func makeTask(_ body: @escaping @concurrent @Sendable () async -> Void) -> Task<Void, Never> {
        if let executor { return Task.detached(executorPreference: executor, operation: body) }
        return Task.detached(operation: body)
    }

    private func spawn(_ cell: ChildCell) {
        // Not by way of makeTask: one more async frame here costs each child another kilobyte of task memory.
        if let executor {
            cell.adopt(Task.detached(executorPreference: executor) { await self.live(cell) })
        } else {
            cell.adopt(Task.detached { await self.live(cell) })
        }
    }

    /// One incarnation from factory to exit.
    private func live(_ cell: ChildCell) async {
        do {
            let child = try await cell.record.blueprint.factory(ChildContext(cell: cell))
            guard started(cell, child) else { return exited(cell, .shutdown) }
            try await child.run()
            exited(cell, nil)
        } catch {
            exited(cell, error)
        }
    }

    private func started(_ cell: ChildCell, _ child: any Child) -> Bool {
        let slot = cell.record.slot
        cell.setChild(child)
        var mayRun = false
        decide { state, now in
            guard state.cells[slot] === cell else { return [] }
            let actions = state.machine.childStarted(slot, at: now)
            mayRun = state.machine.slots[slot].state == .running
            return actions
        }
        return mayRun
    }

    private func exited(_ cell: ChildCell, _ reason: ExitReason) {
        let progressed = cell.close().progressed
        let slot = cell.record.slot
        decide { state, now in
            guard state.cells[slot] === cell else {
                state.abandoned[ObjectIdentifier(cell)] = nil
                return []
            }
            state.cells[slot] = nil
            return state.machine.childExited(slot, reason, progressed: progressed, at: now)
        }
    }

    private func exited(_ cell: ChildCell, _ error: (any Error)?) {
        let stopping = cell.close().stopping
        let reason = error.map { ExitReason($0, stopping: stopping) } ?? (stopping ? .shutdown : .normal)
        exited(cell, reason)
    }

    private func sleep(_ sleeper: Sleeper) {
        let task = makeTask {
            try? await self.time.sleep(until: sleeper.deadline)
            self.woke(sleeper)
        }
        sleeper.adopt(task)
    }

    private func woke(_ sleeper: Sleeper) {
        decide { state, now in
            guard state.sleeper === sleeper else { return [] }
            state.sleeper = nil
            return state.machine.timePassed(at: now)
        }
    }
}
