extension Supervisor {
    /// What a supervisor decides, as a value: events and the time in, actions out.
    ///
    /// Both kinds of supervisor use it; an unordered one (dynamic) has no sequences and forgets children that ended.
    /// Children are named by slot numbers; whose they are, and the tasks behind them, is the caller's business.
    struct StateMachine {
        /// What differs from supervisor to supervisor.
        struct Rules {
            var strategy = RestartStrategy.oneForOne
            var intensity = RestartIntensity.default
            var scope = IntensityScope.supervisor
            var autoShutdown = AutoShutdown.never
            /// Children start one after another and stop one after another, in reverse.
            var ordered = true
            /// Children that are down for good are forgotten.
            var forgets = false
        }

        enum Action: Equatable {
            /// Build the next incarnation and report back with `childStarted` or `childExited`.
            case start(Int, incarnation: Int)
            case requestStop(Int)
            case cancel(Int)
            /// Stop listening to the incarnation, which goes on by itself.
            case abandon(Int)
            /// The child is down for good, but its spec is kept.
            case settled(Int)
            /// The child is down for good and its slot may be used again.
            case removed(Int)
            case report(Int, SupervisionEvent.Kind)
            case finish(Outcome)
        }

        /// How the supervisor ends.
        enum Outcome: Equatable {
            case stopped
            case escalated(slot: Int, ExitReason)
        }

        enum Phase: Equatable {
            case idle
            case running
            case stopping(Outcome)
            case stopped(Outcome)
        }

        enum State: Equatable {
            case vacant
            /// Down for good, by itself.
            case ended
            /// Down for good, because it was told to.
            case terminated
            /// Will be started when its turn comes.
            case pending
            case backingOff(until: Duration)
            case starting
            case running
            case stopping(until: Duration?)
            case cancelling(until: Duration)
        }

        /// What happens to a live child once it has ended.
        enum Goal: Equatable {
            case keep
            /// Started again along with a sibling, unless it is temporary.
            case recycle
            /// Started again because somebody asked for it.
            case renew
            case terminate
            case shutdown
        }

        struct Slot {
            var blueprint: ChildBlueprint?
            var state = State.vacant
            var goal = Goal.keep
            var incarnation = 0
            var restarts = 0
            /// Restarts in a row without progress.
            var attempt = 0
            var window = RestartWindow()
            /// When the incarnation was started, and once it runs, when that began.
            var since = Duration.zero
            /// When it went down, was told to stop, or began to wait.
            var told = Duration.zero
            var lastFailure: ExitReason.Failure?
            var position = 0

            var isLive: Bool {
                switch state {
                case .starting, .running, .stopping, .cancelling: true
                case .vacant, .ended, .terminated, .pending, .backingOff: false
                }
            }

            var isTold: Bool {
                switch state {
                case .stopping, .cancelling: true
                default: false
                }
            }
        }

        let rules: Rules
        private let random: @Sendable () -> Double
        var phase = Phase.idle
        var slots: [Slot] = []
        /// The number of children, live or not.
        private(set) var count = 0
        /// The number of live children, the abandoned left out.
        var live = 0
        /// Slots in order of declaration; empty in an unordered supervisor.
        var order: [Int] = []
        var timers = TimerQueue()
        /// The position that the stop sequence has come down to, while there is one.
        var stopCursor: Int?
        /// No position below this is waiting for its turn to start.
        var startCursor = 0
        var actions: [Action] = []
        private var free: [Int] = []
        private var window = RestartWindow()

        init(rules: Rules, random: @escaping @Sendable () -> Double = { 0 }) {
            self.rules = rules
            self.random = random
        }

        var nextDeadline: Duration? {
            mutating get { timers.next }
        }

        var acceptsChildren: Bool { phase == .idle || phase == .running }

        /// Takes what has been decided since the last time.
        private mutating func decided() -> [Action] {
            let result = actions
            actions = []
            return result
        }
    }
}

// MARK: - Events

extension Supervisor.StateMachine {
    mutating func begin(at now: Duration) -> [Action] {
        guard phase == .idle else { return [] }
        phase = .running
        if rules.ordered {
            advance(at: now)
        } else {
            for slot in slots.indices where slots[slot].state == .pending { start(slot, at: now) }
        }
        return decided()
    }

    mutating func add(_ blueprint: ChildBlueprint, at now: Duration) -> (slot: Int, actions: [Action]) {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        slots[slot] = Slot(blueprint: blueprint, state: .pending, told: now)
        count += 1
        if rules.ordered {
            slots[slot].position = order.count
            order.append(slot)
            advance(at: now)
        } else if phase == .running {
            start(slot, at: now)
        }
        return (slot, decided())
    }

