import Testing

@testable import Supervision

@Suite struct DynamicSupervisorTests {
    /// A key that is no string.
    struct SessionID: Hashable, Sendable, CustomStringConvertible {
        let number: Int
        var description: String { "s\(number)" }
    }

    @Test func childrenComeAndGoByKey() throws {
        let bench = Bench()
        let supervisor = try bench.dynamic()
        try supervisor.startChild("a")
        try supervisor.startChild("b")
        bench.executor.drain()
        #expect(bench.takeLog() == "+a +b")
        #expect(supervisor.count == 2)
        #expect(supervisor.keys.sorted() == ["a", "b"])
        bench.tell("a", .end)
        #expect(!supervisor.contains("a"))
        #expect(supervisor.contains("b"))
        #expect(supervisor.children.map(\.id) == ["b"])
    }

    @Test func childrenAddedBeforeRunStartWithIt() throws {
        let bench = Bench()
        let supervisor = DynamicSupervisor<String>(
            id: "early", clock: bench.clock, executor: bench.executor
        ) { _, context in try await bench.child(context) }
        try supervisor.startChild("a")
        bench.executor.drain()
        #expect(bench.takeLog() == "")
        bench.run(supervisor)
        #expect(bench.takeLog() == "+a")
    }

    @Test func keysReachTheFactoryAsTheyAre() throws {
        let bench = Bench()
        let supervisor = DynamicSupervisor<SessionID>(
            id: "sessions", clock: bench.clock, executor: bench.executor
        ) { key, context in
            bench.note("\(key.number) as \(context.id), \(context.incarnation)")
            return try await bench.child(context)
        }
        bench.run(supervisor)
        try supervisor.startChild(SessionID(number: 7))
        bench.executor.drain()
        #expect(bench.takeLog() == "7 as s7, 1 +s7")
        #expect(supervisor.keys == [SessionID(number: 7)])
        bench.crash("s7")
        #expect(bench.takeLog() == "-s7 7 as s7, 2 +s7")
    }

    @Test func aKeyIsTakenWhileItsChildLives() throws {
        let bench = Bench()
        let supervisor = try bench.dynamic(["a"])
        #expect(throws: SupervisionError.self) { try supervisor.startChild("a") }
        bench.tell("a", .end)
        try supervisor.startChild("a")
        bench.executor.drain()
        #expect(bench.takeLog() == "-a +a")
        #expect(supervisor.snapshot()["a"]?.incarnation == 1, "a new child, not a new incarnation")
    }

    @Test func limitHoldsAndPlacesBecomeFree() throws {
        let bench = Bench()
        let supervisor = try bench.dynamic(limit: 2, ["a", "b"])
        let error = #expect(throws: SupervisionError.self) { try supervisor.startChild("c") }
        #expect(error?.code == .childLimitReached)
        #expect(error?.message.contains("2") == true)
        bench.tell("b", .end)
        try supervisor.startChild("c")
        #expect(supervisor.count == 2)
    }

    @Test func aChildInBackoffKeepsItsPlace() throws {
        let bench = Bench()
        let supervisor = try bench.dynamic(limit: 1, backoff: Backoff(), ["a"])
        bench.crash("a")
        let error = #expect(throws: SupervisionError.self) { try supervisor.startChild("b") }
        #expect(error?.code == .childLimitReached)
    }

    @Test func oneBadChildEndsAloneByDefault() throws {
        let bench = Bench()
        let log = EventLog()
        let supervisor = try bench.dynamic(intensity: .default, observer: log.observer, ["bad", "good"])
        bench.crash("bad", "once")
        bench.crash("bad", "twice")
        #expect(bench.takeLog() == "-bad +bad -bad")
        #expect(log.texts.last == "bad gave up: failure: twice")
        #expect(supervisor.keys == ["good"])
        bench.crash("good")
        #expect(supervisor.keys == ["good"], "another child's restarts are no concern of this one")
        #expect(!bench.isOver)
    }

    @Test func sharedIntensityEscalatesAsInOTP() throws {
        let bench = Bench()
        _ = try bench.dynamic(intensity: .default, scope: .supervisor, ["a", "b", "c"])
        bench.crash("a")
        #expect(!bench.isOver)
        bench.crash("b")
        #expect(bench.takeLog() == "-a +a -b !c !a -c -a")
        #expect(bench.escalation?.code == .restartLimitReached)
        #expect(bench.escalation?.message.contains("\"b\"") == true)
    }

    @Test func perChildRowsGiveUpToo() throws {
        let bench = Bench()
        let log = EventLog()
        let backoff = Backoff(initial: .seconds(1), jitter: 0, maxRestarts: 2)
        let supervisor = try bench.dynamic(backoff: backoff, observer: log.observer, ["a"])
        for seconds in [1, 2] {
            bench.crash("a")
            bench.advance(.seconds(seconds))
        }
        bench.crash("a", "last")
        #expect(log.texts.last == "a gave up: failure: last")
        #expect(supervisor.count == 0)
    }

