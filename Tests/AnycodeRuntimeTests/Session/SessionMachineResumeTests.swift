import AnycodeCore
import Testing

@testable import AnycodeRuntime

/// A session that goes on from one that ended.
struct SessionMachineResumeTests {
    private func origin(
        text: String = "go on", patch: SavedPatch? = Sample.patch(), conversation: SavedConversation? = nil
    ) -> SessionOrigin {
        SessionOrigin(
            session: SessionID("01d01d01d01d"), task: "fix it", text: text, patch: patch, conversation: conversation)
    }

    private func prompts(_ run: MachineRun) -> [String] {
        run.calls.compactMap { call in if case .prompt(_, _, let text) = call { text } else { nil } }
    }

    private func restorations(_ run: MachineRun) -> [Restoration] {
        run.entries.compactMap { entry in if case .restored(let it) = entry { it } else { nil } }
    }

    @Test func theChangesAreBroughtBackBeforeTheAgentBegins() {
        var run = MachineRun(origin: origin())
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        #expect(run.actions == [.restore(origin())])
        #expect(run.calls.isEmpty)
        run.on(.restored(Sample.patch(2), conversation: nil))
        #expect(run.saves == [Sample.patch(2)])
        #expect(run.state.lastSave == Sample.patch(2))
        #expect(restorations(run).map(\.asks) == [false])
        run.accept()
        run.open()
        #expect(prompts(run).count == 1)
        #expect(prompts(run)[0].contains("The task was:\n\nfix it\n\nThe changes made so far are"))
        #expect(prompts(run)[0].hasSuffix("What is wanted now:\n\ngo on"))
        let told = run.entries.compactMap { entry in if case .prompted(_, _, let text) = entry { text } else { nil } }
        #expect(told == ["go on"], "people see their own words")
    }

    @Test func theSecondPromptHasNoPreamble() {
        var run = MachineRun(origin: origin())
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        run.on(.restored(Sample.patch(), conversation: nil))
        run.accept()
        run.open()
        run.accept()
        run.says(.text("x"))
        run.endTurn()
        run.on(.saved(Sample.patch()))
        run.on(.prompted(by: Sample.ana, text: "more"))
        #expect(prompts(run).last == "more")
    }

    @Test func withoutWordsThePersonIsAskedAndTheFirstWordsGetThePreamble() {
        var run = MachineRun(origin: origin(text: ""))
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        run.on(.restored(Sample.patch(), conversation: nil))
        #expect(restorations(run).map(\.asks) == [true])
        run.accept()
        run.open()
        #expect(run.phase == "idle")
        run.on(.prompted(by: Sample.ana, text: "now this"))
        #expect(prompts(run)[0].hasSuffix("What is wanted now:\n\nnow this"))
    }

    @Test func aConversationThatWasBroughtBackIsLoadedAndNeedsNoPreamble() {
        let id = AgentSessionID("old")
        var run = MachineRun(origin: origin(conversation: SavedConversation(id: id, path: "/state")))
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        run.on(.restored(Sample.patch(), conversation: id))
        run.accept()
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities(name: "demo", loadsSessions: true)))
        #expect(run.calls.last == .loadSession(run.awaited(.open), id, directory: Sample.workspace.path))
        run.says(.sessionOpened(run.awaited(.open), AgentSession(id: id)))
        #expect(prompts(run) == ["go on"])
    }

    @Test func aConversationThatTheAgentDoesNotKnowBeginsAnew() {
        let id = AgentSessionID("old")
        var run = MachineRun(origin: origin(conversation: SavedConversation(id: id, path: "/state")))
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        run.on(.restored(Sample.patch(), conversation: id))
        run.accept()
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities(name: "demo", loadsSessions: true)))
        run.says(.callFailed(run.awaited(.open), AgentFailure(code: .other(-32_602), message: "no such session")))
        #expect(run.calls.last == .openSession(run.awaited(.open), directory: Sample.workspace.path))
        run.says(.sessionOpened(run.awaited(.open), AgentSession(id: AgentSessionID("new"))))
        #expect(prompts(run)[0].hasSuffix("What is wanted now:\n\ngo on"))
    }

    @Test func aPatchThatDoesNotApplyEndsTheSessionAndSaysWhereItIs() {
        var run = MachineRun(origin: origin())
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        run.on(.restoreFailed(AgentError(.conflict, "the patch does not apply")))
        #expect(run.actions == [.destroy], "an untouched workspace is not saved over the patch")
        run.on(.destroyed)
        #expect(run.report?.outcome == .failed)
        #expect(
            run.report?.reason
                == "the saved changes of `01d01d01` could not be brought back: the patch does not apply. "
                + "They are kept at `/patches/1`.")
    }

    @Test func aRestartInTheMiddleBringsThemBackAgain() {
        var run = MachineRun(origin: origin())
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        run.restart()
        #expect(run.actions == [.acquire])
        run.on(.acquired(Sample.health()))
        #expect(run.actions == [.restore(origin())])
    }

    // MARK: What is taken over

    private func ended(_ run: MachineRun) -> StoredSession {
        StoredSession(header: run.machine.header, state: run.state)
    }

    @Test func whatEndedHandsOnItsTaskAndItsLastSave() {
        var run = MachineRun()
        run.toIdle()
        let origin = SessionOrigin(ended(run), text: "and now")
        #expect(origin.session == run.machine.header.id)
        #expect(origin.task == "fix it")
        #expect(origin.text == "and now")
        #expect(origin.patch == Sample.patch())
        #expect(SessionOrigin(ended(run), text: "").text.isEmpty)
    }

    @Test func aTaskThatNeverBeganIsBegunByItsResumption() {
        var run = MachineRun()
        run.toPreparing()
        #expect(SessionOrigin(ended(run), text: "").text == "fix it")
    }

    @Test func whatWasNeverBroughtBackIsHandedOnUntouched() {
        var run = MachineRun(origin: origin(text: "go on", patch: Sample.patch(7)))
        run.toPreparing()
        let next = SessionOrigin(ended(run), text: "")
        #expect(next.patch == Sample.patch(7))
        #expect(next.text == "go on")
        #expect(next.task == "fix it")
    }

    @Test func workThatWasUndoneAfterwardsIsNotBroughtBack() {
        var run = MachineRun(origin: origin(patch: Sample.patch(7)))
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        run.on(.restored(Sample.patch(7), conversation: nil))
        run.accept()
        run.open()
        run.says(.text("all undone"))
        run.endTurn()
        run.on(.saved(nil))
        #expect(SessionOrigin(ended(run), text: "").patch == nil)
    }
}
