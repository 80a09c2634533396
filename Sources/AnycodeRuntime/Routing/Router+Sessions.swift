import AnycodeCore
import AnycodeStore
import Supervision

/// Which session a message or a click is for.
extension Router {
    // MARK: Clicks

    func press(_ click: ButtonClick, _ stored: StoredInbound) async throws {
        let person = stored.event.sender
        let found = try await runtime.store.read { transaction -> (ButtonRow, SessionRow)? in
            guard let button = try transaction.button(click.token), let id = button.session,
                let session = try transaction.session(id)
            else { return nil }
            return (button, session)
        }
        guard let (button, session) = found, session.conversation.chat == stored.event.conversation.chat else {
            return try await stale(click, stored, "This button is out of date.")
        }
        switch try JSONCoding.decode(ButtonAction.self, from: button.action) {
        case .showDiff where !session.isLive:
            await acknowledge(click.callback, in: stored, note: "")
            try await showSaved(session, stored)
        case .continueSession where session.isLive:
            try await askForNext(session, click.callback, stored)
        case .continueSession, .resumeSession:
            try await resume(session, "", callback: click.callback, stored)
        case .resumed(let next):
            try await stale(click, stored, "It went on as \(next.short).")
        case _ where !session.isLive:
            try await stale(click, stored, "This session is over.")
        case .showDiff:
            try await deliver(.diffRequested(by: person, callback: click.callback), to: session.id, stored)
        case .cancelSession:
            try await deliver(.cancelRequested(by: person, callback: click.callback), to: session.id, stored)
        case .moreTime(let offer):
            let event = SessionEvent.moreTimeRequested(offer, by: person, callback: click.callback)
            try await deliver(event, to: session.id, stored)
        case .finishSession:
            try await deliver(.finishRequested(by: person, callback: click.callback), to: session.id, stored)
        case let action:
            guard let interaction = button.interaction else {
                return try await stale(click, stored, "This button is out of date.")
            }
            let event = SessionEvent.pressed(interaction, action, by: person, callback: click.callback)
            try await deliver(event, to: session.id, stored)
        }
    }

    private func stale(_ click: ButtonClick, _ stored: StoredInbound, _ note: String) async throws {
        await acknowledge(click.callback, in: stored, note: note)
        try await finish(stored)
    }

    // MARK: Text

    /// The session whose message is replied to; else the chat's only open free-text question; else the newest session.
    func followUp(_ text: String, _ message: TextMessage, _ stored: StoredInbound) async throws {
        if let chosen = try await chosen(by: message, stored) {
            guard !chosen.isLive else {
                return try await deliver(
                    .prompted(by: stored.event.sender, text: text, files: message.attachments), to: chosen.id, stored)
            }
            return try await resume(chosen, text, message.attachments, callback: nil, stored)
        }
        guard let target = try await target(of: message, stored) else {
            return try await finish(
                stored, reply: "No session is open here. Start one with `/task [agent] <prompt>`; `/help` says more.")
        }
        guard target.isLive else {
            let id = target.id.short
            return try await finish(
                stored,
                reply: "Session `\(id)` is over. `/resume \(id) <text>` goes on from it, `/task` starts a new one.")
        }
        try await deliver(
            .prompted(by: stored.event.sender, text: text, files: message.attachments), to: target.id, stored)
    }

    /// A slash command that the session's agent has goes to the agent.
    func passOn(_ name: String, _ text: String, _ message: TextMessage, _ stored: StoredInbound) async throws {
        if let target = try await target(of: message, stored), target.isLive,
            runtime.sessions[target.id]?.brief.commands.contains(name) == true
        {
            return try await deliver(
                .prompted(by: stored.event.sender, text: text, files: message.attachments), to: target.id, stored)
        }
        try await finish(
            stored,
            reply: "`/\(name)` is no command here. `/help` lists them; `//\(name)` hands it to the agent as it is.")
    }

    private func target(of message: TextMessage, _ stored: StoredInbound) async throws -> SessionRow? {
        let conversation = stored.event.conversation
        if let replied = message.replyTo {
            let row = try await runtime.store.read { transaction -> SessionRow? in
                guard let slot = try transaction.slot(conversationChat: conversation.chat, message: replied) else {
                    return nil
                }
                return try transaction.session(slot.session)
            }
            if let row { return row }
        }
        let live = try await live(in: conversation)
        let asking = live.filter { runtime.sessions[$0.id]?.brief.acceptsText == true }
        if asking.count == 1 { return asking[0] }
        return live.last { runtime.sessions[$0.id]?.brief.activity != .done } ?? live.last
    }

    /// Oldest first, in the order of their rows: the calendar may have been set between them.
    private func live(in conversation: Conversation) async throws -> [SessionRow] {
        try await runtime.store.read { try $0.liveSessions(in: conversation) }
    }

    // MARK: Commands about a session

    /// The session that a command names by the beginning of its id, else the one replied to, else the newest.
    func toSession(
        _ prefix: String?, _ message: TextMessage, _ stored: StoredInbound,
        _ event: (SessionRow) -> SessionEvent
    ) async throws {
        switch try await find(prefix, message, stored) {
        case .one(let row) where row.isLive: try await deliver(event(row), to: row.id, stored)
        case .one(let row): try await finish(stored, reply: "Session `\(row.id.short)` is over already.")
        case .none(let words): try await finish(stored, reply: words)
        }
    }

    func diff(_ prefix: String?, _ message: TextMessage, _ stored: StoredInbound) async throws {
        let person = stored.event.sender
        switch try await find(prefix, message, stored, orEnded: true) {
        case .one(let row) where row.isLive:
            try await deliver(.diffRequested(by: person, callback: nil), to: row.id, stored)
        case .one(let row): try await showSaved(row, stored)
        case .none(let words): try await finish(stored, reply: words)
        }
    }

    private func showSaved(_ row: SessionRow, _ stored: StoredInbound) async throws {
        let session = try JSONCoding.decode(StoredSession.self, from: row.snapshot)
        guard let patch = session.state.lastSave else {
            return try await finish(stored, reply: "Session `\(row.id.short)` changed nothing.")
        }
        let message = await DiffMessage.make(patch, session: row.id, runtime: runtime)
        try await finish(stored, replies: [(message, stored.event.conversation)])
    }

    enum Found {
        case one(SessionRow)
        case none(String)
    }

    func find(
        _ prefix: String?, _ message: TextMessage, _ stored: StoredInbound, orEnded: Bool = false
    ) async throws -> Found {
        let chat = stored.event.conversation.chat
        guard let prefix else {
            if let target = try await target(of: message, stored) { return .one(target) }
            if orEnded, let last = try await last(in: chat) { return .one(last) }
            return .none("No session is open here.")
        }
        guard prefix.allSatisfy(\.isHexDigit) else { return .none("`\(prefix.prefix(40))` is no session id.") }
        let rows = try await runtime.store.read { try $0.sessions(idPrefix: prefix, limit: 20) }
            .filter { $0.conversation.chat == chat }
        switch rows.count {
        case 0: return .none("No session of this chat begins with `\(prefix)`.")
        case 1: return .one(rows[0])
        default:
            let ids = rows.map { "`\($0.id.short)`" }.joined(separator: ", ")
            return .none("Several sessions begin with `\(prefix)`: \(ids).")
        }
    }

    private func last(in chat: ChatID) async throws -> SessionRow? {
        try await runtime.store.read { try $0.recentSessions(limit: 100) }.first { $0.conversation.chat == chat }
    }
}
