import AnycodeCore

/// What the agent says.
extension SessionMachine {
    mutating func agent(_ event: AgentEvent) {
        signOfLife(event)
        switch event {
        case .text(let text): said(.text(text), isSpeech: !text.allSatisfy(\.isWhitespace))
        case .thought(let text): said(.thought(text), isSpeech: false)
        case .toolCall(let call): said(.tool(call), isSpeech: true)
        case .toolCallUpdated(let update): said(.toolUpdated(update), isSpeech: true)
        case .plan(let plan): said(.plan(plan), isSpeech: false)
        case .usage(let usage): merge(usage)
        case .turnTook(let request, let tokens): took(tokens, request)
        case .modeChanged(let mode): state.agentSession?.currentMode = mode
        case .modelChanged(let model): state.agentSession?.currentModel = model
        case .commandsChanged(let commands): state.commands = commands.map(\.name)
        case .titleChanged: break
        case .initialized(let request, let capabilities): initialized(request, capabilities)
        case .sessionOpened(let request, let session): opened(request, session)
        case .callSucceeded(let request): callSucceeded(request)
        case .callFailed(let request, let failure): callFailed(request, failure)
        case .turnEnded(let request, let reason): turnEnded(request, reason)
        case .permissionRequested(let request): permissionRequested(request)
        case .questionAsked(let request): questionAsked(request)
        case .requestWithdrawn(let request): withdrawn(request)
        case .agentExited(let exit): exited(exit)
        case .gap(let from, let to): note("\(to - from + 1) messages of the agent are lost: the log was full.")
        case .unknown(let type): decision.unknown.append(type)
        }
    }

    private mutating func signOfLife(_ event: AgentEvent) {
        lastSignOfLife = now
        guard state.phase == .working else { return }
        if deadlines[.silence] != nil { deadlines[.silence] = now + policy.silence }
    }

    private mutating func said(_ entry: TranscriptEntry, isSpeech: Bool) {
        guard isTurnOpen else { return }
        if isSpeech || state.phase == .working { deadlines[.firstEvent] = nil }
        if isSpeech { state.turnSpoke = true }
        if hasRoom(for: entry) { record(entry) }
    }

    /// Most bytes of text and thoughts that one turn may have: all of it is kept and shown.
    static let mostTurnText = 8 << 20

    /// Says once in a turn that there is no room for what the agent says.
    private mutating func hasRoom(for entry: TranscriptEntry) -> Bool {
        switch entry {
        case .text(let text), .thought(let text):
            let spoken = self.spoken.turn == state.turn ? self.spoken.bytes : 0
            guard spoken <= Self.mostTurnText else { return false }
            self.spoken = (state.turn, spoken + text.utf8.count)
            guard spoken + text.utf8.count > Self.mostTurnText else { return true }
            note("The agent has said more than \(Self.mostTurnText >> 20) MB in this turn; the rest is not kept.")
            return false
        default: return true
        }
    }

    /// Whether output still belongs to a turn: agents may send updates just after the turn's answer.
    private var isTurnOpen: Bool {
        switch state.phase {
        case .working, .saving, .stopping, .idle, .reviving, .closing: state.turn > 0
        default: false
        }
    }

    private mutating func merge(_ usage: AgentUsage) {
        var merged = state.usage ?? AgentUsage()
        merged.used = usage.used ?? merged.used
        merged.size = usage.size ?? merged.size
        if let cost = usage.cost {
            // A new process of the agent counts from nothing.
            if let before = merged.cost, (state.costBefore ?? 0) + cost < before { state.costBefore = before }
            merged.cost = (state.costBefore ?? 0) + cost
        }
        merged.currency = usage.currency ?? merged.currency
        state.usage = merged
    }

    /// A prompt that was taken into the turn is told the same tokens again.
    private mutating func took(_ tokens: Int64, _ request: RequestID) {
        guard tokens > 0, state.awaited.contains(where: { $0.request == request && $0.purpose == .prompt }) else {
            return
        }
        var usage = state.usage ?? AgentUsage()
        usage.tokens = (usage.tokens ?? 0) + tokens
        state.usage = usage
    }

