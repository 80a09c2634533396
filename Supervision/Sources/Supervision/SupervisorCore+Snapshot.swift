import Synchronization

// What the tree looks like from outside.
extension SupervisorCore {
    private struct Row {
        let record: ChildRecord
        let slot: Supervisor.StateMachine.Slot
        let cell: ChildCell?
    }

    func snapshot() -> NodeSnapshot {
        let now = time.now
        let phase = state.withLock { $0.machine.phase }
        let node = NodeSnapshot(
            id: id, kind: kind, state: phase.nodeState, uptime: (now - created).seconds, waiting: waiting(at: now),
            details: details, abandoned: abandoned, children: childNodes(at: now)
        )
        return node
    }

    /// The children's ids whose abandoned incarnations still go on.
    var abandoned: [String] {
        state.withLock { $0.abandoned.values.map(\.id) }.sorted()
    }

    var children: [ChildInfo] {
        rows().map { row in
            ChildInfo(
                id: row.record.id, kind: row.record.blueprint.kind, state: row.slot.state.nodeState,
                incarnation: row.slot.incarnation, restarts: row.slot.restarts
            )
        }
    }

    var counts: ChildCounts {
        let rows = rows()
        let supervisors = rows.count { [.supervisor, .dynamicSupervisor].contains($0.record.blueprint.kind) }
        return ChildCounts(
            specs: rows.count, active: rows.count { $0.slot.isLive }, supervisors: supervisors,
            workers: rows.count - supervisors
        )
    }

    var keys: [any Sendable] {
        state.withLock { state in state.records.compactMap { $0?.key } }
    }

    private func rows() -> [Row] {
        state.withLock { state in
            let machine = state.machine
            let slots = machine.rules.ordered ? machine.order : Array(machine.slots.indices)
            return slots.compactMap { slot in
                state.records[slot].map { Row(record: $0, slot: machine.slots[slot], cell: state.cells[slot]) }
            }
        }
    }

    private func childNodes(at now: Duration) -> [NodeSnapshot] {
        rows().map { node($0, at: now) }
    }

    private func node(_ row: Row, at now: Duration) -> NodeSnapshot {
        let slot = row.slot
        var node = NodeSnapshot(
            id: row.record.id, kind: row.record.blueprint.kind, state: slot.state.nodeState,
            uptime: slot.isLive ? (now - slot.since).seconds : nil, incarnation: slot.incarnation,
            restarts: slot.restarts, lastError: slot.lastFailure?.description, waiting: slot.waiting(at: now)
        )
        guard let parts = row.cell?.parts else { return node }
        if let kind = parts.kind, [.worker, .supervisor].contains(node.kind) { node.kind = kind }
        for supervisor in parts.supervisors {
            node.abandoned += supervisor.abandoned
            node.children += supervisor.childNodes(at: now)
            if let waiting = supervisor.waiting(at: now) { node.waiting = waiting }
            if node.kind == supervisor.kind { node.details = supervisor.details }
        }
        if let own = parts.status?.merge(into: &node, at: now) { node.details["state"] = own.rawValue }
        return node
    }

    /// The supervisor's rules in words, as details of its node.
    private var details: [String: String] {
        let rules = state.withLock { $0.machine.rules }
        let limits = rules.intensity.description
        guard kind == .dynamicSupervisor else { return ["strategy": "\(rules.strategy.rawValue), \(limits)"] }
        var details = ["strategy": rules.scope == .perChild ? "each \(limits)" : limits]
        if limit < .max { details["limit"] = "\(limit)" }
        return details
    }

    /// Whom a stopping supervisor waits for.
    private func waiting(at now: Duration) -> NodeSnapshot.Waiting? {
        state.withLock { state in
            guard case .stopping = state.machine.phase else { return nil }
            guard let slot = state.machine.slots.lastIndex(where: \.isTold) else { return nil }
            var waiting = state.machine.slots[slot].waiting(at: now)
            waiting?.on = state.records[slot]?.id
            return waiting
        }
    }
}

extension Supervisor.StateMachine.Phase {
    fileprivate var nodeState: NodeState {
        switch self {
        case .idle: .pending
        case .running: .running
        case .stopping: .stopping
        case .stopped(.stopped): .terminated
        case .stopped(.escalated): .ended
        }
    }
}

extension Supervisor.StateMachine.State {
    fileprivate var nodeState: NodeState {
        switch self {
        case .vacant, .terminated: .terminated
        case .ended: .ended
        case .pending: .pending
        case .backingOff: .backingOff
        case .starting: .starting
        case .running: .running
        case .stopping: .stopping
        case .cancelling: .cancelling
        }
    }
}

extension Supervisor.StateMachine.Slot {
    /// What the supervisor itself knows the child to wait for.
    fileprivate func waiting(at now: Duration) -> NodeSnapshot.Waiting? {
        switch state {
        case .pending: wait("its turn to start", now, nil)
        case .backingOff(let until): wait("restart after failure", now, until)
        case .stopping(let until): wait("a graceful end", now, until)
        case .cancelling(let until): wait("an end after cancellation", now, until)
        case .vacant, .ended, .terminated, .starting, .running: nil
        }
    }

    private func wait(_ reason: String, _ now: Duration, _ until: Duration?) -> NodeSnapshot.Waiting {
        NodeSnapshot.Waiting(reason: reason, seconds: (now - told).seconds, deadline: until.map { ($0 - now).seconds })
    }
}
