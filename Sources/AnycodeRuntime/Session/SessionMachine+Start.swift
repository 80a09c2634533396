import AnycodeCore

/// From `/task` to the first prompt, and the way back in after a restart.
extension SessionMachine {
    /// The only start path: new or found again, a session does what its phase still needs.
    mutating func started() {
        phaseBegan = now
        lastSignOfLife = now
        saveIsRunning = false
        saveAgain = false
        isConnected = false
        switch state.phase {
        case .pending:
            state.phase = .provisioning
            progressed("making a sandbox")
            act(.acquire)
        case .provisioning, .preparing, .choosingRepository, .restoring, .opening, .receiving, .working, .saving, .idle,
            .stopping, .reviving, .closing:
            act(.acquire)
        case .destroying:
            act(.destroy)
        case .done:
            act(.end)
        }
    }

    mutating func acquired(_ health: RunnerHealth) {
        isConnected = true
        sandboxTrouble = nil
        if let known = state.logID, known != health.logID {
            state.logID = health.logID
            logWasLost()
            return
        }
        state.logID = health.logID
        switch state.phase {
        case .provisioning:
            state.phase = .preparing
            progressed(state.source == nil ? "preparing the workspace" : "cloning")
            act(.prepare(state.source))
        case .preparing:
            act(.prepare(state.source))
        case .restoring:
            restore()
        case .opening, .receiving, .working, .idle, .stopping, .saving:
            if opensStream { act(.openStream) }
            if !state.outbound.isEmpty { act(.deliverCalls) }
            if state.phase == .receiving { receiveAgain() }
            if state.pullRequest != nil { act(.openPullRequest) }
            if needsSave { startSave() }
        case .reviving(let ending):
            state.phase = .closing(ending)
            if owesRest { act(.openStream) }
            startSave()
        case .closing:
            if owesRest { act(.openStream) }
            startSave()
        case .choosingRepository:
            goOnAfterChoice()
        case .pending, .destroying, .done:
            break
        }
    }

    /// Whether an agent was started, so that there is or was something to read.
    var opensStream: Bool { !restIsLost && state.callCount > 0 }

    /// Whether the sandbox died and came back, and what the agent said last has not been read to its end.
    var owesRest: Bool {
        guard case .closing(let ending) = state.phase, ending.wasRevived else { return false }
        return state.agentSession != nil && !state.agentIsGone && !restIsLost
    }

    /// Whether the phase, or a person who asked for the changes, waits for a save.
    private var needsSave: Bool {
        if case .saving = state.phase { true } else { state.diffIsWanted }
    }

    /// The runner came back without its log: what the agent was doing is gone, its files are not.
    private mutating func logWasLost() {
        restIsLost = true
        state.outbound = []
        state.awaited = []
        switch state.phase {
        case .provisioning:
            state.phase = .preparing
            act(.prepare(state.source))
        case .preparing:
            act(.prepare(state.source))
        case .restoring:
            restore()
        case .closing:
            startSave()
        case .reviving(let ending):
            state.phase = .closing(ending)
            startSave()
        case .pending, .choosingRepository, .destroying, .done:
            break
        case .opening, .receiving, .working, .saving, .idle, .stopping:
            cancelAsks("the sandbox was restarted", tellAgent: false)
            let reason = "the sandbox was restarted and the agent's state is lost"
            let ending = SessionState.Ending(outcome: .failed, reason: reason, rings: true)
            guard state.phase == .working, let session = state.agentSession else { return close(ending) }
            // It may have been given its prompt after the restart: it must not go on behind the last save.
            state.phase = .stopping(ending)
            deliver(.cancel(session.id))
        }
    }

    mutating func acquireProgressed(_ words: String) {
        switch state.phase {
        case .provisioning, .reviving: progressed(words)
        default: break  // taken over again, in a moment
        }
    }

    /// Told once for each reason: the provider is asked again and again.
    mutating func acquireDelayed(_ error: SandboxError) {
        let isNew = sandboxTrouble != error.description
        sandboxTrouble = error.description
        switch state.phase {
        case .provisioning, .reviving: progressed("waiting for a sandbox: \(error.description)")
        case .preparing, .choosingRepository, .restoring, .opening, .receiving, .working, .saving, .idle, .stopping,
            .closing:
            if isNew { note("The sandbox cannot be reached now, and it is tried again: \(error.description)") }
        case .pending, .destroying, .done: break
        }
    }

