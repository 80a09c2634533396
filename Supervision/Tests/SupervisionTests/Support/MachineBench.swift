@testable import Supervision

/// A state machine with a clock to turn by hand.
struct MachineBench {
    typealias Machine = Supervisor.StateMachine
    typealias Action = Machine.Action

    var machine: Machine
    var now = Duration.zero

    init(
        _ strategy: RestartStrategy = .oneForOne, intensity: RestartIntensity = .unlimited,
        autoShutdown: AutoShutdown = .never
    ) {
        machine = Machine(
            rules: Machine.Rules(strategy: strategy, intensity: intensity, autoShutdown: autoShutdown)
        )
    }

    /// A machine as a dynamic supervisor uses it.
    init(dynamic intensity: RestartIntensity, scope: IntensityScope = .perChild) {
        machine = Machine(
            rules: Machine.Rules(intensity: intensity, scope: scope, ordered: false, forgets: true)
        )
    }

    /// Runs so many permanent children.
    init(_ strategy: RestartStrategy, running count: Int, intensity: RestartIntensity = .unlimited) {
        self.init(strategy, intensity: intensity)
        for _ in 0..<count { add() }
        begin()
        for slot in 0..<count { started(slot) }
    }

    static func blueprint(
        _ restart: RestartType = .permanent, shutdown: ShutdownPolicy = .grace(.seconds(5)), backoff: Backoff? = nil,
        significant: Bool = false
    ) -> ChildBlueprint {
        ChildBlueprint(
            restart: restart, shutdown: shutdown, backoff: backoff, significant: significant, kind: .worker,
            factory: { context in ClosureChild(context: context) { _ in } }
        )
    }

    @discardableResult
    mutating func add(
        _ restart: RestartType = .permanent, shutdown: ShutdownPolicy = .grace(.seconds(5)), backoff: Backoff? = nil,
        significant: Bool = false
    ) -> Int {
        let blueprint = Self.blueprint(restart, shutdown: shutdown, backoff: backoff, significant: significant)
        return machine.add(blueprint, at: now).slot
    }

    @discardableResult
    mutating func begin() -> [Action] { machine.begin(at: now) }

    @discardableResult
    mutating func started(_ slot: Int) -> [Action] { machine.childStarted(slot, at: now) }

    @discardableResult
    mutating func exited(_ slot: Int, _ reason: ExitReason, progressed: Bool = false) -> [Action] {
        machine.childExited(slot, reason, progressed: progressed, at: now)
    }

    @discardableResult
    mutating func crashed(_ slot: Int, progressed: Bool = false) -> [Action] {
        exited(slot, .failure(.init(Bench.Crash())), progressed: progressed)
    }

    @discardableResult
    mutating func passed(_ duration: Duration) -> [Action] {
        now += duration
        return machine.timePassed(at: now)
    }

    @discardableResult
    mutating func stop() -> [Action] { machine.stop(at: now) }

    func state(_ slot: Int) -> Machine.State { machine.slots[slot].state }
}

extension [Supervisor.StateMachine.Action] {
    /// The actions without the reports.
    var deeds: [Supervisor.StateMachine.Action] {
        filter { if case .report = $0 { false } else { true } }
    }

    /// The reports alone.
    var reports: [SupervisionEvent.Kind] {
        compactMap { if case .report(_, let kind) = $0 { kind } else { nil } }
    }
}
