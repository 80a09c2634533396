import Testing

@testable import Supervision

@Suite struct ShutdownTests {
    @Test func eachChildHasItsOwnDeadline() throws {
        let bench = Bench()
        for id in ["a", "b"] { bench.manners(id) { $0.mindsCancel = false } }
        let log = EventLog()
        let supervisor = try bench.supervisor(
            observer: log.observer,
            [
                bench.spec("a", shutdown: .grace(.seconds(10), abandonAfter: .seconds(1))),
                bench.spec("b", shutdown: .grace(.seconds(2), abandonAfter: .seconds(3))),
                bench.spec("c"),
            ]
        )
        bench.run(supervisor)
        _ = log.take()
        supervisor.stop()
        bench.executor.drain()
        #expect(log.take() == ["c exited, incarnation 1: shutdown"])
        #expect(supervisor.snapshot().state("b") == .stopping)
        bench.advance(.seconds(2))
        #expect(supervisor.snapshot().state("b") == .cancelling)
        #expect(supervisor.snapshot().state("a") == .running)
        bench.advance(.seconds(3))
        #expect(log.take() == ["b abandoned, incarnation 1"])
        #expect(supervisor.snapshot().state("a") == .stopping)
        bench.advance(.seconds(10))
        #expect(!bench.isOver)
        bench.advance(.seconds(1))
        #expect(log.take() == ["a abandoned, incarnation 1", "stopped"])
        #expect(bench.isOver)
        #expect(supervisor.abandonedChildren == ["a", "b"])
    }

    @Test func anAbandonedChildThatEndsAfterAllIsForgotten() throws {
        let bench = Bench()
        bench.manners("a") { $0.mindsCancel = false }
        let supervisor = try bench.running(.oneForOne, [bench.spec("a", shutdown: .immediate)])
        supervisor.stop()
        bench.executor.drain()
        bench.advance(.seconds(1))
        #expect(bench.isOver)
        #expect(supervisor.abandonedChildren == ["a"])
        #expect(supervisor.snapshot().abandoned == ["a"])
        bench.tell("a", .end)
        #expect(supervisor.abandonedChildren == [])
    }

    @Test func anAbandonedPredecessorCannotDisturbItsSuccessor() throws {
        let bench = Bench()
        bench.manners("b") { $0.mindsCancel = false }
        let supervisor = try bench.running(
            .restForOne, [bench.spec("a"), bench.spec("b", shutdown: .immediate)]
        )
        bench.manners("b") { $0.mindsCancel = true }
        bench.crash("a")
        // The successor's order slot in the bench replaces the predecessor's, which therefore stays stuck for good.
        bench.advance(.seconds(1))
        #expect(supervisor.snapshot()["b"]?.incarnation == 2)
        #expect(supervisor.snapshot().abandoned == ["b"])
        bench.crash("b")
        #expect(supervisor.snapshot()["b"]?.incarnation == 3)
    }

