import AnycodeCore

/// Saving, and the way out: stop the turn, save the work, destroy the sandbox, say what happened.
extension SessionMachine {
    var isEnding: Bool {
        switch state.phase {
        case .stopping, .reviving, .closing, .destroying, .done: true
        default: false
        }
    }

    /// Whether the sandbox is being removed or gone.
    var isBehindSandbox: Bool {
        switch state.phase {
        case .destroying, .done: true
        default: false
        }
    }

    /// Begins the end, from wherever the session stands.
    mutating func end(_ outcome: SessionReport.Outcome, _ reason: String, rings: Bool) {
        guard !isEnding else { return }
        let ending = SessionState.Ending(outcome: outcome, reason: reason, rings: rings)
        cancelAsks(outcome == .parked ? "nobody answered in time" : "cancelled", tellAgent: true)
        if state.phase == .working, let session = state.agentSession {
            state.phase = .stopping(ending)
            progressed("stopping the turn")
            deliver(.cancel(session.id))
            return
        }
        close(ending)
    }

    /// Saves what there is to save, then destroys.
    mutating func close(_ ending: SessionState.Ending) {
        // While changes are being brought back, the workspace is less than what is saved already.
        guard state.workspace != nil, state.phase != .restoring else { return destroy(ending, nil) }
        state.phase = .closing(ending)
        progressed("saving the work")
        startSave()
    }

    mutating func destroy(_ ending: SessionState.Ending, _ save: SaveReport?) {
        let unread = state.turn == 0 && header.firstPrompt != nil ? state.queue.count - 1 : state.queue.count
        if unread > 0 {
            reply("\(unread) waiting message\(unread == 1 ? "" : "s") of session `\(header.id.short)` came too late.")
        }
        if state.pullRequest != nil {
            pullRequestFailed(AgentError(.cancelled, "The session ended before that"))
        }
        state.phase = .destroying(ending, save)
        state.outbound = []
        state.queue = []
        progressed("removing the sandbox")
        act(.destroy)
    }

    mutating func stopGraceExpired() {
        switch state.phase {
        case .stopping(let ending):
            close(ending)
        case .working:
            note("\(header.agent) has not reacted to the stop yet. `/cancel \(header.id.short)` ends the session.")
            deadlines[.stopGrace] = now + .seconds(3600)
        default: break
        }
    }

    mutating func sandboxExited(_ exit: SandboxExit) {
        let ending = SessionState.Ending(outcome: .failed, reason: "the sandbox died: \(exit.message)", rings: true)
        switch state.phase {
        case .pending, .provisioning, .destroying, .reviving, .done:
            break  // Whatever is in progress fails by itself and says so.
        case .closing(let ending):
            if ending.wasRevived { restCannotBeRead() } else { revive(ending) }
        case .preparing, .choosingRepository, .restoring:
            cancelAsks("the sandbox died", tellAgent: false)
            destroy(ending, nil)
        case .opening, .receiving, .working, .saving, .idle:
            revive(ending)
        case .stopping(let ending):
            revive(ending)
        }
    }

    /// Brings the sandbox back for its files, once: one that dies again has nothing more to give.
    private mutating func revive(_ ending: SessionState.Ending) {
        var ending = ending
        ending.wasRevived = true
        cancelAsks("the sandbox died", tellAgent: false)
        state.outbound = []
        state.awaited = []
        isConnected = false
        state.phase = .reviving(ending)
        progressed("bringing the sandbox back to save the work")
        act(.acquire)
    }

    // MARK: Saving

    /// Asks for a save; one that runs already is followed by another, so that the last state counts. Where the sandbox
    /// is not in hand yet, `acquired` asks again.
    mutating func startSave() {
        guard isConnected else { return }
        if saveIsRunning {
            saveAgain = true
        } else {
            saveIsRunning = true
            act(.save)
        }
    }

    mutating func saved(_ patch: SavedPatch?) {
        saveIsRunning = false
        sandboxTrouble = nil
        stopClock()
        state.saveProblem = nil
        state.savedAt = state.agentSeconds
        if let patch, patch.path != state.lastSave?.path { decision.newSave = patch }
        state.lastSave = patch
        if saveAgain {
            saveAgain = false
            return startSave()
        }
        afterSave(patch.map { .saved($0) } ?? .clean)
    }

    mutating func saveFailed(_ reason: String) {
        saveIsRunning = false
        sandboxTrouble = nil
        state.saveProblem = reason
        stopClock()
        state.savedAt = state.agentSeconds  // the next try is as far away as after a success
        if saveAgain {
            saveAgain = false
            return startSave()
        }
        afterSave(.failed(reason: reason, last: state.lastSave))
    }

