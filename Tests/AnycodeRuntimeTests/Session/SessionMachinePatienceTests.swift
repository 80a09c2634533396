import AnycodeCore
import Testing

@testable import AnycodeRuntime

/// Reminders, parking, more time, and the end by a button.
struct SessionMachinePatienceTests {
    private func policy(minutes: Int = 30, wait: Int = 720) -> SessionPolicy {
        var policy = SessionPolicy()
        policy.agentTime = .seconds(minutes * 60)
        policy.person = .seconds(wait * 60)
        policy.silence = .seconds(1_000_000)
        policy.checkpoint = .seconds(1_000_000)
        return policy
    }

    private func reminders(_ run: MachineRun) -> [InteractionID] {
        run.entries.compactMap { entry in if case .reminded(let id) = entry { id } else { nil } }
    }

    private func offers(_ run: MachineRun) -> [TimeOffer] {
        run.entries.compactMap { entry in if case .timeOffered(let offer) = entry { offer } else { nil } }
    }

    // MARK: Reminders

    @Test func aQuestionIsBroughtToMindOnceAfterAnHour() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(3599))
        #expect(reminders(run).isEmpty)
        run.wait(.seconds(1))
        #expect(reminders(run) == [run.asks[0].id])
        run.wait(.seconds(10 * 3600))
        #expect(reminders(run).count == 1)
        #expect(run.phase == "working")
    }

    @Test func aShortWaitRemindsAfterAQuarterOfIt() {
        var run = MachineRun(policy: policy(wait: 60))
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(15 * 60))
        #expect(reminders(run).count == 1)
    }

    @Test func eachQuestionHasItsOwnReminder() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(1800))
        run.says(.permissionRequested(Sample.permission(2)))
        run.wait(.seconds(1800))
        #expect(reminders(run) == [run.asks[0].id])
        run.press(run.asks[0], .answer(option: 0))
        run.wait(.seconds(1799))
        #expect(reminders(run).count == 1)
        run.wait(.seconds(1))
        #expect(reminders(run) == run.asks.map(\.id))
    }

    @Test func anAnsweredQuestionIsNotBroughtToMind() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(600))
        run.press(run.asks[0], .answer(option: 0))
        run.wait(.seconds(1000))
        #expect(reminders(run).isEmpty)
        #expect(run.machine.deadlines[.reminder] == nil)
    }

    @Test func aQuestionIsNotBroughtToMindAgainAfterARestart() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(3600))
        run.restart()
        run.wait(.seconds(2 * 3600))
        #expect(reminders(run).count == 1)
    }

    @Test func aQuestionAboutTheRepositoryIsBroughtToMindToo() {
        var run = MachineRun(policy: policy(), source: Sample.source)
        run.toPreparing()
        run.on(.prepareFailed(AgentError(.repositoryNotFound, "missing")))
        run.wait(.seconds(3600))
        #expect(reminders(run).count == 1)
    }

    // MARK: Parking

    @Test func aSessionThatNobodyAnswersIsParkedWithItsWork() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(1)))
        run.wait(.seconds(720 * 60))
        #expect(run.calls.contains(.answerPermission(.number(1), .cancelled)))
        #expect(run.resolutions.map(\.choice) == ["nobody answered in time"])
        run.endTurn(.cancelled)
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch()))
        #expect(run.actions == [.destroy])
        run.on(.destroyed)
        #expect(run.report?.outcome == .parked)
        #expect(run.report?.rings == true)
        #expect(run.report?.save == .saved(Sample.patch()))
        #expect(run.phase == "parked")
    }

    // MARK: More time

    @Test func atFourFifthsOfTheTimeMoreIsOfferedOnce() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(24 * 60 - 1))
        #expect(offers(run).isEmpty)
        run.wait(.seconds(1))
        #expect(offers(run).map(\.used) == [24 * 60])
        #expect(offers(run).map(\.limit) == [30 * 60])
        run.wait(.seconds(5 * 60))
        #expect(offers(run).count == 1)
        run.wait(.seconds(60))
        #expect(run.phase == "stopping")
    }

    @Test func aPressGivesHalfAnHourAndIsAskedAgain() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(25 * 60))
        run.on(.moreTimeRequested(1, by: Sample.ana, callback: "c"))
        #expect(run.clickNotes == ["The agent may work for 1 h in all."])
        #expect(run.entries.last == .timeGranted(1, by: Sample.ana, limit: 3600))
        run.on(.moreTimeRequested(1, by: Sample.ana, callback: "c"))
        #expect(run.clickNotes == ["This has been settled already."])
        run.wait(.seconds(22 * 60))
        #expect(offers(run).count == 1)
        run.wait(.seconds(60))
        #expect(offers(run).map(\.used) == [24 * 60, 48 * 60])
        run.wait(.seconds(11 * 60))
        #expect(run.phase == "working")
        run.wait(.seconds(60))
        #expect(run.phase == "stopping")
    }

    @Test func timeJustGivenIsNotAskedAboutBeforeItBegins() {
        var run = MachineRun(policy: policy(minutes: 600))
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(590 * 60))
        run.on(.moreTimeRequested(1, by: Sample.ana, callback: "c"))
        run.wait(.seconds(9 * 60))
        #expect(offers(run).count == 1)
        run.wait(.seconds(60))
        #expect(offers(run).map(\.limit) == [600 * 60, 630 * 60])
    }

    @Test func onlyTheStarterMayGiveTime() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(25 * 60))
        run.on(.moreTimeRequested(1, by: Sample.eve, callback: "c"))
        #expect(run.clickNotes == ["Only Ana may give more time."])
        run.wait(.seconds(5 * 60))
        #expect(run.phase == "stopping")
        run.on(.moreTimeRequested(1, by: Sample.ana, callback: "c"))
        #expect(run.clickNotes == ["This has been settled already."])
    }

    @Test func anOfferWorksAfterARestartAndIsNotRepeated() {
        var run = MachineRun(policy: policy())
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(25 * 60))
        run.restart()
        run.on(.acquired(Sample.health()))
        #expect(offers(run).count == 1)
        run.on(.moreTimeRequested(1, by: Sample.ana, callback: "c"))
        #expect(run.entries.last == .timeGranted(1, by: Sample.ana, limit: 3600))
    }

    @Test func withoutALimitNothingIsOffered() {
        var policy = policy()
        policy.agentTime = nil
        var run = MachineRun(policy: policy)
        run.toWorking()
        run.says(.text("x"))
        run.wait(.seconds(100 * 3600))
        #expect(offers(run).isEmpty)
    }

    // MARK: Finish

    @Test func finishEndsAnIdleSessionQuietly() {
        var run = MachineRun()
        run.toIdle()
        run.on(.finishRequested(by: Sample.eve, callback: "c"))
        #expect(run.clickNotes == ["Only Ana may finish this."])
        run.on(.finishRequested(by: Sample.ana, callback: "c"))
        #expect(run.clickNotes == ["Finishing"])
        #expect(run.actions.contains(.save))
        run.on(.saved(Sample.patch()))
        run.on(.destroyed)
        #expect(run.report?.outcome == .completed)
        #expect(run.report?.reason == "finished by Ana")
        #expect(run.report?.rings == false)
    }

    @Test func finishDoesNotEndATurn() {
        var run = MachineRun()
        run.toWorking()
        run.on(.finishRequested(by: Sample.ana, callback: "c"))
        #expect(run.clickNotes[0].hasPrefix("It is at work"))
        #expect(run.phase == "working")
    }
}