    /// The factory has built the incarnation. It may run if its state is `running` now.
    mutating func childStarted(_ slot: Int, at now: Duration) -> [Action] {
        guard slots[slot].state == .starting else { return [] }
        slots[slot].state = .running
        slots[slot].since = now
        actions.append(.report(slot, .started(incarnation: slots[slot].incarnation)))
        advance(at: now)
        return decided()
    }

    mutating func childExited(_ slot: Int, _ reason: ExitReason, progressed: Bool, at now: Duration) -> [Action] {
        guard slots[slot].isLive else { return [] }
        actions.append(.report(slot, .exited(incarnation: slots[slot].incarnation, reason)))
        if let failure = reason.failure { slots[slot].lastFailure = failure }
        if progressed || ranLongEnough(slots[slot], at: now) { slots[slot].attempt = 0 }
        liveEnded(slot, reason, at: now)
        return decided()
    }

    mutating func timePassed(at now: Duration) -> [Action] {
        while let slot = timers.popDue(at: now) {
            switch slots[slot].state {
            case .backingOff: backoffEnded(slot, at: now)
            case .stopping: cancel(slot, at: now)
            case .cancelling:
                actions.append(.report(slot, .abandoned(incarnation: slots[slot].incarnation)))
                actions.append(.abandon(slot))
                liveEnded(slot, .shutdown, at: now)
            default: break
            }
        }
        return decided()
    }

    mutating func stop(at now: Duration) -> [Action] {
        beginStop(.stopped, at: now)
        return decided()
    }

    /// Stops one child for good; `settled` or `removed` tells when.
    mutating func terminate(_ slot: Int, at now: Duration) -> [Action] {
        switch slots[slot].state {
        case .vacant: break
        case .ended, .terminated, .pending, .backingOff:
            timers.cancel(slot)
            settle(slot, as: .terminated, at: now)
            advance(at: now)
        case .starting, .running, .stopping, .cancelling:
            if slots[slot].goal != .shutdown { slots[slot].goal = .terminate }
            tell(slot, at: now)
        }
        return decided()
    }

    /// Starts a fresh incarnation, of the siblings too where the strategy says so. It counts against no limit.
    ///
    /// Not for a child that is being terminated.
    mutating func restart(_ slot: Int, at now: Duration) -> [Action] {
        guard phase == .running, slots[slot].goal != .terminate else { return [] }
        slots[slot].attempt = 0
        timersForRestart(slot)
        if slots[slot].isLive {
            slots[slot].goal = .renew
            if rules.strategy == .oneForOne { tell(slot, at: now) }
        } else if rules.strategy == .oneForOne {
            start(slot, at: now)
        } else {
            makePending(slot)
        }
        recycleSiblings(of: slot, at: now)
        advance(at: now)
        return decided()
    }

    /// Forgets a child that is down for good.
    mutating func delete(_ slot: Int) -> [Action] {
        switch slots[slot].state {
        case .ended, .terminated: remove(slot)
        default: break
        }
        return decided()
    }

    private mutating func timersForRestart(_ slot: Int) {
        if case .backingOff = slots[slot].state { timers.cancel(slot) }
    }
}

// MARK: - One child's life

extension Supervisor.StateMachine {
    mutating func start(_ slot: Int, at now: Duration) {
        slots[slot].state = .starting
        slots[slot].goal = .keep
        slots[slot].incarnation += 1
        slots[slot].since = now
        live += 1
        actions.append(.start(slot, incarnation: slots[slot].incarnation))
    }

    /// Begins a live child's way out, unless that has begun.
    mutating func tell(_ slot: Int, at now: Duration) {
        guard let policy = slots[slot].blueprint?.shutdown, !slots[slot].isTold else { return }
        guard slots[slot].state == .running, policy.asks else { return cancel(slot, at: now) }
        let deadline = policy.grace.map { now + $0 }
        slots[slot].told = now
        slots[slot].state = .stopping(until: deadline)
        if let deadline { timers.set(slot, at: deadline) }
        actions.append(.requestStop(slot))
    }

    private mutating func cancel(_ slot: Int, at now: Duration) {
        let deadline = now + (slots[slot].blueprint?.shutdown.abandonAfter ?? .zero)
        slots[slot].state = .cancelling(until: deadline)
        slots[slot].told = now
        timers.set(slot, at: deadline)
        actions.append(.cancel(slot))
    }

