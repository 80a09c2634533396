import Testing

@testable import Supervision

@Suite struct EscalationTests {
    @Test func oneTooManyEndsTheSupervisor() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne, intensity: RestartIntensity(2, in: .seconds(5)), [bench.spec("a"), bench.spec("b")]
        )
        bench.crash("a", "one")
        bench.crash("b", "two")
        #expect(!bench.isOver)
        bench.crash("a", "three")
        #expect(bench.takeLog() == "-a +a -b +b -a !b -b")
        let error = try #require(bench.escalation)
        #expect(error.code == .restartLimitReached)
        #expect(error.message.contains("\"a\""))
        #expect((error.underlying as? Bench.Crash) == Bench.Crash("three"))
        #expect(error.hint != nil)
        #expect(supervisor.snapshot().state == .ended)
    }

    @Test func crashesFarApartAreForgiven() throws {
        let bench = Bench()
        _ = try bench.running(.oneForOne, intensity: .default, [bench.spec("a")])
        for _ in 0..<20 {
            bench.crash("a")
            bench.advance(.seconds(6))
        }
        #expect(!bench.isOver)
    }

    @Test func defaultAllowsOneInFiveSeconds() throws {
        let bench = Bench()
        _ = try bench.running(.oneForOne, intensity: .default, [bench.spec("a")])
        bench.crash("a")
        #expect(!bench.isOver)
        bench.advance(.seconds(5))
        bench.crash("a")
        #expect(bench.escalation?.code == .restartLimitReached)
    }

    @Test func parentRestartsAFailedSupervisorAfresh() throws {
        let bench = Bench()
        let log = EventLog()
        let root = try bench.supervisor(
            intensity: RestartIntensity(1, in: .seconds(5)), observer: log.observer,
            [
                .supervisor(id: "inner") { context in
                    try Supervisor(
                        under: context, intensity: RestartIntensity(0, in: .seconds(5)),
                        children: [bench.spec("a"), bench.spec("b")]
                    )
                }
            ]
        )
        bench.run(root)
        _ = log.take()
        bench.crash("inner/a")
        #expect(
            log.take().map { $0.split(separator: ":").first.map(String.init) } == [
                "inner/a exited, incarnation 1", "inner/a escalated", "inner/b exited, incarnation 1", "inner stopped",
                "inner exited, incarnation 1", "inner restarting", "inner started, incarnation 2",
                "inner/a started, incarnation 1", "inner/b started, incarnation 1",
            ]
        )
        let inner = try #require(root.snapshot()["inner"])
        #expect(inner.restarts == 1)
        #expect(inner.incarnation == 2)
        #expect(inner.lastError == "Child \"a\" of supervisor \"inner\" failed too often.")
    }

    @Test func escalationClimbsToTheTop() throws {
        let bench = Bench()
        let none = RestartIntensity(0, in: .seconds(5))
        let root = try bench.supervisor(
            intensity: none,
            [
                .supervisor(id: "one") { context in
                    try Supervisor(
                        under: context, intensity: none,
                        children: [
                            .supervisor(id: "two") { context in
                                try Supervisor(under: context, intensity: none, children: [bench.spec("a")])
                            }
                        ]
                    )
                }
            ]
        )
        bench.run(root)
        bench.crash("one/two/a", "bottom")
        let error = try #require(bench.escalation)
        let middle = try #require(error.underlying as? SupervisionError)
        let lowest = try #require(middle.underlying as? SupervisionError)
        #expect(lowest.underlying as? Bench.Crash == Bench.Crash("bottom"))
    }

    @Test func intensitiesMultiplyAcrossLevels() throws {
        let bench = Bench()
        let root = try bench.supervisor(
            intensity: RestartIntensity(2, in: .seconds(5)),
            [
                .supervisor(id: "inner") { context in
                    try Supervisor(
                        under: context, intensity: RestartIntensity(3, in: .seconds(5)), children: [bench.spec("a")]
                    )
                }
            ]
        )
        bench.run(root)
        var crashes = 0
        while !bench.isOver {
            bench.crash("inner/a")
            crashes += 1
        }
        #expect(crashes == (3 + 1) * (2 + 1))
    }

    @Test func transientSupervisorThatEscalatesIsRestarted() throws {
        let bench = Bench()
        let root = try bench.supervisor(
            .oneForOne,
            [
                .supervisor(id: "inner", restart: .transient) { context in
                    try Supervisor(
                        under: context, intensity: RestartIntensity(0, in: .seconds(5)), children: [bench.spec("a")]
                    )
                }
            ])
        bench.run(root)
        bench.crash("inner/a")
        #expect(root.snapshot()["inner"]?.incarnation == 2)
    }

    @Test func autoShutdownIsANormalEnd() throws {
        let bench = Bench()
        let root = try bench.supervisor(
            .oneForOne,
            [
                .supervisor(id: "inner", restart: .transient) { context in
                    try Supervisor(
                        under: context, autoShutdown: .anySignificant,
                        children: [bench.spec("helper"), bench.spec("main", .transient, significant: true)]
                    )
                }
            ])
        bench.run(root)
        bench.tell("inner/main", .end)
        #expect(bench.takeLog().hasSuffix("-inner/main !inner/helper -inner/helper"))
        #expect(root.snapshot().state("inner") == .ended)
        #expect(!bench.isOver)
    }

    @Test func failedStartsEscalateToo() throws {
        let bench = Bench()
        bench.manners("a") { $0.failingStarts = 3 }
        let supervisor = try bench.supervisor(intensity: RestartIntensity(2, in: .seconds(5)), [bench.spec("a")])
        bench.run(supervisor)
        #expect(bench.takeLog() == "?a ?a ?a")
        #expect(bench.escalation?.code == .restartLimitReached)
    }

    @Test func failedStartsWithinTheIntensityAreGotOver() throws {
        let bench = Bench()
        bench.manners("a") { $0.failingStarts = 2 }
        let supervisor = try bench.supervisor(
            .restForOne, intensity: RestartIntensity(2, in: .seconds(5)), [bench.spec("a"), bench.spec("b")]
        )
        bench.run(supervisor)
        #expect(bench.takeLog() == "?a ?a +a +b")
        #expect(supervisor.snapshot()["a"]?.restarts == 2)
        #expect(supervisor.snapshot()["a"]?.incarnation == 3)
        #expect(supervisor.snapshot()["a"]?.lastError == "no start")
    }

    @Test func shutdownComesBetweenEndlessFailedStarts() throws {
        let bench = Bench()
        bench.manners("a") { $0.failingStarts = .max }
        let supervisor = try bench.supervisor(.oneForOne, [bench.spec("a")])
        bench.begin(supervisor)
        for _ in 0..<100 { bench.executor.step() }
        #expect(!bench.isOver)
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.isOver)
        #expect(bench.log.count > 10)
    }

    @Test func temporaryChildThatCannotStartIsForgotten() throws {
        let bench = Bench()
        bench.manners("a") { $0.failingStarts = 1 }
        let supervisor = try bench.supervisor(.restForOne, [bench.spec("a", .temporary), bench.spec("b")])
        bench.run(supervisor)
        #expect(bench.takeLog() == "?a +b")
        #expect(supervisor.children.map(\.id) == ["b"])
    }
}
