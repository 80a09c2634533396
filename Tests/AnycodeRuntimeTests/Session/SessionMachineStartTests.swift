import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct SessionMachineStartTests {
    @Test func aTaskGoesFromSandboxToPromptToReport() {
        var run = MachineRun(source: Sample.source)
        run.on(.started)
        #expect(run.actions == [.acquire])
        run.on(.acquired(Sample.health()))
        #expect(run.actions == [.prepare(Sample.source)])
        run.on(.prepared(Sample.workspace))
        #expect(run.actions == [.deliverCalls, .openStream])
        run.accept()
        run.open()
        #expect(run.phase == "working")
        #expect(run.calls.last == .prompt(run.awaited(.prompt), AgentSessionID("s"), text: "fix it"))
        run.accept()
        run.says(.text("I did it."))
        run.endTurn()
        #expect(run.actions == [.save])
        run.on(.saved(Sample.patch()))
        #expect(run.phase == "idle")
        #expect(run.turnReports.map(\.outcome) == [.done])
        #expect(run.turnReports.first?.save == .saved(Sample.patch()))
        #expect(run.saves == [Sample.patch()])
    }

    @Test func followUpsWhileStartingAreKeptAndRunInOrder() {
        var run = MachineRun()
        run.on(.started)
        run.on(.prompted(by: Sample.ana, text: "one"))
        run.on(.acquired(Sample.health()))
        run.on(.prompted(by: Sample.eve, text: "two"))
        run.on(.prepared(Sample.workspace))
        run.on(.prompted(by: Sample.ana, text: "three"))
        run.open()
        for _ in 0..<4 {
            run.accept()
            run.says(.text("ok"))
            run.endTurn()
            run.on(.saved(nil))
        }
        let prompts = run.calls.compactMap { call in if case .prompt(_, _, let text) = call { text } else { nil } }
        #expect(prompts == ["fix it", "one", "two", "three"])
        #expect(run.phase == "idle")
    }

    @Test func queueIsBoundedAndSaysSo() {
        var policy = SessionPolicy()
        policy.queueLimit = 3
        var run = MachineRun(policy: policy)
        run.on(.started)
        for number in 0..<5 { run.on(.prompted(by: Sample.ana, text: "\(number)")) }
        #expect(run.state.queue.count == 3)
        #expect(run.replies.count == 3)
    }

    @Test func aRepositoryThatCannotBeClonedAsksAndKeepsThePrompt() throws {
        var run = MachineRun(source: Sample.source)
        run.toPreparing()
        run.on(.prepareFailed(AgentError(.repositoryNotFound, "there is no such repository")))
        #expect(run.state.phase == .choosingRepository)
        run.on(.prompted(by: Sample.ana, text: "no idea, sorry"))
        #expect(run.replies.count == 1)
        run.on(.prompted(by: Sample.eve, text: "eve/evil"))
        #expect(run.replies.count == 2)
        run.on(.prompted(by: Sample.ana, text: "org/other"))
        guard case .prepare(let source?) = try #require(run.actions.first) else { Issue.record("no clone"); return }
        #expect(source.source.url == "https://github.com/org/other.git")
        run.on(.prepared(Sample.workspace))
        #expect(run.state.queue.map(\.text) == ["fix it"])
    }

    @Test func goingOnWithoutARepositoryAndCancellingAreButtons() throws {
        var run = MachineRun(source: Sample.source)
        run.toPreparing()
        run.on(.prepareFailed(AgentError(.repositoryDenied, "no access")))
        var other = run
        run.press(try #require(run.asks.first), .answer(option: 0))
        #expect(run.actions.contains(.prepare(nil)))
        other.press(try #require(other.asks.first), .answer(option: 1))
        #expect(other.actions.contains(.destroy))
        other.on(.destroyed)
        #expect(other.report?.outcome == .cancelled)
    }

    @Test func anEmptyWorkspaceThatCannotBeMadeFails() {
        var run = MachineRun()
        run.toPreparing()
        run.on(.prepareFailed(AgentError(.failed, "no space")))
        run.on(.destroyed)
        #expect(run.report?.outcome == .failed)
        #expect(run.report?.reason.contains("no space") == true)
    }

    @Test func acquireFailureEndsWithTheReason() {
        var run = MachineRun()
        run.on(.started)
        run.on(.acquireFailed(SandboxError(.misconfigured, "bwrap is missing", hint: "Install it")))
        run.on(.destroyed)
        #expect(run.report?.reason.contains("bwrap is missing. Install it") == true)
        #expect(run.report?.save == nil)
    }

    @Test func missingCredentialsNameTheConfigurationKey() {
        var run = MachineRun()
        run.toOpening()
        run.says(.callFailed(run.awaited(.initialize), AgentFailure(code: .authenticationRequired, message: "log in")))
        run.on(.saved(nil))
        run.on(.destroyed)
        #expect(run.report?.reason.contains("agents.credentials.demo") == true)
    }

    @Test func anAgentThatEndedIsStartedAgainForTheNextTurn() {
        var run = MachineRun()
        run.toIdle()
        run.says(.agentExited(AgentExit(exitCode: 0, signal: nil, message: "")))
        #expect(run.phase == "idle")
        run.on(.prompted(by: Sample.ana, text: "more"))
        #expect(run.state.phase == .opening)
        run.accept()
        run.open()
        #expect(run.phase == "working")
        #expect(run.calls.last == .prompt(run.awaited(.prompt), AgentSessionID("s"), text: "more"))
    }

    @Test func anAgentThatCanLoadsItsConversationAgain() {
        var run = MachineRun()
        run.toIdle()
        run.says(.agentExited(AgentExit(exitCode: 1, signal: nil, message: "")))
        run.on(.prompted(by: Sample.ana, text: "more"))
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities(loadsSessions: true)))
        #expect(run.calls.last == .loadSession(run.awaited(.open), AgentSessionID("s"), directory: "/workspace/repo"))
    }

    @Test func aRequestNumberThatAnewAgentUsesAgainIsAskedAgain() {
        var run = MachineRun()
        run.toWorking()
        run.says(.permissionRequested(Sample.permission(0)))
        run.press(run.asks[0], .answer(option: 0))
        run.endTurn()
        run.on(.saved(nil))
        run.says(.agentExited(AgentExit(exitCode: 1, signal: nil, message: "")))
        run.on(.prompted(by: Sample.ana, text: "more"))
        run.open()
        run.says(.permissionRequested(Sample.permission(0)))
        #expect(run.state.asks.count == 1)
        #expect(run.asks[0].requestKey != run.asks[1].requestKey, "rows of one session are unique by this key")
    }

    // MARK: Recovery

    @Test(arguments: [
        "provisioning", "preparing", "opening", "working", "asked", "saving", "idle", "stopping", "closing",
    ])
    func aNewIncarnationFindsThePhaseAndGoesOn(_ phase: String) {
        var run = Self.run(in: phase)
        let before = run.state.phase
        run.restart()
        #expect(run.actions == [.acquire])
        #expect(run.state.phase == before)
        run.on(.acquired(Sample.health()))
        switch phase {
        case "provisioning", "preparing": #expect(run.actions == [.prepare(nil)])
        case "opening", "working", "asked", "idle": #expect(run.actions == [.openStream])
        case "saving": #expect(run.actions == [.openStream, .save])
        case "stopping": #expect(run.actions == [.openStream, .deliverCalls])
        default: #expect(run.actions == [.save])
        }
    }

    @Test func callsThatWereCommittedButNotSentAreSentByTheNextIncarnation() {
        var run = MachineRun()
        run.toPreparing()
        run.on(.prepared(Sample.workspace))
        let waiting = run.state.outbound
        run.restart()
        run.on(.acquired(Sample.health()))
        #expect(run.actions.contains(.deliverCalls))
        #expect(run.state.outbound == waiting, "the same id, so that the runner knows it again")
    }

    @Test func destroyingAndDoneNeedNoSandbox() {
        var run = MachineRun()
        run.on(.started)
        run.on(.cancelRequested(by: Sample.ana, callback: nil))
        run.restart()
        #expect(run.actions == [.destroy])
        run.on(.destroyed)
        run.restart()
        #expect(run.actions == [.end])
    }

    @Test(arguments: ["opening", "working", "asked", "saving", "idle", "stopping"])
    func aLostLogEndsTheSessionAndSavesItsFiles(_ phase: String) {
        var run = Self.run(in: phase)
        run.restart()
        run.on(.acquired(Sample.health("another")))
        if phase == "working" || phase == "asked" {
            // Its prompt may have come after the restart: it is stopped before the last save.
            #expect(run.state.outbound == run.state.agentSession.map { [.cancel($0.id)] })
            run.wait(run.machine.policy.stopGrace)
        }
        #expect(run.actions.contains(.save))
        #expect(run.state.asks.isEmpty)
        run.on(.saved(Sample.patch(7)))
        run.on(.destroyed)
        #expect(run.report?.save == .saved(Sample.patch(7)))
        #expect(run.report?.outcome == .failed || run.report?.outcome == .cancelled)
    }

    @Test(arguments: ["working", "asked"])
    func afterARestartTheNewLogIsNotReadBehindThePlaceInTheLostOne(_ phase: String) {
        var run = Self.run(in: phase)
        run.restart()
        run.on(.acquired(Sample.health("another")))
        run.restart()
        run.on(.acquired(Sample.health("another")))
        #expect(!run.actions.contains(.openStream))
        #expect(run.actions.contains(.deliverCalls))
        run.wait(run.machine.policy.stopGrace)
        #expect(run.actions.contains(.save))
    }

    @Test func aLostLogBeforeTheAgentStartedIsNoLoss() {
        var run = MachineRun()
        run.toPreparing()
        run.restart()
        run.on(.acquired(Sample.health("another")))
        #expect(run.actions == [.prepare(nil)])
    }

    /// A run that has come to a phase.
    static func run(in phase: String) -> MachineRun {
        var run = MachineRun()
        switch phase {
        case "provisioning": run.on(.started)
        case "preparing": run.toPreparing()
        case "opening": run.toOpening()
        case "working": run.toWorking()
        case "asked":
            run.toWorking()
            run.says(.permissionRequested(Sample.permission(1)))
        case "saving":
            run.toWorking()
            run.says(.text("x"))
            run.endTurn()
        case "idle": run.toIdle()
        case "stopping":
            run.toWorking()
            run.on(.cancelRequested(by: Sample.ana, callback: nil))
        default:
            run.toIdle()
            run.on(.cancelRequested(by: Sample.ana, callback: nil))
        }
        return run
    }
}
