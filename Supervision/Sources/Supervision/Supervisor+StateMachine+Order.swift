// Sequences: who is stopped and started along with whom, and in which order.

extension Supervisor.StateMachine {
    mutating func makePending(_ slot: Int) {
        slots[slot].state = .pending
        startCursor = min(startCursor, slots[slot].position)
    }

    /// Marks the siblings that the strategy restarts along with a child; `advance` then stops and starts them.
    mutating func recycleSiblings(of slot: Int, at now: Duration) {
        guard rules.strategy != .oneForOne else { return }
        let first = rules.strategy == .oneForAll ? 0 : slots[slot].position + 1
        for position in first..<max(first, order.count) where order[position] != slot {
            let sibling = order[position]
            switch slots[sibling].state {
            case .starting, .running, .stopping, .cancelling:
                if slots[sibling].goal == .keep { slots[sibling].goal = .recycle }
            case .ended:
                makePending(sibling)
            case .vacant, .terminated, .pending, .backingOff:
                break
            }
        }
        stopCursor = order.count - 1
    }

    mutating func beginStop(_ outcome: Outcome, at now: Duration) {
        guard acceptsChildren else { return }
        let unordered = !rules.ordered
        phase = .stopping(outcome)
        for slot in slots.indices.reversed() {
            switch slots[slot].state {
            case .starting, .running, .stopping, .cancelling:
                slots[slot].goal = .shutdown
                if unordered { tell(slot, at: now) }
            case .pending, .backingOff:
                timers.cancel(slot)
                settle(slot, as: .terminated, at: now)
            case .vacant, .ended, .terminated:
                break
            }
        }
        if !unordered { stopCursor = order.count - 1 }
        advance(at: now)
    }

    /// Takes the sequences as far as they go: first stops, in reverse order, then starts, in order.
    mutating func advance(at now: Duration) {
        if stopCursor != nil {
            guard advanceStops(at: now) else { return }
        }
        switch phase {
        case .idle, .stopped: break
        case .stopping(let outcome):
            guard live == 0 else { return }
            phase = .stopped(outcome)
            actions.append(.finish(outcome))
        case .running:
            if rules.ordered { advanceStarts(at: now) }
        }
    }

    /// Tells the last child that has to go; true when none is left.
    private mutating func advanceStops(at now: Duration) -> Bool {
        var position = stopCursor ?? -1
        while position >= 0 {
            let slot = order[position]
            if slots[slot].isLive, [.recycle, .renew, .shutdown].contains(slots[slot].goal) {
                stopCursor = position
                tell(slot, at: now)
                return false
            }
            position -= 1
        }
        stopCursor = nil
        return true
    }

    /// Starts the next child whose turn it is.
    private mutating func advanceStarts(at now: Duration) {
        while startCursor < order.count {
            let slot = order[startCursor]
            switch slots[slot].state {
            case .pending: return start(slot, at: now)
            case .starting: return
            case .backingOff where rules.strategy != .oneForOne: return
            default: startCursor += 1
            }
        }
    }
}
