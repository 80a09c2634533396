import AnycodeCore

/// What a session shows of itself at a glance: for the router, `/status`, and operators.
package struct SessionBrief: Hashable, Sendable, Codable {
    package enum Activity: String, Hashable, Sendable, Codable {
        /// On the way to its first turn, working, or saving.
        case active
        /// Asks a person.
        case waiting
        case idle
        case ending
        case done
    }

    /// A deadline, in words; the time is that of `RuntimeClock.now`.
    package struct Due: Hashable, Sendable, Codable {
        package let name: String
        package let at: Duration
    }

    package var activity: Activity
    /// One word: `provisioning`, `working`.
    package var phase: String
    /// In words, with whom or what it waits for.
    package var summary: String
    package var turn: Int
    /// Whether plain text answers its one open question.
    package var acceptsText: Bool
    package var lastPatch: SavedPatch?
    package var queued: Int
    /// What falls due, earliest first.
    package var deadlines: [Due]
    /// How many secrets were masked.
    package var maskings: Int
    /// The agent's own slash commands.
    package var commands: [String]
    /// What went wrong last and has not been mended, in words.
    package var trouble: String?
    /// Whether its messages carry its colour.
    package var isTagged = false

    /// Whether the agent is in the middle of a turn and asks nobody.
    var isAtWork: Bool { activity == .active && phase == SessionState.Phase.working.word }
}

extension SessionMachine {
    package var brief: SessionBrief {
        SessionBrief(
            activity: activity, phase: state.phase.word, summary: summary, turn: state.turn,
            acceptsText: textAsk != nil, lastPatch: state.lastSave, queued: state.queue.count,
            deadlines: dues, maskings: state.maskings, commands: state.commands, trouble: state.trouble,
            isTagged: state.isTagged ?? false)
    }

    private var dues: [SessionBrief.Due] {
        deadlines.inOrder.map { SessionBrief.Due(name: $0.deadline.words, at: $0.due) }
    }

    private var activity: SessionBrief.Activity {
        switch state.phase {
        case .pending, .provisioning, .preparing, .restoring, .opening, .receiving, .saving: .active
        case .choosingRepository: .waiting
        case .working: state.asks.isEmpty ? .active : .waiting
        case .idle: .idle
        case .stopping, .reviving, .closing, .destroying: .ending
        case .done: .done
        }
    }

    private var summary: String {
        let waiting = waiting
        return waiting.on.map { "waiting for \($0): \(waiting.reason)" } ?? waiting.reason
    }

    /// What the session waits for now: the reason, on whom, and until when at the latest.
    package var waiting: (reason: String, on: String?, limit: Duration?) {
        switch state.phase {
        case .pending: ("start", nil, nil)
        case .provisioning: ("sandbox", header.provider.rawValue, remaining(.provisioning))
        case .preparing:
            (state.source.map { "clone of \($0.spelling)" } ?? "workspace", "runner", remaining(.provisioning))
        case .choosingRepository:
            (
                isDecidingTrust ? "the repository's settings" : "another repository, \(repositoryProblem)",
                header.starter.name, remaining(.person)
            )
        case .restoring: ("the saved changes to be brought back", "runner", remaining(.provisioning))
        case .opening: ("start of its session", header.agent.rawValue, remaining(.provisioning))
        case .receiving:
            ("files that came with a message", header.conversation.chat.platform.rawValue, remaining(.provisioning))
        case .working: working
        case .saving: ("last changes", "runner", remaining(.save))
        case .idle: ("a message, until the sandbox is removed", header.starter.name, remaining(.linger))
        case .stopping: ("end of the turn", header.agent.rawValue, remaining(.stopGrace))
        case .reviving: ("sandbox to come back", header.provider.rawValue, remaining(.provisioning))
        case .closing: ("last save", "runner", remaining(.save))
        case .destroying: ("removal of the sandbox", header.provider.rawValue, nil)
        case .done: ("its last messages to be shown", header.conversation.chat.platform.rawValue, nil)
        }
    }

    private var repositoryProblem: String {
        guard case .repository(let problem)? = state.asks.first?.ask.kind else { return "this one cannot be had" }
        return MarkdownSplitter.clip(problem, limit: 120)
    }

    private var working: (reason: String, on: String?, limit: Duration?) {
        guard let open = state.asks.first else {
            let limit = remaining(.silence) ?? remaining(.firstEvent)
            return ("its next sign of life in turn \(state.turn)", header.agent.rawValue, limit)
        }
        let reason =
            switch open.ask.kind {
            case .permission(let request): "permission \(StreamView.code(request.toolCall.title ?? "to use a tool"))"
            case .question(let request): "answer to \"\(MarkdownSplitter.clip(request.message, limit: 60))\""
            case .repository: "repository"
            case .settings: "the repository's settings"
            }
        return (reason, header.starter.name, remaining(.person))
    }

    /// For how long it has waited already, where that is not since these words were said first: the agent's silence.
    package var waitingSince: Duration? {
        state.phase == .working && state.asks.isEmpty ? now - lastSignOfLife : nil
    }

    private func remaining(_ deadline: SessionDeadline) -> Duration? { deadlines[deadline].map { $0 - now } }
}

extension SessionDeadline {
    /// What falls due, as it is shown to operators.
    fileprivate var words: String {
        switch self {
        case .provisioning: "sandbox, clone and start"
        case .reminder: "reminder"
        case .person: "answer"
        case .agentTime: "agent's time"
        case .moreTime: "offer of more time"
        case .firstEvent: "first sign of life"
        case .silence: "silence"
        case .checkpoint: "next save"
        case .linger: "sandbox"
        case .stopGrace: "end of the turn"
        case .save: "save"
        }
    }
}

extension SessionState {
    /// What went wrong last and has not been mended: a save, the last turn, the agent's program.
    package var trouble: String? {
        var troubles: [String] = []
        if let saveProblem { troubles.append("the work is not saved: \(saveProblem)") }
        switch (phase, lastTurn) {
        case (.working, _): break
        case (_, .failed(let reason)?): troubles.append("the last turn failed: \(reason)")
        case (_, .stopped(let reason)?): troubles.append("the last turn was cut short: \(reason)")
        default: break
        }
        return troubles.isEmpty ? nil : troubles.joined(separator: "; ")
    }
}

extension SessionState.Phase {
    /// Whether the agent's stream is read.
    var hasStream: Bool {
        switch self {
        case .opening, .receiving, .working, .saving, .idle, .stopping: true
        case .pending, .provisioning, .preparing, .choosingRepository, .restoring, .reviving, .closing, .destroying,
            .done:
            false
        }
    }

    /// One word for rows and lists.
    package var word: String {
        switch self {
        case .pending: "pending"
        case .provisioning: "provisioning"
        case .preparing, .restoring, .opening: "connecting"
        case .choosingRepository: "waiting"
        case .receiving: "receiving"
        case .working: "working"
        case .saving: "saving"
        case .idle: "idle"
        case .stopping: "stopping"
        case .reviving, .closing, .destroying: "finishing"
        case .done(let report): report.outcome.rawValue
        }
    }
}
