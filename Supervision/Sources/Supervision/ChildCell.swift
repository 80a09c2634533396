import Synchronization

/// What stays the same for a child over its incarnations.
final class ChildRecord: Sendable {
    let id: String
    let key: (any Sendable)?
    let slot: Int
    let blueprint: ChildBlueprint

    init(id: String, key: (any Sendable)?, slot: Int, blueprint: ChildBlueprint) {
        self.id = id
        self.key = key
        self.slot = slot
        self.blueprint = blueprint
    }
}

/// One incarnation of a child: its task, and what it shares with its supervisor.
final class ChildCell: Sendable {
    /// What few children need, made when first used.
    private struct Extras {
        var status: StatusCell?
        var stopWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var closers: [@Sendable () -> Void] = []
        var inner: [SupervisorCore] = []
        var stopTask: Task<Void, Never>?
    }

    private final class ExtrasBox {
        var extras = Extras()
    }

    private struct State {
        var task: Task<Void, Never>?
        var child: (any Child)?
        var cancelled = false
        var stopRequested = false
        var observesStop = false
        var progressed = false
        var closed = false
        var box: ExtrasBox?

        mutating func madeBox() -> ExtrasBox {
            let box = self.box ?? ExtrasBox()
            self.box = box
            return box
        }
    }

    /// What an ended incarnation leaves behind.
    struct Remains {
        let progressed: Bool
        /// It was told to stop, or was cancelled.
        let stopping: Bool
    }

    let record: ChildRecord
    let incarnation: Int
    let core: SupervisorCore
    private let state = Mutex(State())

    init(record: ChildRecord, incarnation: Int, core: SupervisorCore) {
        self.record = record
        self.incarnation = incarnation
        self.core = core
    }

    // MARK: The task

    /// Takes the incarnation's task, which may have been cancelled, or have ended, before it got here.
    func adopt(_ task: Task<Void, Never>) {
        let cancelled = state.withLock { state in
            if !state.closed { state.task = task }
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

    func setChild(_ child: any Child) {
        state.withLock { $0.child = child }
    }

    /// Ends the incarnation's rights: registrations go, and so do waits for its stop.
    func close() -> Remains {
        let (remains, extras) = state.withLock { state in
            let extras = state.box?.extras
            state.closed = true
            state.task = nil
            state.child = nil
            state.box = nil
            return (
                Remains(progressed: state.progressed, stopping: state.stopRequested || state.cancelled), extras
            )
        }
        if let extras {
            extras.stopTask?.cancel()
            for closer in extras.closers { closer() }
            for (_, waiter) in extras.stopWaiters.sorted(by: { $0.key < $1.key }) { waiter.resume() }
        }
        return remains
    }

    // MARK: For the child

    var status: StatusCell {
        state.withLock { state in
            if let status = state.box?.extras.status { return status }
            let status = StatusCell(id: record.id, kind: record.blueprint.kind, time: core.time)
            if !state.closed { state.madeBox().extras.status = status }
            return status
        }
    }

    func reportProgress() {
        state.withLock { $0.progressed = true }
    }

    func observeStop() -> Bool {
        state.withLock { state in
            state.observesStop = true
            return state.stopRequested || state.cancelled || state.closed
        }
    }

    func stopRequested() async {
        let number = state.withLock { state in
            state.observesStop = true
            state.madeBox().extras.nextWaiter += 1
            return state.madeBox().extras.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let over = state.withLock { state in
                    if state.stopRequested || state.closed || Task.isCancelled { return true }
                    state.madeBox().extras.stopWaiters[number] = continuation
                    return false
                }
                if over { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.box?.extras.stopWaiters.removeValue(forKey: number) }
            waiter?.resume()
        }
    }

    /// Registers what to undo at the end; false when the end has been.
    func onClose(_ closer: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard !state.closed else { return false }
            state.madeBox().extras.closers.append(closer)
            return true
        }
    }

    func attach(_ inner: SupervisorCore) {
        state.withLock { state in
            if !state.closed { state.madeBox().extras.inner.append(inner) }
        }
    }

    // MARK: For the supervisor

    /// Delivers the stop request in the way the child can take it.
    func requestStop() {
        let (child, observes, waiters) = state.withLock { state in
            state.stopRequested = true
            guard let box = state.box else {
                return (state.child, state.observesStop, [CheckedContinuation<Void, Never>]())
            }
            let waiters = box.extras.stopWaiters.sorted { $0.key < $1.key }.map(\.value)
            box.extras.stopWaiters = [:]
            return (state.child, state.observesStop, waiters)
        }
        for waiter in waiters { waiter.resume() }
        guard let child else { return cancel() }
        if child is ClosureChild {
            if !observes { cancel() }
        } else if let node = child as? any SupervisorNode {
            node.core.stop()
        } else {
            askToStop(child)
        }
    }

    private func askToStop(_ child: any Child) {
        let task = core.makeTask { [self] in
            do {
                try await child.stop(within: record.blueprint.shutdown.grace)
            } catch {
                if !state.withLock({ $0.observesStop }) { cancel() }
            }
        }
        let closed = state.withLock { state in
            if !state.closed { state.madeBox().extras.stopTask = task }
            return state.closed
        }
        if closed { task.cancel() }
    }

    /// What a snapshot needs of the child itself.
    struct Parts {
        /// The child's kind, if it is a supervisor.
        let kind: NodeKind?
        /// The supervisors whose children are shown as the child's.
        let supervisors: [SupervisorCore]
        let status: StatusCell?
    }

    var parts: Parts {
        let (child, extras) = state.withLock { ($0.child, $0.box?.extras) }
        let own = (child as? any SupervisorNode)?.core
        var supervisors = extras?.inner ?? []
        if let own, !supervisors.contains(where: { $0 === own }) { supervisors.insert(own, at: 0) }
        return Parts(kind: own?.kind, supervisors: supervisors, status: extras?.status)
    }
}
