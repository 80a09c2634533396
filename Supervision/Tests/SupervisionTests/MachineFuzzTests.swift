import Testing

@testable import Supervision

/// The machine under events in any order that a real tree can produce, slow starts and stuck children included: what
/// must hold after every step.
@Suite struct MachineFuzzTests {
    typealias Machine = Supervisor.StateMachine

    /// The world that the machine drives, with children that take their time.
    struct World {
        enum Child: Equatable { case building, running }

        var bench: MachineBench
        var random: SeededRandom
        /// Live incarnations by slot.
        var live: [Int: (child: Child, incarnation: Int, told: Bool)] = [:]
        var known: Set<Int> = []
        var finished = false
        var problems: [String] = []

        mutating func carryOut(_ actions: [Machine.Action]) {
            for action in actions {
                switch action {
                case .start(let slot, let incarnation): begin(slot, incarnation)
                case .requestStop(let slot):
                    if live[slot]?.child != .running { problems.append("asked a child that does not run: \(slot)") }
                    if live[slot]?.told == true { problems.append("asked twice: \(slot)") }
                    live[slot]?.told = true
                case .cancel(let slot):
                    if live[slot] == nil { problems.append("cancelled nobody: \(slot)") }
                    live[slot]?.told = true
                case .abandon(let slot):
                    if live[slot]?.told != true { problems.append("abandoned without a word: \(slot)") }
                    live[slot] = nil
                case .removed(let slot):
                    if live[slot] != nil { problems.append("removed alive: \(slot)") }
                    known.remove(slot)
                case .settled(let slot):
                    if live[slot] != nil { problems.append("settled alive: \(slot)") }
                case .report: break
                case .finish:
                    if finished { problems.append("finished twice") }
                    if !live.isEmpty { problems.append("finished with live children") }
                    finished = true
                }
            }
            check()
        }

        private mutating func begin(_ slot: Int, _ incarnation: Int) {
            if live[slot] != nil { problems.append("started while alive: \(slot)") }
            if finished { problems.append("started after the end: \(slot)") }
            if case .stopping = bench.machine.phase { problems.append("started while stopping: \(slot)") }
            if bench.machine.rules.strategy != .oneForOne {
                let position = bench.machine.slots[slot].position
                for earlier in bench.machine.order[..<position]
                where live[earlier]?.child == .building && live[earlier]?.told == false {
                    problems.append("\(slot) started while \(earlier) was starting")
                }
                if live.values.contains(where: \.told), bench.machine.stopCursor != nil {
                    problems.append("\(slot) started while others were stopping")
                }
            }
            live[slot] = (.building, incarnation, false)
        }

        private mutating func check() {
            if bench.machine.live != live.count { problems.append("live count is off") }
            let open = bench.machine.slots.count { $0.state != .vacant }
            if bench.machine.count != open { problems.append("child count is off") }
            if bench.machine.rules.ordered, bench.machine.order.count != open { problems.append("order is off") }
            if live.isEmpty, !finished, case .stopping = bench.machine.phase { problems.append("stopping, but stuck") }
            let waits = bench.machine.slots.contains { slot in
                switch slot.state {
                case .backingOff, .cancelling: true
                case .stopping(let until): until != nil
                default: false
                }
            }
            if waits != (bench.machine.nextDeadline != nil) { problems.append("deadlines are off") }
        }

        mutating func step() {
            let slots = live.keys.sorted()
            let slot = slots.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<24, using: &random) {
            case 0..<9:
                guard let child = live[slot] else { return }
                if child.child == .building {
                    let actions = bench.started(slot)
                    if bench.state(slot) == .running { live[slot]?.child = .running }
                    return carryOut(actions)
                }
                if child.told { return exit(slot, .shutdown) }
            case 9..<14: exit(slot, .failure(.init(Bench.Crash())))
            case 14: exit(slot, .normal)
            case 15: exit(slot, .shutdown)
            case 16..<19:
                let time = Duration.milliseconds(Int.random(in: 0...2000, using: &random))
                carryOut(bench.passed(time))
            case 19:
                let blueprint = blueprint()
                guard bench.machine.acceptsChildren, bench.machine.count < 8 else { return }
                let (slot, actions) = bench.machine.add(blueprint, at: bench.now)
                known.insert(slot)
                carryOut(actions)
            case 20:
                guard let slot = known.sorted().randomElement(using: &random) else { return }
                carryOut(bench.machine.terminate(slot, at: bench.now))
            case 21:
                guard let slot = known.sorted().randomElement(using: &random) else { return }
                carryOut(bench.machine.restart(slot, at: bench.now))
            case 22:
                guard let slot = known.sorted().randomElement(using: &random) else { return }
                carryOut(bench.machine.delete(slot))
            default:
                guard Int.random(in: 0..<10, using: &random) == 0 else { return }
                carryOut(bench.stop())
            }
        }

        mutating func exit(_ slot: Int, _ reason: ExitReason) {
            guard live[slot] != nil else { return }
            live[slot] = nil
            carryOut(bench.exited(slot, reason, progressed: Bool.random(using: &random)))
        }

        mutating func blueprint() -> ChildBlueprint {
            let policies: [ShutdownPolicy] = [.grace(.seconds(2)), .immediate, .infinity, .grace(.zero)]
            let backoffs: [Backoff?] = [nil, Backoff(initial: .seconds(1)), Backoff(maxRestarts: 3)]
            return MachineBench.blueprint(
                RestartType.allCases.randomElement(using: &random) ?? .permanent,
                shutdown: policies.randomElement(using: &random) ?? .immediate,
                backoff: backoffs.randomElement(using: &random) ?? nil, significant: Bool.random(using: &random)
            )
        }
    }

    static func world(_ seed: UInt64) -> World {
        var random = SeededRandom(seed: seed)
        let intensity = RestartIntensity(
            Int.random(in: 0...20, using: &random), in: .seconds(Int.random(in: 1...5, using: &random))
        )
        let bench: MachineBench
        if seed.isMultiple(of: 4) {
            bench = MachineBench(
                dynamic: intensity, scope: IntensityScope.allCases.randomElement(using: &random) ?? .perChild
            )
        } else {
            bench = MachineBench(
                RestartStrategy.allCases.randomElement(using: &random) ?? .oneForOne, intensity: intensity,
                autoShutdown: seed.isMultiple(of: 5) ? .allSignificant : .never
            )
        }
        return World(bench: bench, random: random)
    }

    @Test(arguments: 0..<400) func whatMustHoldHolds(_ seed: UInt64) {
        var world = Self.world(seed)
        for _ in 0..<3 {
            let (slot, actions) = world.bench.machine.add(world.blueprint(), at: .zero)
            world.known.insert(slot)
            world.carryOut(actions)
        }
        world.carryOut(world.bench.begin())
        for step in 0..<400 {
            world.step()
            guard world.problems.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(world.problems)")
                return
            }
        }
        // However things stand, a stop comes to an end: by deadlines, and for those without one by their own end.
        world.carryOut(world.bench.stop())
        for _ in 0..<100 where !world.finished {
            world.carryOut(world.bench.passed(.seconds(1)))
            for slot in world.live.keys.sorted() where world.live[slot]?.told == true {
                if case .stopping(until: nil) = world.bench.state(slot) { world.exit(slot, .shutdown) }
            }
        }
        #expect(world.finished, "seed \(seed)")
        #expect(world.problems == [], "seed \(seed)")
    }
}
