import AnycodeCore
import Testing

@testable import AnycodeRuntime

/// Messages that are given to an agent in the middle of its turn.
struct SessionMachineSteerTests {
    private let more = SessionState.Prompt(by: Sample.ana, text: "also this", number: 7)

    /// Working, with a message that waits and was then wanted at once.
    private func steered(_ steers: Bool? = true) -> MachineRun {
        var run = MachineRun()
        run.toOpening()
        run.says(.initialized(run.awaited(.initialize), AgentCapabilities(name: "demo", steers: steers)))
        run.says(.sessionOpened(run.awaited(.open), AgentSession(id: AgentSessionID("s"))))
        run.accept()
        run.says(.text("x"))
        run.on(.prompted(by: Sample.ana, text: more.text, route: PromptRoute(number: 7)))
        let click = ButtonClick(token: "t", message: nil, callback: "click")
        run.on(.sendNowRequested(7, by: Sample.ana, click: click))
        return run
    }

    @Test func itGoesIntoTheTurnWhichEndsOnce() {
        var run = steered()
        #expect(run.calls.last == .prompt(run.awaited(.steer(more)), AgentSessionID("s"), text: "also this"))
        #expect(run.state.queue.isEmpty && !run.state.turnIsStopping && run.phase == "working")
        let steer = run.awaited(.steer(more))
        run.endTurn()
        #expect(run.phase == "working", "what was told last has no answer yet")
        run.says(.text("that as well"), .turnEnded(steer, .endTurn))
        run.on(.saved(nil))
        #expect(run.turnReports.map(\.outcome) == [.done] && run.phase == "idle")
    }

    @Test func whatIsNotTakenWaitsForTheNextTurn() {
        var run = steered()
        run.says(.callFailed(run.awaited(.steer(more)), AgentFailure(code: .other(1), message: "no")))
        #expect(run.state.queue == [more])
        run.endTurn()
        run.on(.saved(nil))
        #expect(run.state.turn == 2 && run.phase == "working")
    }

    @Test func anAgentThatCannotIsStoppedForIt() {
        let run = steered(nil)
        #expect(run.state.turnIsStopping && run.state.queue == [more])
    }

    @Test func aFailedTurnDoesNotWaitForIt() {
        var run = steered()
        run.says(.callFailed(run.awaited(.prompt), AgentFailure(code: .agentExited, message: "killed")))
        run.says(.callFailed(run.awaited(.steer(more)), AgentFailure(code: .agentExited, message: "killed")))
        run.on(.saved(nil))
        #expect(run.turnReports.map(\.outcome) == [.failed("killed")] && run.phase == "idle")
    }
}
