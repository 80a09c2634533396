import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct SessionMachineTurnTests {
    @Test func whatOneTurnSaysHasABound() {
        var run = MachineRun()
        run.toWorking()
        let piece = String(repeating: "x", count: SessionMachine.mostTurnText / 4)
        for _ in 0..<8 { run.says(.text(piece)) }
        #expect(run.entries.count { $0 == .text(piece) } == 4)
        #expect(run.entries.count { if case .notice = $0 { true } else { false } } == 1)
    }

    @Test func anEmptySuccessIsAFailure() {
        var run = MachineRun()
        run.toWorking()
        run.says(.text(" \n"), .thought("hm"))
        run.endTurn()
        run.on(.saved(nil))
        guard case .failed? = run.turnReports.last?.outcome else { Issue.record("told as a success"); return }
    }

    @Test func aSilentTurnThatChangedFilesIsNoFailure() {
        var run = MachineRun()
        run.toWorking()
        run.endTurn()
        run.on(.saved(Sample.patch()))
        #expect(run.turnReports.last?.outcome == .done)
    }

    @Test(arguments: [
        (StopReason.endTurn, TurnReport.Outcome.done), (.cancelled, .cancelled),
        (.maxTokens, .stopped("the model's token limit was reached")),
        (.maxRequests, .stopped("the agent's limit of model requests was reached")),
        (.refusal, .stopped("the agent refused to go on")), (.other("quota"), .stopped("quota")),
    ])
    func everyStopReasonIsTold(_ reason: StopReason, _ outcome: TurnReport.Outcome) {
        var run = MachineRun()
        run.toWorking()
        run.says(.text("x"))
        run.endTurn(reason)
        run.on(.saved(nil))
        #expect(run.turnReports.map(\.outcome) == [outcome])
        #expect(run.phase == "idle")
    }

    @Test func anErrorEndsTheTurnAndKeepsTheSession() {
        var run = MachineRun()
        run.toWorking()
        run.says(.callFailed(run.awaited(.prompt), AgentFailure(code: .other(-32603), message: "overloaded")))
        run.on(.saved(nil))
        #expect(run.turnReports.map(\.outcome) == [.failed("overloaded")])
        #expect(run.phase == "idle")
        run.wait(.seconds(900))
        run.on(.saved(nil))
        run.on(.destroyed)
        #expect(run.report?.outcome == .failed)
    }

    @Test func anAnswerToNobodysCallChangesNothing() {
        var run = MachineRun()
        run.toWorking()
        run.says(.turnEnded(.string("anycode-99"), .endTurn))
        run.says(.initialized(.string("anycode-1"), AgentCapabilities()))
        run.says(.sessionOpened(.string("anycode-2"), AgentSession(id: AgentSessionID("other"))))
        #expect(run.phase == "working")
        #expect(run.state.agentSession?.id == AgentSessionID("s"))
    }

    @Test func aTurnsAnswerCountsOnce() {
        var run = MachineRun()
        run.toWorking()
        run.says(.text("x"))
        let prompt = run.awaited(.prompt)
        run.endTurn()
        run.says(.turnEnded(prompt, .endTurn))
        run.on(.saved(nil))
        #expect(run.turnReports.count == 1)
    }

    @Test func stopKeepsTheSessionAndRunsWhatWaits() {
        var run = MachineRun()
        run.toWorking()
        run.says(.text("x"), .permissionRequested(Sample.permission(1)))
        run.on(.prompted(by: Sample.ana, text: "rather this"))
        run.on(.stopRequested(by: Sample.eve))
        #expect(run.state.asks.count == 1, "a stranger stops nothing")
        run.on(.stopRequested(by: Sample.ana))
        #expect(run.calls.suffix(2) == [.answerPermission(.number(1), .cancelled), .cancel(AgentSessionID("s"))])
        run.says(.permissionRequested(Sample.permission(2)))
        #expect(run.calls.last == .answerPermission(.number(2), .cancelled), "nobody is asked any more")
        run.accept()
        run.endTurn(.endTurn)
        run.on(.saved(nil))
        #expect(run.turnReports.map(\.outcome) == [.cancelled])
        #expect(run.calls.last == .prompt(run.awaited(.prompt), AgentSessionID("s"), text: "rather this"))
    }

    @Test func cancelSavesThenDestroys() {
        var run = MachineRun()
        run.toWorking()
        run.says(.text("x"))
        run.on(.cancelRequested(by: Sample.eve, callback: "click"))
        #expect(run.phase == "working")
        run.on(.cancelRequested(by: Sample.ana, callback: "click"))
        #expect(run.clickNotes == ["Cancelling"])
        run.on(.cancelRequested(by: Sample.ana, callback: "again"))
        #expect(run.clickNotes == ["It is ending already."])
        run.endTurn(.cancelled)
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch(3)))
        #expect(run.actions == [.destroy])
        run.on(.destroyed)
        #expect(run.actions == [.end])
        #expect(run.report?.outcome == .cancelled)
        #expect(run.report?.save == .saved(Sample.patch(3)))
    }

    @Test func ownersAndOpenSessionsMayBeControlledByOthers() {
        var policy = SessionPolicy()
        policy.owners = [Sample.eve.id]
        #expect(MachineRun(policy: policy).machine.mayControl(Sample.eve))
        policy.owners = []
        #expect(!MachineRun(policy: policy).machine.mayControl(Sample.eve))
        policy.everybodyControls = true
        #expect(MachineRun(policy: policy).machine.mayControl(Sample.eve))
    }

    @Test func messagesThatWaitedForASessionThatEndedAreAccountedFor() {
        var run = MachineRun()
        run.toWorking()
        run.on(.prompted(by: Sample.ana, text: "next"))
        run.on(.cancelRequested(by: Sample.ana, callback: nil))
        run.wait(.seconds(10))
        run.on(.saved(nil))
        #expect(run.replies.contains { $0.contains("1 waiting message") })
        run.on(.prompted(by: Sample.ana, text: "late"))
        #expect(run.replies.last?.contains("is ending") == true)
    }

    @Test func shutdownEndsAndSays() {
        var run = MachineRun()
        run.toIdle()
        run.on(.shutdownRequested)
        run.on(.saved(Sample.patch()))
        run.on(.destroyed)
        #expect(run.report?.reason.contains("shutting down") == true)
    }

    @Test func aFailedRemovalIsLeftToTheReaper() {
        var run = MachineRun()
        run.toIdle()
        run.on(.cancelRequested(by: Sample.ana, callback: nil))
        run.on(.saved(nil))
        run.on(.destroyFailed("busy"))
        #expect(run.report?.sandboxGone == false)
        #expect(run.actions == [.end])
    }

    // MARK: Death of the sandbox

    @Test(arguments: ["opening", "working", "asked", "saving", "idle", "stopping", "closing"])
    func aDeadSandboxIsBroughtBackForItsFiles(_ phase: String) {
        var run = SessionMachineStartTests.run(in: phase)
        run.on(.sandboxExited(SandboxExit(exitCode: 137, outOfMemory: true, message: "out of memory")))
        #expect(run.actions == [.acquire])
        #expect(run.state.asks.isEmpty)
        #expect(run.state.outbound.isEmpty)
        if run.machine.saveIsRunning { run.on(.saveFailed("gone")) }
        run.on(.acquired(Sample.health()))
        #expect(run.actions == (phase == "opening" ? [.save] : [.openStream, .save]))
        run.on(.saved(Sample.patch(9)))
        if phase != "opening" {
            #expect(!run.actions.contains(.destroy), "what the agent said last is still being read")
            run.says(.text("last words"))
            run.says(.agentExited(AgentExit(exitCode: nil, signal: 9, message: "")))
            #expect(run.entries.contains(.text("last words")))
        }
        #expect(run.actions == [.destroy])
        run.on(.destroyed)
        #expect(run.report?.save == .saved(Sample.patch(9)))
    }

    @Test func lastWordsThatNeverComeAreNotWaitedForLongerThanASave() {
        var run = MachineRun()
        run.toWorking()
        run.on(.sandboxExited(SandboxExit(exitCode: 137, message: "killed")))
        run.on(.acquired(Sample.health()))
        run.on(.saved(Sample.patch(9)))
        run.wait(SessionPolicy().save)
        #expect(run.actions == [.destroy])
        run.on(.destroyed)
        #expect(run.report?.save == .saved(Sample.patch(9)))
    }

    @Test func lastWordsOfALostLogAreNotWaitedFor() {
        var run = MachineRun()
        run.toWorking()
        run.on(.sandboxExited(SandboxExit(exitCode: 137, message: "killed")))
        run.on(.acquired(Sample.health("another")))
        run.on(.saved(Sample.patch(9)))
        #expect(run.actions == [.destroy])
    }

    @Test(arguments: ["provisioning", "preparing"])
    func aSandboxThatDiesBeforeThereIsWorkIsNotBroughtBack(_ phase: String) {
        var run = SessionMachineStartTests.run(in: phase)
        run.on(.sandboxExited(SandboxExit(exitCode: 1, message: "gone")))
        #expect(!run.actions.contains(.acquire))
    }

    @Test func aSandboxThatDiesAgainYieldsTheLastCheckpoint() {
        var run = MachineRun()
        run.toIdle(Sample.patch(4))
        let death = SandboxExit(exitCode: 137, message: "killed")
        run.on(.sandboxExited(death))
        run.on(.acquired(Sample.health()))
        run.on(.sandboxExited(death))
        run.on(.saveFailed("nothing answers"))
        #expect(run.actions == [.destroy])
        run.on(.destroyed)
        #expect(run.report?.save == .failed(reason: "nothing answers", last: Sample.patch(4)))
    }

    @Test func aSandboxThatDoesNotComeBackYieldsTheLastCheckpoint() {
        var run = MachineRun()
        run.toIdle(Sample.patch(4))
        run.on(.sandboxExited(SandboxExit(exitCode: 137, message: "killed")))
        var late = run
        run.on(.acquireFailed(SandboxError(.failed, "its disk is gone")))
        run.on(.destroyed)
        #expect(run.report?.save == .failed(reason: "its disk is gone", last: Sample.patch(4)))
        late.wait(.seconds(600))
        #expect(late.actions == [.destroy])
    }

    @Test func anEndBeforeTheSandboxIsBackInHandStillSaves() {
        var run = MachineRun()
        run.toWorking()
        run.says(.text("x"))
        run.restart()
        run.on(.cancelRequested(by: Sample.ana, callback: nil))
        run.wait(.seconds(30))
        #expect(!run.actions.contains(.destroy), "the sandbox is still being looked for")
        run.on(.acquired(Sample.health()))
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch(5)))
        #expect(run.actions == [.destroy])
    }

    // MARK: Diff

    @Test func diffInMidTurnSavesFirst() {
        var run = MachineRun()
        run.toWorking()
        run.on(.diffRequested(by: Sample.eve, callback: nil))
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch(2)))
        #expect(run.actions == [.showDiff(Sample.patch(2))])
        #expect(run.phase == "working")
        run.endTurn()
        run.on(.saved(nil))
        run.on(.diffRequested(by: Sample.ana, callback: "click"))
        #expect(run.replies == ["Nothing has changed so far."])
    }

    @Test func unknownMessagesAndGapsAreCounted() {
        var run = MachineRun()
        run.toWorking()
        let decision = run.machine.handle(.streamed([.unknown(type: "session/new_thing")]), at: run.now)
        #expect(decision.unknown == ["session/new_thing"])
        run.says(.gap(from: 3, to: 7))
        #expect(run.notices == ["5 messages of the agent are lost: the log was full."])
    }

    @Test func tokensAndCostAreCountedForTheTurnAndInAll() {
        var run = MachineRun()
        run.toWorking()
        let prompt = run.awaited(.prompt)
        run.says(.text("x"), .usage(AgentUsage(cost: 0.5, currency: "USD")), .turnTook(prompt, tokens: 100))
        run.says(.turnTook(.string("anycode-99"), tokens: 7))
        run.endTurn()
        run.on(.saved(nil))
        #expect(run.turnReports.last?.taken == AgentUsage(tokens: 100, cost: 0.5, currency: "USD"))
        run.on(.prompted(by: Sample.ana, text: "more"))
        // A process that was started again counts from nothing.
        run.says(.text("x"), .usage(AgentUsage(cost: 0.25)), .turnTook(run.awaited(.prompt), tokens: 20))
        run.endTurn()
        run.on(.saved(nil))
        #expect(run.turnReports.last?.taken == AgentUsage(tokens: 20, cost: 0.25, currency: "USD"))
        #expect(run.turnReports.last?.usage == AgentUsage(tokens: 120, cost: 0.75, currency: "USD"))
    }

    @Test func usageIsMerged() {
        var run = MachineRun()
        run.toWorking()
        run.says(.usage(AgentUsage(used: 5, size: 100)), .usage(AgentUsage(cost: 0.5, currency: "USD")))
        #expect(run.state.usage == AgentUsage(used: 5, size: 100, cost: 0.5, currency: "USD"))
    }

    @Test func refusedCallsEndOrAreTold() {
        var run = MachineRun()
        run.toOpening()
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities()))
        let call = run.state.outbound[0]
        run.on(.callRefused(call, AgentError(.agentMissing, "no such program")))
        run.on(.saved(nil))
        run.on(.destroyed)
        #expect(run.report?.reason == "no such program")
        var other = MachineRun()
        other.toWorking()
        other.says(.permissionRequested(Sample.permission(1)))
        other.press(other.asks[0], .answer(option: 2))
        other.on(.callRefused(other.state.outbound[0], AgentError(.failed, "too late")))
        #expect(other.phase == "working")
        #expect(other.notices.count == 1)
    }
}
