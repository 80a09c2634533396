import Testing

@testable import Supervision

@Suite struct SupervisorTests {
    @Test func childrenStartInOrderAndStopInReverse() throws {
        let bench = Bench()
        let supervisor = try bench.supervisor(.oneForOne, [bench.spec("a"), bench.spec("b"), bench.spec("c")])
        bench.run(supervisor)
        #expect(bench.takeLog() == "+a +b +c")
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "!c -c !b -b !a -a")
        #expect(throws: Never.self) { try bench.result?.get() }
        #expect(bench.isOver)
        #expect(bench.clock.deadlines == [])
    }

    @Test func oneForOneRestartsOnlyTheCrashed() throws {
        let bench = Bench()
        _ = try bench.running(.oneForOne, [bench.spec("a"), bench.spec("b"), bench.spec("c")])
        bench.crash("b")
        #expect(bench.takeLog() == "-b +b")
    }

    @Test func oneForAllRestartsAll() throws {
        let bench = Bench()
        _ = try bench.running(.oneForAll, [bench.spec("a"), bench.spec("b"), bench.spec("c")])
        bench.crash("b")
        #expect(bench.takeLog() == "-b !c -c !a -a +a +b +c")
    }

    @Test func restForOneRestartsThoseAfter() throws {
        let bench = Bench()
        _ = try bench.running(.restForOne, [bench.spec("a"), bench.spec("b"), bench.spec("c"), bench.spec("d")])
        bench.crash("b")
        #expect(bench.takeLog() == "-b !d -d !c -c +b +c +d")
    }
}