    @Test func allStopAtTheSameTime() throws {
        let bench = Bench()
        for id in ["a", "b", "c"] { bench.manners(id) { $0.mindsCancel = false } }
        let supervisor = try bench.dynamic(shutdown: .grace(.seconds(5), abandonAfter: .seconds(1)), ["a", "b", "c"])
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "!c !b !a")
        #expect(bench.clock.deadlines == [.seconds(5)], "one sleeper serves all")
        bench.tell("b", .end)
        bench.advance(.seconds(5))
        #expect(bench.clock.deadlines == [.seconds(6)])
        bench.advance(.seconds(1))
        #expect(bench.isOver)
        #expect(supervisor.abandonedChildren == ["a", "c"])
    }

    @Test func nothingStartsOnceItStops() throws {
        let bench = Bench()
        bench.manners("a") { $0.mindsCancel = false }
        let supervisor = try bench.dynamic(["a"])
        supervisor.stop()
        let error = #expect(throws: SupervisionError.self) { try supervisor.startChild("b") }
        #expect(error?.code == .notRunning)
        let other = #expect(throws: SupervisionError.self) { try supervisor.restartChild("a") }
        #expect(other?.code == .notRunning)
    }

    @Test func terminatedIsForgotten() throws {
        let bench = Bench()
        let supervisor = try bench.dynamic(restart: .permanent, ["a"])
        bench.perform {
            try await supervisor.terminateChild("a")
            bench.note("gone: \(!supervisor.contains("a"))")
        }
        #expect(bench.takeLog() == "!a -a gone: true")
    }

    @Test func terminatingTheStuckEndsWithItsAbandonment() throws {
        let bench = Bench()
        bench.manners("a") { $0.mindsCancel = false }
        let supervisor = try bench.dynamic(["a"])
        bench.perform {
            try await supervisor.terminateChild("a")
            bench.note("gone")
        }
        bench.advance(.seconds(5))
        #expect(bench.takeLog() == "!a")
        bench.advance(.seconds(1))
        #expect(bench.takeLog() == "gone")
        try supervisor.startChild("a")
        bench.executor.drain()
        #expect(supervisor.snapshot()["a"]?.state == .running)
        #expect(supervisor.abandonedChildren == ["a"])
    }

    @Test func restartByHandMakesANewIncarnation() throws {
        let bench = Bench()
        let supervisor = try bench.dynamic(intensity: RestartIntensity(0, in: .seconds(5)), ["a", "b"])
        try supervisor.restartChild("a")
        bench.executor.drain()
        #expect(bench.takeLog() == "!a -a +a")
        #expect(supervisor.snapshot()["a"]?.incarnation == 2)
    }

    @Test func waitingForStartAndEnd() throws {
        let bench = Bench()
        bench.manners("a") { $0.slowStart = true }
        let supervisor = try bench.dynamic()
        try supervisor.startChild("a")
        bench.perform {
            let incarnation = try await supervisor.waitUntilRunning("a")
            bench.note("up \(incarnation)")
            try await supervisor.waitUntilEnded("a")
            bench.note("down")
            try await supervisor.waitUntilEnded("a")
            bench.note("still down")
        }
        #expect(bench.takeLog() == "")
        bench.release("a")
        bench.executor.drain()
        #expect(bench.takeLog().split(separator: " ").sorted() == ["+a", "1", "up"])
        bench.tell("a", .end)
        #expect(bench.takeLog() == "-a down still down")
    }

    @Test func waitForAStartThatNeverComesFails() throws {
        let bench = Bench()
        bench.manners("a") { $0.failingStarts = 9 }
        let supervisor = try bench.dynamic(intensity: .default)
        try supervisor.startChild("a")
        bench.perform {
            do {
                try await supervisor.waitUntilRunning("a")
            } catch let error as SupervisionError {
                bench.note("\(error.code), \(error.underlying.map { "\($0)" } ?? "")")
            }
        }
        #expect(bench.takeLog() == "?a ?a childNotRunning, no start")
    }

    @Test func waitingCanBeCancelled() throws {
        let bench = Bench()
        let supervisor = try bench.dynamic(["a"])
        let task = Task(executorPreference: bench.executor) {
            do {
                try await supervisor.waitUntilEnded("a")
            } catch is CancellationError {
                bench.note("cancelled")
            }
        }
        bench.executor.drain()
        task.cancel()
        bench.executor.drain()
        #expect(bench.takeLog() == "cancelled")
    }

    @Test func manyChildrenAreNoTrouble() throws {
        let bench = Bench()
        let supervisor = DynamicSupervisor<Int>(
            id: "many", intensity: .default, clock: bench.clock, executor: bench.executor
        ) { _, context in try await bench.child(context) }
        bench.run(supervisor)
        for key in 0..<5000 { try supervisor.startChild(key) }
        bench.executor.drain()
        #expect(supervisor.counts == ChildCounts(specs: 5000, active: 5000, supervisors: 0, workers: 5000))
        for key in stride(from: 0, to: 5000, by: 2) { bench.crash("\(key)") }
        for key in stride(from: 1, to: 5000, by: 2) { bench.tell("\(key)", .end) }
        #expect(supervisor.count == 2500)
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.isOver)
        #expect(supervisor.count == 0)
    }
}
