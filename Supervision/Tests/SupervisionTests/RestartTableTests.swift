import Testing

@testable import Supervision

/// OTP's table of restart type and exit reason, on the machine and on live children.
@Suite struct RestartTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let restart: RestartType
        let order: Bench.Order
        let reason: ExitReason
        let comesBack: Bool
        var testDescription: String { "\(restart.rawValue), \(reason)" }
    }

    static let rows: [Row] = [
        Row(restart: .permanent, order: .end, reason: .normal, comesBack: true),
        Row(restart: .permanent, order: .shutdown, reason: .shutdown, comesBack: true),
        Row(restart: .permanent, order: .crash("x"), reason: .failure(.init(Bench.Crash("x"))), comesBack: true),
        Row(restart: .transient, order: .end, reason: .normal, comesBack: false),
        Row(restart: .transient, order: .shutdown, reason: .shutdown, comesBack: false),
        Row(restart: .transient, order: .crash("x"), reason: .failure(.init(Bench.Crash("x"))), comesBack: true),
        Row(restart: .temporary, order: .end, reason: .normal, comesBack: false),
        Row(restart: .temporary, order: .shutdown, reason: .shutdown, comesBack: false),
        Row(restart: .temporary, order: .crash("x"), reason: .failure(.init(Bench.Crash("x"))), comesBack: false),
    ]

    @Test(arguments: rows) func typeDecides(_ row: Row) {
        #expect(row.restart.restarts(after: row.reason) == row.comesBack)
    }

    @Test(arguments: rows) func machineFollowsTheTable(_ row: Row) {
        var machine = MachineBench(.oneForOne)
        let slot = machine.add(row.restart)
        machine.begin()
        machine.started(slot)
        let actions = machine.exited(slot, row.reason)
        #expect(actions.contains(.start(slot, incarnation: 2)) == row.comesBack)
        #expect(actions.contains(.removed(slot)) == (row.restart == .temporary))
        #expect(actions.contains(.settled(slot)) == (!row.comesBack && row.restart != .temporary))
    }

    @Test(arguments: rows, RestartStrategy.allCases) func childFollowsTheTable(_ row: Row, _ strategy: RestartStrategy)
        throws
    {
        let bench = Bench()
        let log = EventLog()
        let supervisor = try bench.supervisor(
            strategy, intensity: RestartIntensity(1, in: .seconds(5)), observer: log.observer,
            [bench.spec("a", row.restart)]
        )
        bench.run(supervisor)
        bench.tell("a", row.order)
        #expect(bench.takeLog() == (row.comesBack ? "+a -a +a" : "+a -a"))
        #expect(log.events.map(\.kind).contains(.exited(incarnation: 1, row.reason)))
        let state: NodeState? = row.comesBack ? .running : row.restart == .temporary ? nil : .ended
        #expect(supervisor.snapshot().state("a") == state)
        #expect(!bench.isOver)
    }

    @Test(arguments: rows) func dynamicChildFollowsTheTable(_ row: Row) throws {
        let bench = Bench()
        let supervisor = try bench.dynamic(restart: row.restart, ["a"])
        bench.tell("a", row.order)
        #expect(bench.takeLog() == (row.comesBack ? "-a +a" : "-a"))
        #expect(supervisor.contains("a") == row.comesBack)
        #expect(!bench.isOver)
    }

    @Test(arguments: RestartType.allCases) func siblingsOfAChildThatStaysDownAreLeftAlone(_ restart: RestartType) throws
    {
        let bench = Bench()
        _ = try bench.running(
            .oneForAll, [bench.spec("a"), bench.spec("b", restart), bench.spec("c")]
        )
        bench.tell("b", .end)
        #expect(bench.takeLog() == (restart == .permanent ? "-b !c -c !a -a +a +b +c" : "-b"))
    }

    @Test func cancellationErrorIsAFailureUnlessToldToStop() {
        #expect(ExitReason(CancellationError(), stopping: true) == .shutdown)
        #expect(ExitReason(CancellationError(), stopping: false).isFailure)
        #expect(ExitReason(ShutdownExit(), stopping: false) == .shutdown)
        #expect(ExitReason(Bench.Crash("x"), stopping: true).failure?.description == "x")
    }

    @Test func reasonsSayWhatHappened() {
        #expect(ExitReason.normal.description == "normal")
        #expect(ExitReason.shutdown.description == "shutdown")
        #expect(ExitReason.failure(.init(Bench.Crash("disk full"))).description == "failure: disk full")
        #expect(ExitReason.normal.failure == nil)
        #expect(ExitReason.failure(.init(Bench.Crash("a"))) != .failure(.init(Bench.Crash("b"))))
        #expect(ExitReason.failure(.init(Bench.Crash("a"))) != .failure(.init(CancellationError())))
    }
}