    /// Nothing is given up while the work cannot be saved for want of space: the sandbox keeps it, and the deadline
    /// begins anew.
    mutating func saveHindered(_ reason: String) {
        guard saveIsRunning else { return }
        if deadlines[.save] != nil { deadlines[.save] = now + policy.save }
        guard state.saveProblem != reason else { return }
        state.saveProblem = reason
        note("The work cannot be saved now: \(reason). It stays in the sandbox and is saved as soon as it can be.")
    }

    /// While what runs the sandbox is away, the work in it is waited for as long as a person would be: it is nowhere else,
    /// and once the session has ended the sandbox belongs to nobody.
    mutating func outlasts(_ deadline: SessionDeadline, _ step: Duration) -> Bool {
        guard let sandboxTrouble, now - phaseBegan + step <= policy.person else { return false }
        deadlines[deadline] = now + step
        guard now - phaseBegan < step * 2 else { return true }
        let end = isEnding ? "gives it up" : "ends the session"
        note(
            """
            The sandbox is still out of reach: \(sandboxTrouble)
            The work in it is saved as soon as it is back; `/cancel \(header.id.short)` \(end).
            """)
        return true
    }

    /// Whether the session only waits for a sandbox that cannot be reached; it ends without the work in it then.
    mutating func giveUp(by person: Person) -> Bool {
        guard let sandboxTrouble else { return false }
        switch state.phase {
        case .reviving(let ending), .closing(let ending):
            destroy(ending, .failed(reason: "\(person.name) gave it up: \(sandboxTrouble)", last: state.lastSave))
            return true
        default: return false
        }
    }

    /// The save itself goes on; one that is wanted meanwhile follows it, so that a late answer is never taken for its own.
    mutating func saveExpired() {
        if let lastSaveReport { return afterSave(lastSaveReport) }
        afterSave(.failed(reason: "it took longer than \(words(policy.save))", last: state.lastSave))
    }

    mutating func restCannotBeRead() {
        restIsLost = true
        restWasRead()
    }

    /// The last words of an agent whose sandbox died have been read.
    mutating func restWasRead() {
        guard case .closing(let ending) = state.phase, let save = lastSaveReport else { return }
        lastSaveReport = nil
        destroy(ending, save)
    }

    private mutating func afterSave(_ save: SaveReport) {
        if state.diffIsWanted { showWantedDiff(save) }
        switch state.phase {
        case .saving(let report): turnSaved(report, save)
        case .closing(let ending):
            if owesRest, deadlines[.save] != nil { return lastSaveReport = save }
            destroy(ending, save)
        case .working:
            if case .failed(let reason, _) = save { note("The work could not be saved: \(reason)") }
        default: break
        }
    }

    private mutating func showWantedDiff(_ save: SaveReport) {
        state.diffIsWanted = false
        switch save {
        case .clean: reply("Nothing has changed so far.")
        case .saved(let patch): act(.showDiff(patch))
        case .failed(let reason, _): reply("The changes could not be read: \(reason)")
        }
    }

    private mutating func turnSaved(_ report: TurnReport, _ save: SaveReport) {
        var report = report
        report.save = save
        report.usage = state.usage
        report.log = state.turnLog
        report.offersPullRequest = offersPullRequest(save)
        state.reportedTurn = state.turn
        if report.outcome == .done, save == .clean, !state.turnSpoke {
            report.outcome = .failed("the agent ended its turn without saying or changing anything")
        }
        state.lastTurn = report.outcome
        record(.turnEnded(report))
        state.phase = .idle
        if !state.queue.isEmpty {
            nextTurn()
        } else if policy.linger == .zero {
            end(lastOutcome, "", rings: false)
        } else {
            progressed("ready for a message")
        }
    }

    /// `nil` for no.
    private func offersPullRequest(_ save: SaveReport) -> Bool? {
        guard case .saved(let patch) = save else { return nil }
        return policy.pullRequestProblem(state.source?.source, patch) == nil ? true : nil
    }

    var lastOutcome: SessionReport.Outcome {
        if case .failed? = state.lastTurn { .failed } else { .completed }
    }

    /// The turn that ends and is not reported yet.
    var endingTurn: Int? {
        guard state.turn > state.reportedTurn, state.phase != .working else { return nil }
        return state.turn
    }

    mutating func destroyed(gone: Bool) {
        guard case .destroying(let ending, let save) = state.phase else { return }
        var report = SessionReport(
            outcome: ending.outcome, reason: ending.reason, seconds: Int(state.agentSeconds.rounded()), save: save,
            usage: state.usage, sandboxGone: gone, rings: ending.rings, token: makeID(),
            log: endingTurn == nil ? nil : state.turnLog)
        report.offersPullRequest = save.flatMap { offersPullRequest($0) }
        state.phase = .done(report)
        record(.finished(report))
        act(.end)
    }
}