    /// What the turn took of all that was used.
    private var taken: AgentUsage? {
        let tokens = (state.usage?.tokens ?? 0) - (state.usageBefore?.tokens ?? 0)
        let cost = (state.usage?.cost ?? 0) - (state.usageBefore?.cost ?? 0)
        guard tokens > 0 || cost > 0 else { return nil }
        return AgentUsage(
            tokens: tokens > 0 ? tokens : nil, cost: cost > 0 ? cost : nil, currency: state.usage?.currency)
    }

    private mutating func callSucceeded(_ request: RequestID) {
        switch takeAwaited(request) {
        case .choice(let choice, let id): chosen(choice, id)
        case .setting(let choice, let id): hold(choice, id)
        default: break
        }
    }

    private mutating func takeAwaited(_ request: RequestID) -> SessionState.Purpose? {
        guard let place = state.awaited.firstIndex(where: { $0.request == request }) else { return nil }
        return state.awaited.remove(at: place).purpose
    }

    private mutating func initialized(_ request: RequestID, _ capabilities: AgentCapabilities) {
        guard takeAwaited(request) == .initialize, state.phase == .opening, let workspace = state.workspace else {
            return
        }
        state.capabilities = capabilities
        if let session = state.agentSession, capabilities.loadsSessions {
            call(.open) { .loadSession($0, session.id, directory: workspace.path) }
        } else {
            openConversation(in: workspace)
        }
    }

    /// A resumed session's agent knows nothing of what was before.
    private mutating func openConversation(in workspace: PreparedWorkspace) {
        if header.origin != nil, state.turn == 0 { state.owesPreamble = true }
        call(.open) { .openSession($0, directory: workspace.path) }
    }

    private mutating func opened(_ request: RequestID, _ session: AgentSession) {
        guard takeAwaited(request) == .open, state.phase == .opening else { return }
        let before = state.agentSession
        state.agentSession = session
        choose(session, before)
        startTurn()
    }

    /// What held before the agent's process was started again, else the configured mode and model. A choice goes by its
    /// name where its id is longer.
    private mutating func choose(_ session: AgentSession, _ before: AgentSession?) {
        func id(_ wanted: String, _ choices: [AgentSession.Choice]) -> String {
            let known = choices.first { $0.id == wanted } ?? choices.first { $0.id.hasSuffix("=\(wanted)") }
            return known?.id ?? wanted
        }
        let mode = before?.currentMode ?? policy.modes[header.agent].map { id($0, session.modes) }
        if let mode, mode != session.currentMode {
            call(.setting(.mode, mode)) { .setMode($0, session.id, mode: mode) }
        }
        let model = before?.currentModel ?? policy.models[header.agent].map { id($0, session.models) }
        if let model, model != session.currentModel {
            call(.setting(.model, model)) { .setModel($0, session.id, model: model) }
        }
    }

    /// The first waiting prompt becomes the turn.
    mutating func startTurn() {
        guard !state.queue.isEmpty, let session = state.agentSession else {
            state.phase = .idle
            progressed("ready for a message")
            return
        }
        if let files = state.queue[0].files { return receive(files) }
        let prompt = state.queue.removeFirst()
        state.turn += 1
        state.promptNumber = prompt.number
        state.turnSpoke = false
        state.turnLog = nil
        state.turnIsStopping = false
        state.turnBegan = state.agentSeconds
        state.usageBefore = state.usage
        state.turnOutcome = nil
        state.phase = .working
        lastSignOfLife = now
        progressed("working")
        record(.prompted(turn: state.turn, by: prompt.by, text: prompt.text))
        let preamble = state.owesPreamble ? header.origin?.preamble ?? "" : ""
        state.owesPreamble = false
        call(.prompt) { .prompt($0, session.id, text: preamble + prompt.words) }
    }

