import AnycodeCore
import AnycodeStore
import Supervision

/// Which session a message or a click is for.
extension Router {
    // MARK: Clicks

    func press(_ click: ButtonClick, _ stored: StoredInbound) async throws {
        let found = try await runtime.store.read { transaction -> (ButtonRow, SessionRow?)? in
            guard let button = try transaction.button(click.token) else { return nil }
            return (button, try button.session.flatMap { id throws(StoreError) in try transaction.session(id) })
        }
        guard let (button, session) = found else {
            return try await stale(click, stored, "This button is out of date.")
        }
        let action = try JSONCoding.decode(ButtonAction.self, from: button.action)
        guard let session else { return try await pressFree(action, click, stored) }
        guard session.conversation.chat == stored.event.conversation.chat else {
            return try await stale(click, stored, "This button is out of date.")
        }
        try await press(action, of: session, button.interaction, click, stored)
    }

    /// A button that belongs to no session.
    private func pressFree(_ action: ButtonAction, _ click: ButtonClick, _ stored: StoredInbound) async throws {
        switch action {
        case .runTask(let id), .dropTask(let id), .queueTask(let id):
            try await pressWaiting(id, action, click, stored)
        case .admit(let person, let conversation): try await pressAdmit(person, from: conversation, click, stored)
        default: try await stale(click, stored, "This button is out of date.")
        }
    }

    private func press(
        _ action: ButtonAction, of session: SessionRow, _ interaction: InteractionID?, _ click: ButtonClick,
        _ stored: StoredInbound
    ) async throws {
        let person = stored.event.sender
        let event: SessionEvent
        switch action {
        case .showDiff where session.isOver:
            await acknowledge(click.callback, in: stored, note: "")
            return try await showSaved(session, stored)
        case .continueSession where !session.isOver:
            return try await askForNext(session, click.callback, stored)
        case .continueSession, .resumeSession:
            return try await resume(session, "", callback: click.callback, stored)
        case .resumed(let next):
            return try await stale(click, stored, "It went on as \(next.short).")
        case .askPullRequest where session.isOver:
            return try await pullRequest(of: session, "", callback: click.callback, stored)
        case .openPullRequest(let title) where session.isOver:
            return try await pullRequest(of: session, title, callback: click.callback, stored)
        case _ where session.isOver:
            return try await stale(click, stored, "This session is over.")
        case .moreTime(let offer):
            event = .moreTimeRequested(offer, by: person, callback: click.callback)
        case .askPullRequest:
            event = .pullRequestWanted(title: "", by: person, callback: click.callback)
        case .openPullRequest(let title): event = .pullRequestDecided(title, by: person, click: click)
        case .dropPullRequest: event = .pullRequestDecided(nil, by: person, click: click)
        case .finishSession: event = .finishRequested(by: person, callback: click.callback)
        case .showDiff: event = .diffRequested(by: person, callback: click.callback)
        case .cancelSession: event = .cancelRequested(by: person, callback: click.callback)
        case .stopTurn: event = .stopRequested(by: person, callback: click.callback)
        case .sendNow(let number): event = .sendNowRequested(number, by: person, click: click)
        case .redirect(let redirection): event = .redirectRequested(redirection, by: person, click: click)
        case .choose(let choice, let id): event = .choiceRequested(choice, id, by: person, click: click)
        case .answer, .field, .runTask, .dropTask, .queueTask, .admit:
            guard let interaction else { return try await stale(click, stored, "This button is out of date.") }
            event = .pressed(interaction, action, by: person, callback: click.callback)
        }
        try await deliver(event, to: session.id, stored)
    }

    func stale(_ click: ButtonClick, _ stored: StoredInbound, _ note: String) async throws {
        await acknowledge(click.callback, in: stored, note: note)
        try await finish(stored)
    }

    // MARK: Text

    /// A session, and why it is the one that is meant.
    private struct Target {
        let session: SessionRow
        /// Whether it was chosen only because it is the newest.
        var isGuess = false
    }

    /// The session whose message is replied to; else the chat's only open free-text question; else the newest session.
    func followUp(_ text: String, _ message: TextMessage, _ stored: StoredInbound) async throws {
        if let chosen = try await chosen(by: message, stored) {
            guard chosen.isOver else {
                return try await prompt(text, message, Target(session: chosen), stored)
            }
            return try await resume(chosen, text, message.attachments, callback: nil, stored)
        }
        guard let target = try await target(of: message, stored) else {
            return try await finish(
                stored, reply: "No session is open here. Start one with `/task [agent] <prompt>`; `/help` says more.")
        }
        guard !target.session.isOver else {
            let id = target.session.id.short
            return try await finish(
                stored,
                reply: "Session `\(id)` is over. `/resume \(id) <text>` goes on from it, `/task` starts a new one.")
        }
        try await prompt(text, message, target, stored)
    }

