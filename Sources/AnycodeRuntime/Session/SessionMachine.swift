import AnycodeCore

/// Decides everything in a session: event and time in, decision out. No clock, no store, no network.
package struct SessionMachine: Sendable {
    package let header: SessionHeader
    package let policy: SessionPolicy
    package internal(set) var state: SessionState
    /// When each deadline of the current phase falls due; never stored.
    package internal(set) var deadlines = SessionDeadlines()
    /// When the current phase began, for people.
    package internal(set) var phaseBegan: Duration = .zero
    package internal(set) var lastSignOfLife: Duration = .zero
    /// Bytes of text and thoughts that the agent has said in a turn since this start of the session.
    var spoken: (turn: Int, bytes: Int) = (0, 0)
    /// Since when each open ask waits, as far as this incarnation knows.
    var askedSince: [InteractionID: Duration] = [:]

    /// Makes ids and tokens: 32 random hexadecimal digits.
    let makeID: @Sendable () -> String
    var now: Duration = .zero
    var decision = SessionDecision()
    /// Whether the event in hand is an owner's.
    var isOwnerActing = false
    /// Since when the agent's time runs; `nil` while it stands still.
    private var clockRunsSince: Duration?
    /// What the save in progress was asked for, and whether another must follow it.
    var saveIsRunning = false
    var saveAgain = false
    /// What the last save came to, while what the agent said last is still being read.
    var lastSaveReport: SaveReport?
    /// It cannot be read any more: the log it stood in is gone, and the cursor means nothing in another.
    var restIsLost: Bool {
        get { state.restIsLost == true }
        set { state.restIsLost = newValue ? true : nil }
    }
    /// Whether the sandbox is in hand; what needs it waits for `acquired`.
    var isConnected = false
    /// Why the provider has to try again; `nil` once it succeeded.
    var sandboxTrouble: String?

    package init(
        header: SessionHeader, state: SessionState, policy: SessionPolicy, makeID: @escaping @Sendable () -> String
    ) {
        self.header = header
        self.state = state
        self.policy = policy
        self.makeID = makeID
    }

    /// Takes an event in and says what follows from it.
    ///
    /// - Parameters:
    ///   - now: time since any fixed point, by a clock that stands still while the machine sleeps.
    ///   - byOwner: whether the person of the event is an owner of the bot.
    package mutating func handle(_ event: SessionEvent, at now: Duration, byOwner: Bool = false) -> SessionDecision {
        self.now = now
        isOwnerActing = byOwner
        decision = SessionDecision()
        let phaseBefore = state.phase
        switch event {
        case .started: started()
        case .prompted, .pressed, .cancelRequested, .stopRequested, .diffRequested, .moreTimeRequested,
            .finishRequested:
            person(event)
        case .sendNowRequested(let number, let person, let click): sendNow(number, by: person, click)
        case .redirectRequested(let redirection, let person, let click): redirect(redirection, by: person, click)
        case .choiceRequested(let choice, let value, let person, let click):
            choose(choice, value, by: person, click)
        case .pullRequestWanted(let title, let person, let callback): wantPullRequest(title, by: person, callback)
        case .pullRequestDecided(let title, let person, let click): decidePullRequest(title, by: person, click)
        case .changesPushed(let commit): changesPushed(commit)
        case .pullRequestOpened(let opened): pullRequestOpened(opened)
        case .pullRequestFailed(let error): pullRequestFailed(error)
        case .accompanied: accompanied()
        case .shutdownRequested: end(.cancelled, "Anycode is shutting down", rings: true)
        case .drainRequested: end(.cancelled, "Anycode is being drained for maintenance", rings: true)
        case .acquired(let health): acquired(health)
        case .acquireFailed(let error): acquireFailed(error)
        case .acquireProgressed(let words): acquireProgressed(words)
        case .acquireDelayed(let error): acquireDelayed(error)
        case .settingsFound(let settings, let remembered): settingsFound(settings, remembered)
        case .prepared(let workspace): prepared(workspace)
        case .prepareFailed(let error): prepareFailed(error)
        case .restored(let patch, let conversation): restored(patch, conversation)
        case .restoreFailed(let error): restoreFailed(error)
        case .received(let files): received(files)
        case .streamed(let events): for event in events { agent(event) }
        case .callAccepted(let call): callAccepted(call)
        case .callRefused(let call, let error): callRefused(call, error)
        case .streamLost(let reason):
            restCannotBeRead()
            end(.failed, "lost contact with the sandbox: \(reason)", rings: true)
        case .sandboxExited(let exit): sandboxExited(exit)
        case .logged(let path): state.turnLog = path
        case .conversationSaved(let conversation): state.savedConversation = conversation
        case .saved(let patch): saved(patch)
        case .saveFailed(let reason): saveFailed(reason)
        case .saveHindered(let reason): saveHindered(reason)
        case .destroyed: destroyed(gone: true)
        case .destroyFailed: destroyed(gone: false)
        case .ticked: tick()
        }
        settle(from: phaseBefore)
        return decision
    }

    /// The earliest deadline, if any.
    package var nextDeadline: Duration? { deadlines.next }

    /// Whether the agent's time runs: it works and nobody is asked.
    var agentClockRuns: Bool { state.phase == .working && state.asks.isEmpty }

    /// The agent's time so far.
    var agentTimeUsed: Duration {
        .seconds(state.agentSeconds) + (clockRunsSince.map { now - $0 } ?? .zero)
    }

    // MARK: Time

    /// After each event: the agent's clock starts or stops, and the phase's deadlines are armed and dropped.
    private mutating func settle(from before: SessionState.Phase) {
        if state.phase != before { phaseBegan = now }
        if agentClockRuns {
            if clockRunsSince == nil { clockRunsSince = now }
        } else {
            stopClock()
        }
        noteAsks()
        deadlines[.reminder] = nil  // belongs to an ask, not to the phase
        let wanted = wantedDeadlines()
        for deadline in SessionDeadline.allCases {
            switch (wanted.contains(deadline), deadlines[deadline]) {
            case (true, nil): deadlines[deadline] = newDue(deadline)
            case (false, .some): deadlines[deadline] = nil
            default: break  // what is set and wanted stays as it is
            }
        }
    }

    mutating func stopClock() {
        guard let since = clockRunsSince else { return }
        state.agentSeconds += (now - since).inSeconds
        clockRunsSince = agentClockRuns ? now : nil
    }

    private func wantedDeadlines() -> SessionDeadlines.Names {
        switch state.phase {
        case .pending, .done, .destroying: []
        case .provisioning, .preparing, .restoring, .opening, .receiving, .reviving: .init(.provisioning)
        case .choosingRepository: isDecidingTrust ? .init(.person) : personDeadlines
        case .working: workingDeadlines
        case .saving, .closing: .init(.save)
        case .idle: .init(.linger)
        case .stopping: .init(.stopGrace)
        }
    }

    private var workingDeadlines: SessionDeadlines.Names {
        var wanted: SessionDeadlines.Names = state.asks.isEmpty ? [] : personDeadlines
        if state.turnIsStopping { wanted.insert(.stopGrace) }
        guard state.asks.isEmpty else { return wanted }
        if let limit = agentTimeLimit {
            wanted.insert(.agentTime)
            if isOfferOpen(limit) { wanted.insert(.moreTime) }
        }
        if isConnected, !saveIsRunning { wanted.insert(.checkpoint) }
        wanted.insert(state.turnSpoke ? .silence : .firstEvent)
        return wanted
    }

    /// When a deadline falls due that is set now; `nil` where there is none after all.
    private func newDue(_ deadline: SessionDeadline) -> Duration? {
        switch deadline {
        case .provisioning: return now + policy.provisioning
        case .reminder: return reminderDue
        case .person: return now + (isDecidingTrust ? Self.trustWait : policy.person)
        case .agentTime: return agentTimeLimit.map { now + ($0 - agentTimeUsed) }
        case .moreTime: return agentTimeLimit.map { now + (offerIsDue($0) - agentTimeUsed) }
        case .firstEvent: return now + policy.firstEvent
        case .silence: return now + policy.silence
        case .checkpoint:
            let untilSave = policy.checkpoint - (agentTimeUsed - .seconds(state.savedAt))
            return now + max(untilSave, .seconds(1))
        case .linger: return now + max(policy.linger, hasPullRequest ? Self.pullRequestWait : .zero)
        case .stopGrace: return now + policy.stopGrace
        case .save: return now + policy.save
        }
    }

    private mutating func tick() {
        for deadline in SessionDeadline.allCases {
            guard let due = deadlines[deadline], due <= now else { continue }
            deadlines[deadline] = nil
            expire(deadline)
        }
    }

    private mutating func expire(_ deadline: SessionDeadline) {
        switch deadline {
        case .provisioning: provisioningExpired()
        case .reminder: remind()
        case .person: personExpired()
        case .agentTime: agentTimeExpired()
        case .moreTime: offerTime()
        case .firstEvent:
            end(.failed, "the agent showed no sign of life for \(words(policy.firstEvent))", rings: true)
        case .silence:
            note("The agent has been silent for \(words(policy.silence)); the turn is being stopped.")
            end(.failed, "the agent was silent for \(words(policy.silence))", rings: true)
        case .checkpoint: startSave()
        case .linger: end(lastOutcome, "", rings: false)
        case .stopGrace: stopGraceExpired()
        case .save: if !outlasts(.save, policy.save) { saveExpired() }
        }
    }

    private mutating func provisioningExpired() {
        if case .reviving = state.phase, outlasts(.provisioning, policy.provisioning) { return }
        let words = words(policy.provisioning)
        let why = sandboxTrouble.map { ": \($0)" } ?? ""
        switch state.phase {
        case .reviving(let ending):
            destroy(ending, .failed(reason: "the sandbox did not come back\(why)", last: state.lastSave))
        case .receiving: filesAreLate()
        default: end(.failed, "the sandbox was not ready within \(words)\(why)", rings: true)
        }
    }

    /// So many secrets were masked in what came in.
    mutating func masked(_ count: Int) { state.maskings += count }

    // MARK: Small tools

    mutating func record(_ entry: TranscriptEntry) { decision.entries.append(entry) }
    mutating func act(_ action: SessionAction) { decision.actions.append(action) }
    mutating func note(_ words: String) { record(.notice(words)) }
    mutating func reply(_ words: String) { decision.replies.append(OutgoingMessage(markdown: words)) }
    mutating func progressed(_ words: String) { record(.progressed(words)) }

    func words(_ duration: Duration) -> String { ReportView.duration(Int(duration.inSeconds.rounded())) }
}

extension Duration {
    /// The duration in seconds.
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
