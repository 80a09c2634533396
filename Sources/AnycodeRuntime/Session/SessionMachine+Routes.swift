import AnycodeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Messages on their way: what waits, what is wanted at once, what was meant for another session.
extension SessionMachine {
    /// Tells the person where the message went, with buttons to change that.
    mutating func confirm(_ prompt: SessionState.Prompt, waits: Bool, _ route: PromptRoute) {
        guard let number = prompt.number else { return }
        let root = makeID()
        var rows: [[ChatButton]] = []
        if waits, state.phase == .working, !state.turnIsStopping, mayControl(prompt.by) {
            let button = SessionDecision.Button(token: "\(root).now", action: .sendNow(number))
            decision.buttons.append(button)
            rows.append([ChatButton(label: "Send now", token: button.token, style: .primary)])
        }
        for (place, other) in route.others.enumerated() {
            let redirection = Redirection(
                number: number, by: prompt.by, text: prompt.text, files: prompt.files ?? [], target: other)
            let button = SessionDecision.Button(token: "\(root).to\(place)", action: .redirect(redirection))
            decision.buttons.append(button)
            rows.append([ChatButton(label: "→ \(other.label)", token: button.token)])
        }
        let words = waits ? "⏳ Waits for its turn in \(name)." : "Goes to \(name)."
        decision.replies.append(OutgoingMessage(markdown: words, buttons: rows))
    }

    private var name: String {
        let colour = state.isTagged == true ? "\(SessionLabel.colour(header)) " : ""
        return "\(colour)`\(header.id.short)`"
    }

    /// The message goes first: into the turn in progress where the agent takes it there, else that is stopped for it.
    mutating func sendNow(_ number: Int64, by person: Person, _ click: ButtonClick) {
        guard let place = state.queue.firstIndex(where: { $0.number == number }) else {
            return answer(click, "It does not wait any more.")
        }
        guard mayControl(person) else { return answer(click, "Only \(header.starter.name) may do that.") }
        switch state.phase {
        case .working, .saving:
            let prompt = state.queue.remove(at: place)
            if mayBeSteered, prompt.files == nil, let session = state.agentSession {
                steer(prompt, session)
                return answer(click, "", showing: "⏩ Told \(name) in the middle of its turn, by \(person.name).")
            }
            state.queue.insert(prompt, at: 0)
            if state.phase == .working, !state.turnIsStopping, let session = state.agentSession { stopTurn(session) }
        default: return answer(click, "It begins as soon as it can.")
        }
        answer(click, "", showing: "⏩ Sent now to \(name) by \(person.name).")
    }

    private var mayBeSteered: Bool {
        state.phase == .working && !state.turnIsStopping && !state.agentIsGone && state.turnOutcome == nil
            && state.capabilities?.steers == true
    }

    private mutating func steer(_ prompt: SessionState.Prompt, _ session: AgentSession) {
        record(.prompted(turn: state.turn, by: prompt.by, text: prompt.text))
        call(.steer(prompt)) { .prompt($0, session.id, text: prompt.words) }
    }

    /// Takes the message out and puts it into the inbox for the other session, in one transaction.
    mutating func redirect(_ redirection: Redirection, by person: Person, _ click: ButtonClick) {
        guard person.id == redirection.by.id || mayControl(person) else {
            return answer(click, "Only \(redirection.by.name) may move it.")
        }
        guard takeOut(redirection.number) else { return answer(click, "It has been dealt with already.") }
        let message = TextMessage(
            id: MessageID("moved-\(redirection.number)"), text: redirection.text, attachments: redirection.files)
        decision.moved.append(
            InboundEvent(
                key: "moved/\(redirection.number)/\(redirection.target.id)", conversation: header.conversation,
                sender: redirection.by, sentAt: Date(timeIntervalSinceReferenceDate: 0),
                content: .moved(message, to: redirection.target.id)))
        act(.wakeRouter)
        answer(click, "", showing: "→ Moved to \(redirection.target.label).")
    }

    /// - Returns: whether the message was still here to be taken: waiting, or in the turn in progress.
    private mutating func takeOut(_ number: Int64) -> Bool {
        if let place = state.queue.firstIndex(where: { $0.number == number }) {
            let prompt = state.queue.remove(at: place)
            record(.unqueued(text: prompt.text))
            if place == 0, state.phase == .receiving { nextTurn() }
            return true
        }
        guard state.phase == .working, state.promptNumber == number, !state.turnIsStopping,
            let session = state.agentSession
        else { return false }
        stopTurn(session)
        return true
    }

    /// Answers a click and, where its message is known, lets that show what came of it.
    mutating func answer(_ click: ButtonClick, _ note: String, showing words: String? = nil) {
        act(.answerClick(click.callback, note: note))
        guard let words, let message = click.message else { return }
        decision.edits.append(.init(message: message, shown: OutgoingMessage(markdown: words)))
    }

    /// The conversation is shared with another session from now on.
    mutating func accompanied() {
        guard state.isTagged != true, !isEnding else { return }
        state.isTagged = true
        record(.tagged)
    }
}
