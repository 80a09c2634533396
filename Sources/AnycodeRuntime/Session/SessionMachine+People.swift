import AnycodeCore

/// What people do besides answering.
extension SessionMachine {
    func mayControl(_ person: Person) -> Bool {
        isOwnerActing || policy.everybodyControls || person.id == header.starter.id
            || policy.owners.contains(person.id)
    }

    mutating func person(_ event: SessionEvent) {
        switch event {
        case .prompted(let person, let text, let files, let route): prompted(by: person, text, files, route)
        case .pressed(let id, let action, let person, let callback): pressed(id, action, by: person, callback: callback)
        case .cancelRequested(let person, let callback): cancelRequested(by: person, callback)
        case .stopRequested(let person, let callback): stopRequested(by: person, callback)
        case .diffRequested(_, let callback): diffRequested(callback)
        case .moreTimeRequested(let id, let person, let callback): moreTimeRequested(id, by: person, callback)
        case .finishRequested(let person, let callback): finishRequested(by: person, callback)
        default: break
        }
    }

    /// Words that come with files are for the agent, never an answer to a question.
    private mutating func prompted(by person: Person, _ text: String, _ files: [SentFile], _ route: PromptRoute) {
        if files.isEmpty, let open = textAsk { return written(text, for: open, by: person) }
        let prompt = SessionState.Prompt(by: person, text: text, files: files, number: route.number)
        switch state.phase {
        case .idle:
            state.queue.append(prompt)
            nextTurn()
            if !route.others.isEmpty { confirm(prompt, waits: false, route) }
        case .pending, .provisioning, .preparing, .choosingRepository, .restoring, .opening, .receiving, .working,
            .saving:
            guard state.queue.count < policy.queueLimit else {
                return reply("\(state.queue.count) messages wait already; this one was not taken.")
            }
            state.queue.append(prompt)
            record(.queued(text: text))
            if state.turn > 0 || !route.others.isEmpty { confirm(prompt, waits: true, route) }
        case .stopping, .reviving, .closing, .destroying, .done:
            let id = header.id.short
            reply("Session `\(id)` is ending; `/resume \(id)` goes on from it then, `/task` starts a new one.")
        }
    }

    /// Goes on with the next waiting prompt, starting the agent's process again if it has ended.
    mutating func nextTurn() {
        if state.agentIsGone { openAgent() } else { startTurn() }
    }

    private mutating func cancelRequested(by person: Person, _ callback: String?) {
        guard mayControl(person) else {
            let words = "Only \(header.starter.name) may cancel this."
            if let callback { act(.answerClick(callback, note: words)) } else { reply(words) }
            return
        }
        if giveUp(by: person) {
            if let callback { act(.answerClick(callback, note: "Given up")) }
            return
        }
        if let callback { act(.answerClick(callback, note: isEnding ? "It is ending already." : "Cancelling")) }
        if isEnding, callback == nil { return reply("Session `\(header.id.short)` is ending already.") }
        end(.cancelled, "by \(person.name)", rings: true)
    }

    private mutating func stopRequested(by person: Person, _ callback: String?) {
        func answer(_ words: String) {
            if let callback { act(.answerClick(callback, note: words)) } else { reply(words) }
        }
        guard mayControl(person) else { return answer("Only \(header.starter.name) may stop this.") }
        guard state.phase == .working, let session = state.agentSession else {
            return answer("Session `\(header.id.short)` has no turn to stop.")
        }
        guard !state.turnIsStopping else { return answer("It is being stopped already.") }
        if let callback { act(.answerClick(callback, note: "Stopping")) }
        stopTurn(session)
    }

    /// Has the agent end the turn in progress; the session goes on.
    mutating func stopTurn(_ session: AgentSession) {
        state.turnIsStopping = true
        progressed("stopping the turn")
        cancelAsks("cancelled with the turn", tellAgent: true)
        deliver(.cancel(session.id))
    }

    /// Ends a session that waits for nothing but a follow-up; its work was saved with the turn, and is once more.
    private mutating func finishRequested(by person: Person, _ callback: String) {
        guard mayControl(person) else {
            return act(.answerClick(callback, note: "Only \(header.starter.name) may finish this."))
        }
        guard state.phase == .idle else {
            let words = isEnding ? "It is ending already." : "It is at work; `/cancel \(header.id.short)` ends it."
            return act(.answerClick(callback, note: words))
        }
        act(.answerClick(callback, note: "Finishing"))
        end(lastOutcome, "finished by \(person.name)", rings: false)
    }

    private mutating func diffRequested(_ callback: String?) {
        if let callback { act(.answerClick(callback, note: "")) }
        switch state.phase {
        case .working:
            state.diffIsWanted = true
            startSave()
        default:
            guard let patch = state.lastSave else { return reply("Nothing has changed so far.") }
            act(.showDiff(patch))
        }
    }
}