    private mutating func callFailed(_ request: RequestID, _ failure: AgentFailure) {
        switch takeAwaited(request) {
        case .prompt: promptFailed(failure)
        case .open where header.origin != nil && state.turn == 0 && state.agentSession != nil: openAnew()
        case .initialize, .open:
            let hint =
                failure.code == .authenticationRequired
                ? " It needs credentials: see `agents.credentials.\(header.agent)` in the configuration." : ""
            end(.failed, "\(header.agent) could not start: \(failure.message).\(hint)", rings: true)
        case .other, .setting: note("\(header.agent) refused: \(failure.message)")
        case .choice: reply("\(header.agent) refused: \(failure.message)")
        case .steer(let prompt): notTaken(prompt)
        case nil: break
        }
    }

    /// The agent does not know the conversation that was brought back: it begins a new one.
    private mutating func openAnew() {
        guard state.phase == .opening, let workspace = state.workspace else { return }
        state.agentSession = nil
        openConversation(in: workspace)
    }

    private mutating func promptFailed(_ failure: AgentFailure) {
        switch failure.code {
        case .cancelled: finishTurn(.cancelled)
        case .authenticationRequired:
            finishTurn(.failed("\(failure.message). Check `agents.credentials.\(header.agent)` in the configuration"))
        default: finishTurn(.failed(failure.message))
        }
    }

    private mutating func turnEnded(_ request: RequestID, _ reason: StopReason) {
        switch takeAwaited(request) {
        case .prompt: state.turnOutcome = outcome(reason)
        case .steer: break
        default: return
        }
        finishSteeredTurn()
    }

    private func outcome(_ reason: StopReason) -> TurnReport.Outcome {
        switch reason {
        case .endTurn: state.turnIsStopping ? .cancelled : .done
        case .cancelled: .cancelled
        case .maxTokens: .stopped("the model's token limit was reached")
        case .maxRequests: .stopped("the agent's limit of model requests was reached")
        case .refusal: .stopped("the agent refused to go on")
        case .other(let word): .stopped(word)
        }
    }

    /// The turn is over when all that was given to it is answered: what came too late for it goes on as one.
    private mutating func finishSteeredTurn() {
        guard let outcome = state.turnOutcome, !state.awaited.contains(where: { $0.purpose.isSteering }) else { return }
        finishTurn(outcome)
    }

    /// The agent did not take the message into its turn: it waits like any other.
    private mutating func notTaken(_ prompt: SessionState.Prompt) {
        state.queue.insert(prompt, at: 0)
        record(.queued(text: prompt.text))
        finishSteeredTurn()
    }

    private mutating func finishTurn(_ outcome: TurnReport.Outcome) {
        switch state.phase {
        case .working: break
        case .stopping(let ending):
            cancelAsks("cancelled with the turn", tellAgent: true)
            close(ending)
            return
        default: return
        }
        stopClock()
        cancelAsks("cancelled with the turn", tellAgent: true)
        state.turnIsStopping = false
        state.turnOutcome = nil
        state.awaited.removeAll { $0.purpose.isSteering }
        let seconds = Int((agentTimeUsed.inSeconds - state.turnBegan).rounded())
        state.phase = .saving(
            TurnReport(
                turn: state.turn, outcome: outcome, seconds: seconds, save: nil, usage: state.usage, taken: taken,
                token: makeID()))
        progressed("saving the work")
        startSave()
    }

    private mutating func exited(_ exit: AgentExit) {
        state.agentIsGone = true
        state.settledRequests = []  // a new process counts its requests from the beginning
        state.outbound.removeAll { if case .cancel = $0 { true } else { false } }
        switch state.phase {
        case .working:
            // The runner answers the open prompt with an error, which ends the turn and tells the reason.
            cancelAsks("the agent ended", tellAgent: false)
        case .opening:
            end(.failed, "\(header.agent) ended while it started: \(exit.message)", rings: true)
        case .closing:
            restWasRead()
        default:
            break
        }
    }
}
