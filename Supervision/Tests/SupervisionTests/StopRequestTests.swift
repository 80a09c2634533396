import Testing

@testable import Supervision

/// The ways in which a child learns that it is to stop.
@Suite struct StopRequestTests {
    @Test func closureThatAwaitsTheRequestEndsByItself() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(
                    id: "a",
                    run: { context in
                        await context.stopRequested()
                        bench.note(Task.isCancelled ? "cancelled" : "asked")
                    })
            ])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "asked")
        #expect(bench.isOver)
    }

    @Test func closureThatDoesNotObserveIsCancelled() throws {
        let bench = Bench()
        let log = EventLog()
        let supervisor = try bench.supervisor(
            observer: log.observer,
            [
                ChildSpec(
                    id: "a",
                    run: { _ in
                        try await bench.clock.sleep(until: .init(offset: .seconds(1000)), tolerance: nil)
                    })
            ]
        )
        bench.run(supervisor)
        supervisor.stop()
        bench.executor.drain()
        #expect(log.texts == ["a started, incarnation 1", "a exited, incarnation 1: shutdown", "stopped"])
    }

    @Test func observerThatDoesNotEndIsCancelledAfterItsGrace() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(
                    id: "a", shutdown: .grace(.seconds(7)),
                    run: { context in
                        await context.stopRequested()
                        bench.note("asked")
                        try? await bench.clock.sleep(until: .init(offset: .seconds(1000)), tolerance: nil)
                        bench.note("cancelled")
                    })
            ])
        supervisor.stop()
        bench.executor.drain()
        bench.advance(.seconds(6))
        #expect(bench.takeLog() == "asked")
        bench.advance(.seconds(1))
        #expect(bench.takeLog() == "cancelled")
        #expect(bench.isOver)
    }

    @Test func askingWhetherCountsAsObserving() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(
                    id: "a",
                    run: { context in
                        var rounds = 0
                        while !context.isStopRequested, rounds < 10 {
                            rounds += 1
                            try await bench.clock.sleep(
                                until: bench.clock.now.advanced(by: .seconds(1)), tolerance: nil
                            )
                        }
                        bench.note("ended by itself after \(rounds)")
                    })
            ])
        bench.advance(.seconds(1))
        supervisor.stop()
        bench.executor.drain()
        #expect(!bench.isOver)
        bench.advance(.seconds(1))
        #expect(bench.takeLog() == "ended by itself after 2")
    }

    @Test func waitForTheRequestEndsWithTheTask() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(
                    id: "a", shutdown: .immediate,
                    run: { context in
                        await context.stopRequested()
                        bench.note(Task.isCancelled ? "cancelled" : "asked")
                    })
            ])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "cancelled")
    }

    @Test func waitForTheRequestAfterTheRequestReturnsAtOnce() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(
                    id: "a",
                    run: { context in
                        await context.stopRequested()
                        await context.stopRequested()
                        bench.note("twice, \(context.isStopRequested)")
                    })
            ])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "twice, true")
    }

    @Test func manyMayWaitForOneRequest() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(
                    id: "a",
                    run: { context in
                        await withTaskGroup(of: Void.self) { group in
                            for number in 0..<5 {
                                group.addTask {
                                    await context.stopRequested()
                                    bench.note("\(number)")
                                }
                            }
                        }
                    })
            ])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "0 1 2 3 4")
    }

    @Test func theDefaultStopTrustsAChildThatObserves() throws {
        struct Observing: Child {
            let context: ChildContext
            let bench: Bench
            func run() async throws {
                await context.stopRequested()
                bench.note(Task.isCancelled ? "cancelled" : "asked")
            }
        }
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                ChildSpec(id: "a") { context in Observing(context: context, bench: bench) }
            ])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "asked")
    }

    @Test func actorsCanBeChildren() throws {
        actor Counter: Child {
            let bench: Bench
            var waiter: CheckedContinuation<Void, Never>?
            init(bench: Bench) { self.bench = bench }
            func run() async throws {
                await withCheckedContinuation { waiter = $0 }
                bench.note("done")
            }
            func stop(within grace: Duration?) async {
                bench.note("asked, \(grace ?? .zero)")
                waiter?.resume()
            }
        }
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [ChildSpec(id: "a") { Counter(bench: bench) }])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "asked, 5.0 seconds done")
        #expect(bench.isOver)
    }

    @Test func aStopThatHangsDoesNotHoldUpTheDeadline() throws {
        struct Hanging: Child {
            let bench: Bench
            func run() async throws {
                try await bench.clock.sleep(until: .init(offset: .seconds(1000)), tolerance: nil)
            }
            func stop(within grace: Duration?) async {
                try? await bench.clock.sleep(until: .init(offset: .seconds(1000)), tolerance: nil)
                bench.note(Task.isCancelled ? "stop cancelled" : "stop done")
            }
        }
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [ChildSpec(id: "a") { Hanging(bench: bench) }])
        supervisor.stop()
        bench.executor.drain()
        bench.advance(.seconds(5))
        #expect(bench.isOver)
        #expect(bench.takeLog() == "stop cancelled")
        #expect(bench.clock.deadlines == [])
    }
}
