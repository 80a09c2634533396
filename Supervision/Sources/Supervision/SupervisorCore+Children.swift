import Synchronization

/// A supervisor, of whichever kind, as its parent sees it.
protocol SupervisorNode: Child {
    var core: SupervisorCore { get }
}

// Requests about single children.
extension SupervisorCore {
    func add(id childID: String, key: (any Sendable)? = nil, _ blueprint: ChildBlueprint) throws(SupervisionError) {
        try decide { state, now throws(SupervisionError) in
            guard state.machine.acceptsChildren else { throw Self.stopping }
            guard state.index[childID] == nil else {
                throw SupervisionError(.duplicateChild, "Supervisor \"\(id)\" has a child of that name already.")
            }
            guard state.machine.count < limit else {
                throw SupervisionError(
                    .childLimitReached, "Supervisor \"\(id)\" has \(limit) children, which is its limit.",
                    hint: "Wait until one has ended, or raise the limit."
                )
            }
            let (slot, actions) = state.machine.add(blueprint, at: now)
            if slot == state.records.count {
                state.records.append(nil)
                state.cells.append(nil)
            }
            state.records[slot] = ChildRecord(id: childID, key: key, slot: slot, blueprint: blueprint)
            state.index[childID] = slot
            return actions
        }
    }

    /// Asks a child to end for good; returns when it has, or was abandoned.
    func terminate(_ childID: String) async throws {
        var found: ChildRecord?
        try decide { state, now throws(SupervisionError) in
            let slot = try Self.slot(childID, in: state)
            found = state.records[slot]
            return state.machine.terminate(slot, at: now)
        }
        if let found { _ = try await wait(for: found, up: false) }
    }

    func restart(_ childID: String) throws(SupervisionError) {
        try decide { state, now throws(SupervisionError) in
            let slot = try Self.slot(childID, in: state)
            guard state.machine.phase == .running else { throw Self.stopping }
            guard state.machine.slots[slot].goal != .terminate else {
                throw SupervisionError(.childRunning, "The child is being stopped.", hint: "Wait until it is down.")
            }
            return state.machine.restart(slot, at: now)
        }
    }

    func restart(_ path: ArraySlice<String>) throws(SupervisionError) {
        guard let first = path.first else {
            throw SupervisionError(
                .childNotFound, "A supervisor cannot restart itself.", hint: "Name a node below it, or ask its parent."
            )
        }
        let rest = path.dropFirst()
        guard !rest.isEmpty else { return try restart(first) }
        let cell = state.withLock { state in state.index[first].flatMap { state.cells[$0] } }
        for supervisor in cell?.parts.supervisors ?? [] where supervisor.has(rest[rest.startIndex]) {
            return try supervisor.restart(rest)
        }
        throw SupervisionError(.childNotFound, "There is no such node, or it is part of a child and not a child.")
    }

    func delete(_ childID: String) throws(SupervisionError) {
        try decide { state, now throws(SupervisionError) in
            let slot = try Self.slot(childID, in: state)
            switch state.machine.slots[slot].state {
            case .ended, .terminated: return state.machine.delete(slot)
            default:
                throw SupervisionError(.childRunning, "The child is not down.", hint: "Terminate it first.")
            }
        }
    }

    func has(_ childID: String) -> Bool {
        state.withLock { $0.index[childID] != nil }
    }

    var count: Int {
        state.withLock { $0.machine.count }
    }

    /// Waits until a child runs.
    func waitUntilRunning(_ childID: String) async throws -> Int {
        let record = try state.withLock { state throws(SupervisionError) in
            state.records[try Self.slot(childID, in: state)]
        }
        guard let record else { throw Self.notFound }
        return try await wait(for: record, up: true)
    }

    /// Waits until a child is down for good; one that does not exist is.
    func waitUntilEnded(_ childID: String) async throws {
        let record = state.withLock { state in state.index[childID].flatMap { state.records[$0] } }
        if let record { _ = try await wait(for: record, up: false) }
    }

    private func wait(for record: ChildRecord, up: Bool) async throws -> Int {
        let token = state.withLock { $0.waiters.makeToken() }
        let slot = record.slot
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let known = state.withLock { state -> Result<Int, any Error>? in
                    if let known = Self.known(record, up: up, in: state) { return known }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if up {
                        state.waiters.addStart(slot, token, continuation)
                    } else {
                        state.waiters.addEnd(slot, token, continuation)
                    }
                    return nil
                }
                if let known { continuation.resume(with: known) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.take(slot, token: token) }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// The answer to a wait, if it need not wait.
    private static func known(_ record: ChildRecord, up: Bool, in state: State) -> Result<Int, any Error>? {
        guard state.records[record.slot] === record else {
            return up ? .failure(notRunning(Supervisor.StateMachine.Slot())) : .success(0)
        }
        let slot = state.machine.slots[record.slot]
        switch slot.state {
        case .running where up: return .success(slot.incarnation)
        case .ended, .terminated, .vacant:
            return up ? .failure(notRunning(slot)) : .success(slot.incarnation)
        default: return nil
        }
    }

    private static func slot(_ childID: String, in state: State) throws(SupervisionError) -> Int {
        guard let slot = state.index[childID] else { throw notFound }
        return slot
    }

    private static var notFound: SupervisionError {
        SupervisionError(.childNotFound, "The supervisor has no such child.")
    }

    private static var stopping: SupervisionError {
        SupervisionError(.notRunning, "The supervisor is stopping, or does not run.")
    }
}
