import AnycodeCore
import AnycodeStore
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

struct UpkeepTests {
    @Test func aSessionThatBringsTheDaemonDownIsSetAside() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        for _ in 0..<4 { try bench.restart() }
        bench.wait(.seconds(60))
        let row = try bench.sessions()[0]
        #expect(row.state == "quarantined")
        #expect(!row.isLive)
        #expect(bench.texts().contains { $0.contains("was set aside") })
        #expect(bench.host.sandboxes.count == 1, "kept for the operator")
        bench.write("hello?")
        #expect(bench.texts().last?.contains("No session is open here.") == true)
    }

    @Test func aDaemonThatIsKilledAgainAndAgainSetsNoSessionAside() throws {
        let bench = try RuntimeBench { $0.lastEnd = .other }
        try bench.start()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        for _ in 0..<LastEnd.limit - 1 { try bench.restart() }
        bench.wait(.seconds(60))
        #expect(try bench.sessions()[0].isLive)
        for _ in 0..<LastEnd.limit + 1 { try bench.restart() }
        bench.wait(.seconds(60))
        #expect(try bench.sessions()[0].state == "quarantined", "there has to be a reason")
    }

    @Test func aSessionThatLivesOnIsNotCountedAgainst() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        for _ in 0..<6 {
            try bench.restart()
            bench.wait(.seconds(5))
        }
        #expect(try bench.sessions()[0].isLive)
    }

    @Test func aSessionThatCannotBeReadIsSetAsideAndTheChatTold() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        let row = try bench.sessions()[0]
        try bench.write { transaction in
            try transaction.updateSession(
                row.id, incarnation: row.incarnation, SessionUpdate(snapshot: Array("{}".utf8)), at: row.updatedAt)
        }
        try bench.restart()
        bench.wait(.seconds(60))
        #expect(try bench.sessions()[0].state == "quarantined")
        #expect(bench.texts().contains { $0.contains("was set aside") })
    }

    @Test func theStreamOfADeadSandboxIsReadToItsEndWithoutWaitingForADeadline() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {say,permission}")
        bench.wait(.seconds(10))
        let sandbox = try #require(bench.host.sandboxes.first)
        sandbox.kill()
        bench.wait(.seconds(20))
        #expect(bench.host.sandboxes.isEmpty)
        #expect(try bench.sessions().map(\.isLive) == [false])
    }

    @Test func theWatchdogStartsASessionThatHasNoActor() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {say,permission}")
        bench.wait(.seconds(10))
        let id = try bench.sessions()[0].id
        let supervisor = try #require(bench.runtime.sessionSupervisor[.sessions])
        try bench.executor.complete { try await supervisor.terminateChild(id) }
        #expect(bench.runtime.sessions[id] == nil)
        bench.wait(.seconds(120))
        #expect(bench.runtime.sessions[id]?.brief.activity == .waiting)
    }

    @Test func textForASessionWithoutAnActorWaitsForIt() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(20))
        let id = try bench.sessions()[0].id
        let supervisor = try #require(bench.runtime.sessionSupervisor[.sessions])
        try bench.executor.complete { try await supervisor.terminateChild(id) }
        bench.write("one {say}")
        bench.write("two {say}")
        bench.wait(.seconds(180))
        #expect(try bench.prompts(id) == ["{say}", "one {say}", "two {say}"])
    }

    @Test func theReaperEndsOrphansAndLeavesTheOwned() throws {
        let bench = try RuntimeBench { $0.reaperInterval = .seconds(60) }
        try bench.start()
        bench.write("/task {permission}")
        bench.wait(.seconds(10))
        let owned = try #require(bench.host.sandboxes.first?.lease)
        let orphan = bench.host.create(
            SandboxSpec(
                lease: LeaseID("0fff"), instance: InstanceID("instance"), session: SessionID("gone"),
                agent: AgentName("sim"), token: Secret("t")))
        bench.wait(.seconds(120))
        #expect(bench.host.sandboxes.map(\.lease) == [owned])
        #expect(bench.host.anyEver(orphan.lease) != nil)
    }

    @Test func aRemovalThatFailedIsRepeatedByTheReaper() throws {
        let bench = try RuntimeBench { $0.reaperInterval = .seconds(60) }
        try bench.start()
        bench.write("/task {say}")
        bench.wait(.seconds(10))
        let row = try bench.sessions()[0]
        try bench.write { transaction in
            try transaction.updateSession(
                row.id, incarnation: row.incarnation, SessionUpdate(isLive: false), at: row.updatedAt)
        }
        bench.wait(.seconds(70))
        #expect(bench.host.sandboxes.isEmpty)
        #expect(try bench.read { try $0.openLeases() }.isEmpty)
    }

    @Test func handledKeysAreForgottenAfterAWeek() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/help")
        bench.world.setClock(by: 8 * 86_400)
        bench.wait(.seconds(61))
        bench.chat.write("/help", in: bench.room, by: bench.ana)
        bench.wait(.seconds(2))
        #expect(bench.texts().count == 2)
    }

    @Test func drainingTellsTheChatsSavesAndRemoves() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {edit,permission}")
        bench.wait(.seconds(10))
        let runtime = bench.runtime
        let task = bench.executor.start { await runtime.drain(within: .seconds(60)) }
        bench.wait(.seconds(61))
        #expect(try bench.executor.complete { try await task.value } == [])
        #expect(bench.host.sandboxes.isEmpty)
        #expect(bench.texts().contains { $0.contains("shutting down") && $0.contains("version 1") })
    }

    @Test func aDrainOfADaemonThatStaysIsNoShutdown() throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {edit,permission}")
        bench.wait(.seconds(10))
        let runtime = bench.runtime
        runtime.intake.become(.refusing)
        let task = bench.executor.start { await runtime.drain(within: .seconds(60)) }
        bench.wait(.seconds(61))
        #expect(try bench.executor.complete { try await task.value } == [])
        #expect(bench.texts().contains { $0.contains("being drained for maintenance") })
        #expect(!bench.texts().contains { $0.contains("shutting down") })
    }
}