    /// The incarnation has exited or was abandoned.
    private mutating func liveEnded(_ slot: Int, _ reason: ExitReason, at now: Duration) {
        live -= 1
        if slots[slot].isTold { timers.cancel(slot) }
        let goal = slots[slot].goal
        slots[slot].goal = .keep
        switch goal {
        case .keep: endedByItself(slot, reason, at: now)
        case .terminate, .shutdown: settle(slot, as: .terminated, at: now)
        case .recycle, .renew:
            if goal == .recycle, slots[slot].blueprint?.restart == .temporary {
                settle(slot, as: .ended, at: now)
            } else if rules.strategy == .oneForOne {
                start(slot, at: now)
            } else {
                makePending(slot)
            }
        }
        advance(at: now)
    }

    private mutating func endedByItself(_ slot: Int, _ reason: ExitReason, at now: Duration) {
        guard let blueprint = slots[slot].blueprint else { return }
        guard blueprint.restart.restarts(after: reason) else { return endForGood(slot, blueprint, at: now) }
        slots[slot].attempt += 1
        guard !exceedsLimit(slot, blueprint, at: now) else {
            if rules.scope == .perChild {
                actions.append(.report(slot, .gaveUp(reason)))
                return endForGood(slot, blueprint, at: now)
            }
            actions.append(.report(slot, .escalated(reason)))
            settle(slot, as: .ended, at: now, evenIfForgotten: false)
            return beginStop(.escalated(slot: slot, reason), at: now)
        }
        slots[slot].restarts += 1
        let delay = blueprint.backoff?.delay(attempt: slots[slot].attempt, random: random()) ?? .zero
        actions.append(.report(slot, .restarting(after: delay)))
        scheduleRestart(slot, after: delay, at: now)
    }

    private mutating func exceedsLimit(_ slot: Int, _ blueprint: ChildBlueprint, at now: Duration) -> Bool {
        if let limit = blueprint.backoff?.maxRestarts { return slots[slot].attempt > limit }
        switch rules.scope {
        case .supervisor: return window.exceeds(rules.intensity, restartingAt: now)
        case .perChild: return slots[slot].window.exceeds(rules.intensity, restartingAt: now)
        }
    }

    private mutating func scheduleRestart(_ slot: Int, after delay: Duration, at now: Duration) {
        if delay > .zero {
            slots[slot].state = .backingOff(until: now + delay)
            slots[slot].told = now
            timers.set(slot, at: now + delay)
        } else if rules.strategy == .oneForOne {
            start(slot, at: now)
        } else {
            makePending(slot)
        }
        recycleSiblings(of: slot, at: now)
    }

    private mutating func backoffEnded(_ slot: Int, at now: Duration) {
        if rules.strategy == .oneForOne {
            start(slot, at: now)
        } else {
            makePending(slot)
            advance(at: now)
        }
    }

    private mutating func endForGood(_ slot: Int, _ blueprint: ChildBlueprint, at now: Duration) {
        let counts = blueprint.significant && blueprint.restart != .permanent
        settle(slot, as: .ended, at: now)
        guard counts, phase == .running else { return }
        switch rules.autoShutdown {
        case .never: break
        case .anySignificant: beginStop(.stopped, at: now)
        case .allSignificant:
            let remaining = slots.contains { slot in
                slot.blueprint?.significant == true && slot.blueprint?.restart != .permanent
                    && slot.state != .ended && slot.state != .terminated
            }
            if !remaining { beginStop(.stopped, at: now) }
        }
    }

    mutating func settle(_ slot: Int, as state: State, at now: Duration, evenIfForgotten: Bool = true) {
        slots[slot].state = state
        slots[slot].told = now
        if evenIfForgotten, rules.forgets || slots[slot].blueprint?.restart == .temporary {
            remove(slot)
        } else {
            actions.append(.settled(slot))
        }
    }

    private mutating func remove(_ slot: Int) {
        if rules.ordered {
            let position = slots[slot].position
            order.remove(at: position)
            for later in position..<order.count { slots[order[later]].position = later }
            if stopCursor != nil { stopCursor = order.count - 1 }
            startCursor = min(startCursor, position)
        }
        slots[slot].state = .vacant
        slots[slot].blueprint = nil
        free.append(slot)
        count -= 1
        actions.append(.removed(slot))
    }

    /// Drops what is remembered of a removed child, once its removal has been told.
    mutating func clear(_ slot: Int) {
        if slots[slot].state == .vacant { slots[slot] = Slot() }
    }

    private func ranLongEnough(_ slot: Slot, at now: Duration) -> Bool {
        guard let enough = slot.blueprint?.backoff?.resetAfter, slot.state != .starting else { return false }
        return now - slot.since >= enough
    }
}