    /// A slash command that the session's agent has goes to the agent.
    func passOn(_ name: String, _ text: String, _ message: TextMessage, _ stored: StoredInbound) async throws {
        if let target = try await target(of: message, stored), !target.session.isOver,
            runtime.sessions[target.session.id]?.brief.commands.contains(name) == true
        {
            return try await prompt(text, message, target, stored)
        }
        try await finish(
            stored,
            reply: "`/\(name)` is no command here. `/help` lists them; `//\(name)` hands it to the agent as it is.")
    }

    private func prompt(
        _ text: String, _ message: TextMessage, _ target: Target, _ stored: StoredInbound
    ) async throws {
        let id = target.session.id
        var route = PromptRoute(number: stored.sequence)
        if target.isGuess { route.others = try await others(than: id, in: stored.event.conversation) }
        try await deliver(
            .prompted(by: stored.event.sender, text: text, files: message.attachments, route: route), to: id, stored)
    }

    /// The newest other sessions, to which a message may be moved.
    private func others(than id: SessionID, in conversation: Conversation) async throws -> [OtherSession] {
        let live = try await runtime.store.read { try $0.liveSessionIDs(in: conversation) }
        return live.reversed().lazy.filter { $0 != id }.compactMap { id -> OtherSession? in
            guard let session = self.runtime.sessions[id], session.brief.activity != .done,
                session.brief.activity != .ending
            else { return nil }
            return OtherSession(id: id, label: SessionLabel.words(session.header))
        }.prefix(3).map(\.self)
    }

    /// A message that its sender moved here.
    func takeOver(_ message: TextMessage, _ id: SessionID, _ stored: StoredInbound) async throws {
        guard try await runtime.store.read({ try $0.session(id) })?.isOver == false else {
            let words = "Session `\(id.short)` is over; what was to be moved to it was: \(Self.quote(message.text))"
            return try await finish(stored, reply: words)
        }
        let route = PromptRoute(number: stored.sequence)
        try await deliver(
            .prompted(by: stored.event.sender, text: message.text, files: message.attachments, route: route), to: id,
            stored)
    }

    private func target(of message: TextMessage, _ stored: StoredInbound) async throws -> Target? {
        let conversation = stored.event.conversation
        if let replied = message.replyTo {
            let row = try await runtime.store.read { transaction -> SessionRow? in
                guard let slot = try transaction.slot(conversationChat: conversation.chat, message: replied) else {
                    return nil
                }
                return try transaction.session(slot.session)
            }
            if let row { return Target(session: row) }
        }
        // In the order of their rows: the calendar may have been set between them.
        let live = try await runtime.store.read { try $0.liveSessionIDs(in: conversation) }
        let asking = live.filter { runtime.sessions[$0]?.brief.acceptsText == true }
        let newest = live.last { runtime.sessions[$0]?.brief.activity != .done } ?? live.last
        guard let id = asking.count == 1 ? asking[0] : newest else { return nil }
        let row = try await runtime.store.read { try $0.session(id) }
        return row.map { Target(session: $0, isGuess: asking.count != 1 && live.count > 1) }
    }

    // MARK: Commands about a session

    /// The session that a command names by the beginning of its id, else the one replied to, else the newest.
    func toSession(
        _ prefix: String?, _ message: TextMessage, _ stored: StoredInbound, _ event: (SessionRow) -> SessionEvent
    ) async throws {
        switch try await find(prefix, message, stored) {
        case .one(let row) where !row.isOver: try await deliver(event(row), to: row.id, stored)
        case .one(let row): try await finish(stored, reply: "Session `\(row.id.short)` is over already.")
        case .none(let words): try await finish(stored, reply: words)
        }
    }

    func diff(_ prefix: String?, _ message: TextMessage, _ stored: StoredInbound) async throws {
        let person = stored.event.sender
        switch try await find(prefix, message, stored, orEnded: true) {
        case .one(let row) where !row.isOver:
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
            if let target = try await target(of: message, stored) { return .one(target.session) }
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
        try await runtime.store.read { try $0.newestSession(inChat: chat) }
    }
}
