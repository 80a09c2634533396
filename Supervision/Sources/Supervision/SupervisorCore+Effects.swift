import Synchronization

extension SupervisorCore {
    /// What is to be done outside the lock.
    enum Effect {
        case spawn(ChildCell)
        case requestStop(ChildCell)
        case cancel(ChildCell)
        case close(ChildCell)
        case sleep(Sleeper)
        case wake(Sleeper)
        case resume([ChildWaiters.Continuation], Result<Int, any Error>)
        case deliver
        case finish(Runner)
    }

    /// Brings the books in line with the machine's actions and lists what remains to be done.
    func effects(
        of actions: [Supervisor.StateMachine.Action], _ state: inout State, _ now: Duration
    ) -> [Effect] {
        var effects: [Effect] = []
        let active = hub.isActive
        for action in actions {
            switch action {
            case .start(let slot, let incarnation):
                guard let record = state.records[slot] else { continue }
                let cell = ChildCell(record: record, incarnation: incarnation, core: self)
                state.cells[slot] = cell
                effects.append(.spawn(cell))
            case .requestStop(let slot):
                if let cell = state.cells[slot] { effects.append(.requestStop(cell)) }
            case .cancel(let slot):
                if let cell = state.cells[slot] { effects.append(.cancel(cell)) }
            case .abandon(let slot):
                guard let cell = state.cells[slot] else { continue }
                state.cells[slot] = nil
                state.abandoned[ObjectIdentifier(cell)] = cell.record
                effects.append(.close(cell))
            case .settled(let slot):
                down(slot, &state, &effects)
            case .removed(let slot):
                down(slot, &state, &effects)
                if let record = state.records[slot] { state.index[record.id] = nil }
                state.records[slot] = nil
                state.machine.clear(slot)
            case .report(let slot, let kind):
                if case .started(let incarnation) = kind, let waiters = state.waiters.takeStart(slot) {
                    effects.append(.resume(waiters, .success(incarnation)))
                }
                if active, let record = state.records[slot] { hub.enqueue(kind, at: [record.id], time: now) }
            case .finish:
                hub.enqueue(.stopped, at: [], time: now)
                effects.append(.finish(state.runner))
                state.runner = .called
            }
        }
        if active { effects.append(.deliver) }
        setSleeper(&state, &effects)
        return effects
    }

    private func down(_ slot: Int, _ state: inout State, _ effects: inout [Effect]) {
        if let waiters = state.waiters.takeEnd(slot) {
            effects.append(.resume(waiters, .success(state.machine.slots[slot].incarnation)))
        }
        if let waiters = state.waiters.takeStart(slot) {
            effects.append(.resume(waiters, .failure(Self.notRunning(state.machine.slots[slot]))))
        }
    }

    static func notRunning(_ slot: Supervisor.StateMachine.Slot) -> SupervisionError {
        SupervisionError(
            .childNotRunning, "The child is down and stays down.", hint: "Its last exit is in the events.",
            underlying: slot.lastFailure?.error
        )
    }

    /// Keeps one task asleep until the machine's next deadline, and none when there is no deadline.
    private func setSleeper(_ state: inout State, _ effects: inout [Effect]) {
        let next = state.machine.nextDeadline
        if let sleeper = state.sleeper {
            // One that wakes too early finds nothing to do and is replaced then.
            if let next, sleeper.deadline <= next { return }
            effects.append(.wake(sleeper))
            state.sleeper = nil
        }
        guard let next else { return }
        let sleeper = Sleeper(deadline: next)
        state.sleeper = sleeper
        effects.append(.sleep(sleeper))
    }
}

/// The task that waits for a supervisor's next deadline.
final class Sleeper: Sendable {
    let deadline: Duration
    private let state = Mutex<(task: Task<Void, Never>?, cancelled: Bool)>((nil, false))

    init(deadline: Duration) {
        self.deadline = deadline
    }

    func adopt(_ task: Task<Void, Never>) {
        let cancelled = state.withLock { state in
            state.task = task
            return state.cancelled
        }
        if cancelled { task.cancel() }
    }

    func cancel() {
        let task = state.withLock { state in
            state.cancelled = true
            return state.task
        }
        task?.cancel()
    }
}

/// Those who wait for a child to be up, or down.
struct ChildWaiters {
    typealias Continuation = CheckedContinuation<Int, any Error>

    private var start: [Int: [(token: Int, continuation: Continuation)]] = [:]
    private var end: [Int: [(token: Int, continuation: Continuation)]] = [:]
    private var nextToken = 0

    mutating func makeToken() -> Int {
        nextToken += 1
        return nextToken
    }

    mutating func addStart(_ slot: Int, _ token: Int, _ continuation: Continuation) {
        start[slot, default: []].append((token, continuation))
    }

    mutating func addEnd(_ slot: Int, _ token: Int, _ continuation: Continuation) {
        end[slot, default: []].append((token, continuation))
    }

    mutating func takeStart(_ slot: Int) -> [Continuation]? {
        start.isEmpty ? nil : start.removeValue(forKey: slot)?.map(\.continuation)
    }

    mutating func takeEnd(_ slot: Int) -> [Continuation]? {
        end.isEmpty ? nil : end.removeValue(forKey: slot)?.map(\.continuation)
    }

    /// Takes one waiter back, when its task was cancelled.
    mutating func take(_ slot: Int, token: Int) -> Continuation? {
        if let index = start[slot]?.firstIndex(where: { $0.token == token }) {
            return start[slot]?.remove(at: index).continuation
        }
        if let index = end[slot]?.firstIndex(where: { $0.token == token }) {
            return end[slot]?.remove(at: index).continuation
        }
        return nil
    }
}
