import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct SessionMachineDeadlineTests {
    private let quick: SessionPolicy = {
        var policy = SessionPolicy()
        policy.agentTime = .seconds(600)
        policy.silence = .seconds(100)
        policy.firstEvent = .seconds(50)
        policy.checkpoint = .seconds(1_000_000)
        return policy
    }()

    @Test func agentTimeCountsOverSeveralTurnsAndNotBetweenThem() {
        var policy = quick
        policy.silence = .seconds(10_000)
        policy.linger = .seconds(100_000)
        var run = MachineRun(policy: policy)
        run.toWorking()
        run.says(.text("a"))
        run.wait(.seconds(400))
        run.endTurn()
        run.on(.saved(nil))
        run.wait(.seconds(5000))
        #expect(run.phase == "idle")
        run.on(.prompted(by: Sample.ana, text: "more"))
        run.accept()
        run.says(.text("b"))
        run.wait(.seconds(199))
        #expect(run.phase == "working")
        run.wait(.seconds(2))
        #expect(run.phase == "stopping")
        run.endTurn(.cancelled)
        run.on(.saved(nil))
        run.on(.destroyed)
        #expect(run.report?.outcome == .timedOut)
        #expect(run.report?.seconds == 600)
    }

    @Test func agentTimeStandsStillWhileAPersonIsAsked() {
        var run = MachineRun(policy: quick)
        run.toWorking()
        run.says(.text("a"))
        run.wait(.seconds(90))
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(40_000))
        #expect(run.phase == "working")
        #expect(run.machine.deadlines.inOrder.map(\.deadline) == [.person], "the reminder has been given")
        run.press(run.asks[0], .answer(option: 0))
        run.accept()
        #expect(run.machine.deadlines[.agentTime] == run.now + .seconds(510))
        run.wait(.seconds(99))
        #expect(run.phase == "working")
        run.wait(.seconds(2))
        #expect(run.phase == "stopping", "silence begins anew with the answer")
    }

    @Test func agentTimeOfATurnInProgressSurvivesARestartSinceTheLastSave() {
        var policy = quick
        policy.silence = .seconds(10_000)
        policy.checkpoint = .seconds(60)
        var run = MachineRun(policy: policy)
        run.toWorking()
        run.says(.text("a"))
        run.wait(.seconds(60))
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch()))
        run.wait(.seconds(10))
        run.restart()
        #expect(run.machine.agentTimeUsed == .seconds(60))
        #expect(run.state.savedAt == 60)
    }

    @Test func silenceCancelsThenDestroys() {
        var run = MachineRun(policy: quick)
        run.toWorking()
        run.says(.text("a"))
        run.wait(.seconds(99))
        run.says(.usage(AgentUsage(used: 1)))
        run.wait(.seconds(99))
        #expect(run.phase == "working")
        run.wait(.seconds(1))
        #expect(run.phase == "stopping")
        #expect(run.calls.last == .cancel(AgentSessionID("s")))
        run.wait(.seconds(10))
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch()))
        run.on(.destroyed)
        #expect(run.report?.outcome == .failed)
        #expect(run.report?.save == .saved(Sample.patch()))
    }

    @Test func theFirstSignOfLifeHasALimitOfItsOwn() {
        var run = MachineRun(policy: quick)
        run.toWorking()
        run.wait(.seconds(49))
        run.says(.thought("hmm"))
        run.wait(.seconds(49))
        #expect(run.phase == "working")
        run.wait(.seconds(2))
        #expect(run.phase == "stopping")
    }

    @Test func provisioningHasOneLimitForSandboxCloneAndStart() {
        var policy = quick
        policy.provisioning = .seconds(60)
        var run = MachineRun(policy: policy)
        run.on(.started)
        run.wait(.seconds(30))
        run.on(.acquired(Sample.health()))
        run.wait(.seconds(20))
        run.on(.prepared(Sample.workspace))
        run.wait(.seconds(9))
        #expect(run.state.phase == .opening)
        run.wait(.seconds(1))
        #expect(run.phase == "finishing")
    }

    @Test func nobodyAnswersAndNothingIsAllowed() {
        var run = MachineRun()
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(720 * 60))
        #expect(run.calls.contains(.answerPermission(.number(1), .cancelled)))
        #expect(run.phase == "stopping")
        run.endTurn(.cancelled)
        run.on(.saved(nil))
        run.on(.destroyed)
        #expect(run.report?.outcome == .parked)
        #expect(run.resolutions.map(\.by) == [nil])
    }

    @Test func eachAnswerGivesThePersonTheWholeTimeAgain() {
        var run = MachineRun()
        run.toWorking()
        let fields = [Sample.field("a", .text), Sample.field("b", .text)]
        run.says(.questionAsked(Sample.question(1, fields)))
        run.wait(.seconds(700 * 60))
        run.on(.prompted(by: Sample.ana, text: "first"))
        run.wait(.seconds(700 * 60))
        #expect(run.state.asks.count == 1)
    }

    @Test func lingerEndsQuietly() {
        var run = MachineRun()
        run.toIdle()
        run.wait(.seconds(900))
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch()))
        run.on(.destroyed)
        #expect(run.report?.outcome == .completed)
        #expect(run.report?.rings == false)
    }

    @Test func lingerOfZeroEndsWithTheTurn() {
        var policy = quick
        policy.linger = .zero
        var run = MachineRun(policy: policy)
        run.toWorking()
        run.says(.text("x"))
        run.endTurn()
        run.on(.saved(nil))
        #expect(run.phase == "finishing")
    }

    @Test func checkpointsComeEveryFewWorkingMinutes() {
        var policy = quick
        policy.checkpoint = .seconds(60)
        policy.silence = .seconds(10_000)
        var run = MachineRun(policy: policy)
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(59))
        #expect(!run.machine.saveIsRunning)
        run.wait(.seconds(1))
        #expect(run.actions == [.save])
        run.wait(.seconds(20))
        run.on(.saved(Sample.patch(1)))
        #expect(run.phase == "working")
        #expect(!run.machine.saveIsRunning, "a slow save is not repeated at once")
        run.wait(.seconds(59))
        #expect(!run.machine.saveIsRunning)
        run.wait(.seconds(1))
        #expect(run.machine.saveIsRunning)
    }

    @Test func aFailingCheckpointIsToldOncePerInterval() {
        var policy = quick
        policy.checkpoint = .seconds(60)
        policy.silence = .seconds(10_000)
        var run = MachineRun(policy: policy)
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(60))
        run.on(.saveFailed("too large"))
        for _ in 0..<50 {
            run.wait(.seconds(1))
            if run.machine.saveIsRunning { run.on(.saveFailed("too large")) }
        }
        #expect(run.notices.count == 1)
    }

    @Test func checkpointsStandStillWhileAPersonIsAsked() {
        var policy = quick
        policy.checkpoint = .seconds(60)
        var run = MachineRun(policy: policy)
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(1000))
        #expect(!run.machine.saveIsRunning)
    }

    @Test func aSaveThatHangsDoesNotHoldTheEndBack() {
        var run = MachineRun()
        run.toIdle(Sample.patch(1))
        run.on(.cancelRequested(by: Sample.ana, callback: nil))
        run.wait(.seconds(300))
        #expect(run.actions.contains(.destroy))
        run.on(.destroyed)
        #expect(run.report?.save == .failed(reason: "it took longer than 5 min", last: Sample.patch(1)))
    }

    @Test func theLateAnswerOfAHungSaveIsNotTakenForTheNextOne() {
        var run = MachineRun()
        run.toWorking()
        run.says(.text("x"))
        run.endTurn()
        run.wait(.seconds(300))
        #expect(run.phase == "idle")
        run.on(.prompted(by: Sample.ana, text: "more"))
        run.accept()
        run.says(.text("y"))
        run.endTurn()
        run.on(.saved(Sample.patch(1)))
        #expect(run.turnReports.count == 1, "the old save says nothing about the second turn")
        run.on(.saved(Sample.patch(2)))
        #expect(run.turnReports.last?.save == .saved(Sample.patch(2)))
    }

    @Test func aStopThatTheAgentIgnoresIsToldAndCanBecomeACancel() {
        var run = MachineRun()
        run.toWorking()
        run.says(.text("x"))
        run.on(.stopRequested(by: Sample.ana))
        #expect(run.calls.last == .cancel(AgentSessionID("s")))
        run.wait(.seconds(10))
        #expect(run.phase == "working")
        #expect(run.notices.count == 1)
        run.on(.cancelRequested(by: Sample.ana, callback: nil))
        #expect(run.phase == "stopping")
    }
}
