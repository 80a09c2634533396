import AnycodeCore

/// The agent's modes and models.
extension SessionMachine {
    /// The most choices that are shown as buttons.
    private static let mostButtons = 20

    mutating func choose(_ choice: AgentChoice, _ value: String?, by person: Person, _ click: ButtonClick?) {
        guard mayControl(person) else { return tell("Only \(header.starter.name) may change this.", click) }
        guard let session = state.agentSession, state.phase.hasStream, !state.agentIsGone, !isEnding else {
            return tell("\(header.agent) is not ready yet; try again when it works.", click)
        }
        let choices = choice == .mode ? session.modes : session.models
        guard !choices.isEmpty else { return tell("\(header.agent) offers no choice of \(choice.rawValue)s.", click) }
        guard let value else { return offer(choice, choices, nil) }
        guard let chosen = click == nil ? Self.match(value, choices) : choices.first(where: { $0.id == value }) else {
            if let click { return answer(click, "\(header.agent) does not offer this any more.") }
            return offer(choice, choices, "There is no \(choice.rawValue) \(StreamView.code(value)).")
        }
        call(.choice(choice, chosen.id)) {
            choice == .mode ? .setMode($0, session.id, mode: chosen.id) : .setModel($0, session.id, model: chosen.id)
        }
        if let click { answer(click, "", showing: "\(Self.title(choice)): \(chosen.name), by \(person.name)") }
    }

    /// The choice with this id or name; else the only one that begins so.
    private static func match(_ words: String, _ choices: [AgentSession.Choice]) -> AgentSession.Choice? {
        let wanted = words.lowercased()
        if let exact = choices.first(where: { $0.id.lowercased() == wanted || $0.name.lowercased() == wanted }) {
            return exact
        }
        let near = choices.filter { $0.id.lowercased().hasPrefix(wanted) || $0.name.lowercased().hasPrefix(wanted) }
        return near.count == 1 ? near[0] : nil
    }

    private mutating func offer(_ choice: AgentChoice, _ choices: [AgentSession.Choice], _ problem: String?) {
        let current = choice == .mode ? state.agentSession?.currentMode : state.agentSession?.currentModel
        let root = makeID()
        var rows: [[ChatButton]] = []
        for (place, option) in choices.prefix(Self.mostButtons).enumerated() {
            let button = SessionDecision.Button(token: "\(root).\(place)", action: .choose(choice, option.id))
            decision.buttons.append(button)
            let label = MarkdownSplitter.clip(option.name, limit: 48)
            rows.append([ChatButton(label: option.id == current ? "✓ \(label)" : label, token: button.token)])
        }
        var lines = [problem].compactMap(\.self)
        lines.append("\(Self.title(choice)) of \(header.agent) in `\(header.id.short)`:")
        if choices.count > Self.mostButtons {
            let rest = choices.dropFirst(Self.mostButtons).prefix(60).map { StreamView.code($0.id) }
            lines.append("Also, with `/\(choice.rawValue) NAME`: \(rest.joined(separator: ", "))")
        }
        decision.replies.append(OutgoingMessage(markdown: lines.joined(separator: "\n"), buttons: rows))
    }

    /// The agent took the choice.
    mutating func chosen(_ choice: AgentChoice, _ id: String) {
        hold(choice, id)
        let choices = choice == .mode ? state.agentSession?.modes : state.agentSession?.models
        let name = choices?.first { $0.id == id }?.name ?? id
        reply("\(Self.title(choice)) of `\(header.id.short)`: **\(name)**")
    }

    mutating func hold(_ choice: AgentChoice, _ id: String) {
        switch choice {
        case .mode: state.agentSession?.currentMode = id
        case .model: state.agentSession?.currentModel = id
        }
    }

    private static func title(_ choice: AgentChoice) -> String { choice == .mode ? "Mode" : "Model" }

    private mutating func tell(_ words: String, _ click: ButtonClick?) {
        if let click { answer(click, words) } else { reply(words) }
    }
}