    @Test func immediateDoesNotAsk() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a", shutdown: .immediate)])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "-a")
        #expect(bench.isOver)
    }

    @Test func infinityWaitsForAsLongAsItTakes() throws {
        let bench = Bench()
        bench.manners("a") { $0.mindsCancel = false }
        let supervisor = try bench.running(.oneForOne, [bench.spec("a", shutdown: .infinity)])
        supervisor.stop()
        bench.executor.drain()
        bench.advance(.seconds(1_000_000))
        #expect(!bench.isOver)
        bench.tell("a", .end)
        #expect(bench.isOver)
    }

    @Test func aChildThatEndsWhenAskedIsNotCancelled() throws {
        let bench = Bench()
        bench.manners("a") {
            $0.mindsStop = true
            $0.mindsCancel = false
        }
        let supervisor = try bench.running(.oneForOne, [bench.spec("a")])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "!a -a")
        #expect(bench.isOver)
        #expect(bench.clock.deadlines == [], "the deadline's sleeper is gone too")
    }

    @Test func stopAndCancellationInterruptASlowStart() throws {
        let bench = Bench()
        bench.manners("b") { $0.slowStart = true }
        let supervisor = try bench.running(.oneForOne, [bench.spec("a"), bench.spec("b"), bench.spec("c")])
        #expect(supervisor.snapshot().state("b") == .starting)
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "!a -a")
        #expect(bench.isOver)
    }

    @Test func aFactoryThatNeverReturnsIsAbandoned() throws {
        let bench = Bench()
        bench.manners("a") {
            $0.slowStart = true
            $0.mindsCancel = false
        }
        let supervisor = try bench.running(
            .oneForOne, [bench.spec("a", shutdown: .grace(.seconds(60), abandonAfter: .seconds(1)))]
        )
        supervisor.stop()
        bench.executor.drain()
        bench.advance(.seconds(1))
        #expect(bench.isOver)
        #expect(supervisor.abandonedChildren == ["a"])
        bench.release("a")
        bench.executor.drain()
        #expect(bench.takeLog() == "", "what it built must not run")
        #expect(supervisor.abandonedChildren == [])
    }

    @Test func cancellingRunStopsInOrder() throws {
        let bench = Bench()
        let supervisor = try bench.supervisor(.oneForOne, [bench.spec("a"), bench.spec("b")])
        let task = Task(executorPreference: bench.executor) { try await supervisor.run() }
        bench.executor.drain()
        task.cancel()
        bench.executor.drain()
        #expect(bench.takeLog() == "+a +b !b -b !a -a")
        bench.perform {
            await #expect(throws: CancellationError.self) { try await task.value }
            bench.note("seen")
        }
        #expect(bench.takeLog() == "seen")
    }

    @Test func nestedSupervisorsStopFromTheBottom() throws {
        let bench = Bench()
        let root = try bench.supervisor(
            .oneForOne,
            [
                bench.spec("first"),
                .supervisor(id: "inner") { context in
                    try Supervisor(under: context, children: [bench.spec("a"), bench.spec("b")])
                },
                bench.spec("last"),
            ])
        bench.run(root)
        _ = bench.takeLog()
        root.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "!last -last !inner/b -inner/b !inner/a -inner/a !first -first")
        #expect(bench.isOver)
    }

    @Test func aStuckGrandchildIsAbandonedByNameAndHoldsUpNobody() throws {
        let bench = Bench()
        let log = EventLog()
        bench.manners("inner/stuck") { $0.mindsCancel = false }
        let root = try bench.supervisor(
            observer: log.observer,
            [
                .supervisor(id: "inner") { context in
                    try Supervisor(under: context, children: [bench.spec("stuck")])
                }
            ]
        )
        bench.run(root)
        root.stop()
        bench.executor.drain()
        let waiting = try #require(root.snapshot().waiting)
        #expect(waiting.on == "inner")
        #expect(root.snapshot()["inner"]?.waiting?.on == "stuck")
        bench.advance(.seconds(5))
        bench.advance(.seconds(1))
        #expect(log.texts.contains("inner/stuck abandoned, incarnation 1"))
        #expect(bench.isOver)
    }

    @Test func failureWhileStoppingIsToldButNotCounted() throws {
        let bench = Bench()
        let log = EventLog()
        bench.manners("a") { $0.mindsCancel = false }
        let supervisor = try bench.supervisor(
            intensity: RestartIntensity(0, in: .seconds(5)), observer: log.observer, [bench.spec("a")]
        )
        bench.run(supervisor)
        supervisor.stop()
        bench.executor.drain()
        bench.crash("a", "broke on the way out")
        #expect(log.texts.suffix(2) == ["a exited, incarnation 1: failure: broke on the way out", "stopped"])
        #expect(throws: Never.self) { try bench.result?.get() }
    }

    @Test func aSupervisorRunsOnce() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [])
        bench.perform {
            do {
                try await supervisor.run()
            } catch let error as SupervisionError where error.code == .alreadyRun {
                bench.note("refused")
            }
        }
        #expect(bench.takeLog() == "refused")
    }

    @Test func stopBeforeRunMakesRunReturn() throws {
        let bench = Bench()
        let supervisor = try bench.supervisor(.oneForOne, [bench.spec("a")])
        supervisor.stop()
        bench.run(supervisor)
        #expect(bench.isOver)
        #expect(bench.takeLog() == "")
    }
}