    mutating func acquireFailed(_ error: SandboxError) {
        isConnected = false
        let reason = error.description
        switch state.phase {
        case .provisioning:
            destroy(.init(outcome: .failed, reason: "no sandbox could be made: \(reason)", rings: true), nil)
        case .reviving(let ending), .closing(let ending):
            destroy(ending, .failed(reason: reason, last: state.lastSave))
        case .preparing, .choosingRepository, .restoring, .opening, .receiving, .working, .saving, .idle, .stopping:
            cancelAsks("the sandbox is gone", tellAgent: false)
            let save: SaveReport? =
                state.workspace == nil || state.phase == .restoring
                ? nil : .failed(reason: reason, last: state.lastSave)
            destroy(.init(outcome: .failed, reason: "the sandbox is gone: \(reason)", rings: true), save)
        case .pending, .destroying, .done:
            break
        }
    }

    mutating func prepared(_ workspace: PreparedWorkspace) {
        guard state.phase == .preparing else { return }
        state.workspace = workspace
        record(.prepared(workspace))
        decideTrust()
    }

    mutating func restore() {
        guard let origin = header.origin else { return }
        state.phase = .restoring
        progressed("bringing back the work of `\(origin.session.short)`")
        act(.restore(origin))
    }

    mutating func restored(_ patch: SavedPatch?, _ conversation: AgentSessionID?) {
        guard state.phase == .restoring, let origin = header.origin else { return }
        state.isRestored = true
        state.lastSave = patch
        decision.newSave = patch
        state.agentSession = conversation.map { AgentSession(id: $0) }
        if conversation != nil { state.savedConversation = origin.conversation }
        record(
            .restored(
                Restoration(
                    session: origin.session, patch: patch, remembers: conversation != nil,
                    asks: state.queue.isEmpty && origin.pullRequest == nil)))
        if let title = origin.pullRequest { offerPullRequest(title, patch) } else { openAgent() }
    }

    mutating func restoreFailed(_ error: AgentError) {
        guard state.phase == .restoring, let origin = header.origin else { return }
        let place = origin.patch.map { " They are kept at `\($0.path)`." } ?? ""
        let reason = "the saved changes of `\(origin.session.short)` could not be brought back: \(error.description)."
        end(.failed, reason + place, rings: true)
    }

    /// Starts the agent's process and its conversation, for the first turn or after the process ended.
    mutating func openAgent() {
        guard state.workspace != nil else { return }
        state.phase = .opening
        state.agentIsGone = false
        progressed("starting \(header.agent)")
        call(.initialize) { .initialize($0) }
        act(.openStream)
    }

    mutating func prepareFailed(_ error: AgentError) {
        guard state.phase == .preparing else { return }
        switch error.code {
        case .repositoryDenied, .repositoryNotFound, .failed:
            guard state.source != nil else { fallthrough }
            state.phase = .choosingRepository
            progressed("waiting for an answer about the repository")
            ask(.repository(problem: error.description))
        default:
            let reason = error.description
            end(.failed, "the workspace could not be prepared: \(reason)", rings: true)
        }
    }

    // MARK: Calls to the agent

    /// Puts a call on its way: committed first, sent after, known by its id ever after.
    mutating func call(_ purpose: SessionState.Purpose, _ make: (RequestID) -> AgentCall) {
        state.callCount += 1
        let request = RequestID.string("anycode-\(state.callCount)")
        state.awaited.append(.init(request: request, purpose: purpose))
        deliver(make(request))
    }

    mutating func deliver(_ call: AgentCall) {
        state.outbound.append(call)
        if !decision.actions.contains(.deliverCalls) { act(.deliverCalls) }
    }

    mutating func callAccepted(_ call: AgentCall) {
        if let place = state.outbound.firstIndex(of: call) { state.outbound.remove(at: place) }
    }

    mutating func callRefused(_ call: AgentCall, _ error: AgentError) {
        callAccepted(call)
        switch call {
        case .initialize(let request), .openSession(let request, _), .loadSession(let request, _, _),
            .prompt(let request, _, _):
            guard state.awaited.contains(where: { $0.request == request }) else { return }
            state.awaited.removeAll { $0.request == request }
            end(.failed, error.description, rings: true)
        case .setMode(let request, _, _), .setModel(let request, _, _):
            state.awaited.removeAll { $0.request == request }
            note("\(header.agent) refused: \(error.message)")
        case .cancel, .answerPermission, .answerQuestion:
            note("\(header.agent) did not take the answer: \(error.message)")
        }
    }
}
