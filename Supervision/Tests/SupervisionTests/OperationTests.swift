import Testing

@testable import Supervision

/// What can be asked of a static supervisor at run time.
@Suite struct OperationTests {
    @Test func childrenAreAddedAfterTheOthers() throws {
        let bench = Bench()
        let supervisor = try bench.running(.restForOne, [bench.spec("a")])
        try supervisor.startChild(bench.spec("b"))
        bench.executor.drain()
        #expect(supervisor.children.map(\.id) == ["a", "b"])
        bench.crash("a")
        #expect(bench.takeLog() == "+b -a !b -b +a +b")
    }

    @Test func idsAreUnique() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a")])
        let error = #expect(throws: SupervisionError.self) { try supervisor.startChild(bench.spec("a")) }
        #expect(error?.code == .duplicateChild)
        #expect(throws: SupervisionError.self) {
            try bench.supervisor(.oneForOne, [bench.spec("x"), bench.spec("x")])
        }
    }

    @Test func terminatedChildrenKeepTheirSpec() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a"), bench.spec("b")])
        bench.perform { try await supervisor.terminateChild("a") }
        #expect(supervisor.children.map(\.state) == [.terminated, .running])
        #expect(supervisor.counts == ChildCounts(specs: 2, active: 1, supervisors: 0, workers: 2))
        try supervisor.restartChild("a")
        bench.executor.drain()
        #expect(bench.takeLog() == "!a -a +a")
        #expect(supervisor.children.map(\.incarnation) == [2, 1])
    }

    @Test func terminatedTemporariesAreForgotten() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a", .temporary)])
        bench.perform { try await supervisor.terminateChild("a") }
        #expect(supervisor.children == [])
    }

    @Test func onlyThoseDownCanBeDeleted() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a"), bench.spec("b"), bench.spec("c")])
        let error = #expect(throws: SupervisionError.self) { try supervisor.deleteChild("b") }
        #expect(error?.code == .childRunning)
        bench.perform { try await supervisor.terminateChild("b") }
        try supervisor.deleteChild("b")
        #expect(supervisor.children.map(\.id) == ["a", "c"])
        _ = bench.takeLog()
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.takeLog() == "!c -c !a -a")
    }

    @Test func unknownChildrenAreNotFound() async throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [])
        for attempt in [
            { try supervisor.restartChild("x") }, { try supervisor.deleteChild("x") }, { try supervisor.restart("x") },
            { try supervisor.restart("x/y") }, { try supervisor.restart("") },
        ] {
            let error = #expect(throws: SupervisionError.self) { try attempt() }
            #expect(error?.code == .childNotFound)
        }
        await #expect(throws: SupervisionError.self) { try await supervisor.terminateChild("x") }
        await #expect(throws: SupervisionError.self) { try await supervisor.waitUntilRunning("x") }
        try await supervisor.waitUntilEnded("x")
    }

    @Test func restartByPathReachesAnyChild() throws {
        let bench = Bench()
        let root = try bench.running(
            .oneForOne,
            [
                .supervisor(id: "sessions") { context in
                    let sessions = DynamicSupervisor<String>(under: context) { _, context in
                        try Supervisor(under: context, children: [bench.spec("lease"), bench.spec("stream")])
                    }
                    try sessions.startChild("ab/12")
                    return sessions
                }
            ])
        _ = bench.takeLog()
        try root.restart("sessions/ab%2F12/stream")
        bench.executor.drain()
        #expect(bench.takeLog() == "!sessions/ab%2F12/stream -sessions/ab%2F12/stream +sessions/ab%2F12/stream")
        try root.restart("sessions/ab%2F12")
        bench.executor.drain()
        let session = try #require(root.snapshot()[NodePath(["sessions", "ab/12"])])
        #expect(session.incarnation == 2)
        #expect(session.children.map(\.incarnation) == [1, 1])
        #expect(session.restarts == 0)
        let error = #expect(throws: SupervisionError.self) { try root.restart("sessions/ab%2F12/lease/x") }
        #expect(error?.code == .childNotFound)
    }

    @Test func restartFollowsTheStrategy() throws {
        let bench = Bench()
        let supervisor = try bench.running(.restForOne, [bench.spec("a"), bench.spec("b"), bench.spec("c")])
        try supervisor.restartChild("b")
        bench.executor.drain()
        #expect(bench.takeLog() == "!c -c !b -b +b +c")
    }

    @Test func restartOfAChildOnItsWayDownIsRefused() throws {
        let bench = Bench()
        bench.manners("a") { $0.mindsCancel = false }
        let supervisor = try bench.running(.oneForOne, [bench.spec("a")])
        bench.perform { try await supervisor.terminateChild("a") }
        let error = #expect(throws: SupervisionError.self) { try supervisor.restartChild("a") }
        #expect(error?.code == .childRunning)
    }

    @Test func severalMayWaitForOneTermination() throws {
        let bench = Bench()
        bench.manners("a") { $0.mindsCancel = false }
        let supervisor = try bench.running(.oneForOne, [bench.spec("a")])
        for number in 1...3 {
            bench.perform {
                try await supervisor.terminateChild("a")
                bench.note("\(number)")
            }
        }
        bench.tell("a", .end)
        #expect(bench.takeLog() == "!a -a 1 2 3")
    }

    @Test func waitersAreToldWhenTheSupervisorStops() throws {
        let bench = Bench()
        bench.manners("a") { $0.slowStart = true }
        let supervisor = try bench.running(.oneForOne, [bench.spec("a"), bench.spec("b")])
        for id in ["a", "b"] {
            bench.perform {
                do {
                    try await supervisor.waitUntilRunning(id)
                } catch let error as SupervisionError {
                    bench.note("\(id) \(error.code)")
                }
            }
        }
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.log.sorted() == ["a childNotRunning", "b childNotRunning"])
    }

    @Test func countsTellSupervisorsFromWorkers() throws {
        let bench = Bench()
        let supervisor = try bench.running(
            .oneForOne,
            [
                bench.spec("a"), .supervisor(id: "s") { context in try Supervisor(under: context) },
            ])
        #expect(supervisor.counts == ChildCounts(specs: 2, active: 2, supervisors: 1, workers: 1))
    }

    @Test func specsTellWhatTheySay() {
        let spec = ChildSpec(
            id: "a", restart: .transient, shutdown: .immediate, backoff: Backoff(), significant: true, kind: "lease",
            run: { _ in }
        )
        #expect(spec.id == "a")
        #expect(spec.restart == .transient)
        #expect(spec.shutdown == .immediate)
        #expect(spec.backoff == Backoff())
        #expect(spec.significant)
        #expect(spec.kind == "lease")
        let supervisor = ChildSpec.supervisor(id: "s") { context in try Supervisor(under: context) }
        #expect(supervisor.shutdown == .infinity)
        #expect(supervisor.kind == .supervisor)
    }
}
