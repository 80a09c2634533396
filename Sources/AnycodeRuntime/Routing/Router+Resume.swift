import AnycodeCore
import AnycodeStore
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Going on: with a session that waits for a follow-up, or from one that has ended.
extension Router {
    // MARK: Continue

    /// What a person writes next in a conversation goes to the session they chose.
    func askForNext(_ session: SessionRow, _ callback: String, _ stored: StoredInbound) async throws {
        await acknowledge(callback, in: stored, note: "Write what to do next.")
        let person = stored.event.sender
        let (conversation, date, nonce) = (stored.event.conversation, runtime.clock.date(), runtime.makeID())
        let words =
            "✏️ \(Self.plain(person.name)), what is next for `\(session.id.short)`? Your next message goes there."
        let message = try JSONCoding.encode(OutgoingMessage(markdown: words))
        try await runtime.store.write { transaction in
            let choice = "\(session.id)@\(Int(date.timeIntervalSinceReferenceDate))"
            try transaction.setSetting(Self.choice(of: person), choice, conversation: conversation)
            _ = try transaction.insertNotice(conversation: conversation, message: message, nonce: nonce, at: date)
            try transaction.finishInbound(stored.sequence)
        }
        try await runtime.outbox(for: conversation.chat).noticesChanged()
    }

    /// The session that this message's sender chose for it; a reply chooses for itself.
    ///
    /// The choice counts for one message, and for that one again when it is looked at again.
    func chosen(by message: TextMessage, _ stored: StoredInbound) async throws -> SessionRow? {
        guard message.replyTo == nil else { return nil }
        let (key, conversation) = (Self.choice(of: stored.event.sender), stored.event.conversation)
        let value = try await runtime.store.read { try $0.setting(key, conversation: conversation) }
        guard let parts = value?.split(separator: " "), let choice = parts.first?.split(separator: "@") else {
            return nil
        }
        let (id, chosenAt) = (choice[0], choice.count > 1 ? Double(choice[1]) ?? 0 : 0)
        let age = runtime.clock.date().timeIntervalSinceReferenceDate - chosenAt
        let isOurs = parts.count == 1 ? age < Self.choiceHolds : parts[1] == "\(stored.sequence)"
        let used = isOurs ? "\(parts[0]) \(stored.sequence)" : nil
        if used != value {
            try await runtime.store.write { try $0.setSetting(key, used, conversation: conversation) }
        }
        guard isOurs, let row = try await runtime.store.read({ try $0.session(SessionID(String(id))) }) else {
            return nil
        }
        return row.isOver ? try await newest(goingOnFrom: row) : row
    }

    /// The last of the sessions that go on from an ended one, each from the one before; itself when there is none.
    ///
    /// - Parameter counts: which of them count.
    func newest(
        goingOnFrom row: SessionRow, where counts: (SessionOrigin) -> Bool = { _ in true }
    ) async throws -> SessionRow {
        let chat = row.conversation.chat
        let later = try await runtime.store.read { try $0.recentSessions(limit: 100) }
            .filter { $0.conversation.chat == chat }
            .map { ($0, (try? JSONCoding.decode(StoredSession.self, from: $0.snapshot))?.header.origin) }
        var newest = row
        while let (next, _) = later.first(where: { $0.1.map { $0.session == newest.id && counts($0) } ?? false }) {
            newest = next
        }
        return newest
    }

    /// For how long after Continue a message is meant for that session, in seconds.
    private static let choiceHolds: TimeInterval = 3600

    private static func choice(of person: Person) -> String { "next:\(person.id)" }

    // MARK: Resume

    func resume(_ prefix: String?, _ text: String, _ message: TextMessage, _ stored: StoredInbound) async throws {
        guard prefix != nil || message.replyTo != nil else {
            let chat = stored.event.conversation.chat
            let person = stored.event.sender.id
            let last = try await runtime.store.read { try $0.newestEndedSession(inChat: chat, of: person) }
            guard let last else { return try await finish(stored, reply: "No session has ended here.") }
            return try await resume(last, text, message.attachments, callback: nil, stored)
        }
        switch try await find(prefix, message, stored) {
        case .one(let row): try await resume(row, text, message.attachments, callback: nil, stored)
        case .none(let words): try await finish(stored, reply: words)
        }
    }

    /// Starts a session from what an ended one left.
    ///
    /// - Parameters:
    ///   - text: what to do next; empty: the person is asked.
    ///   - pullRequest: the title of the pull request that it is resumed for, and nothing else.
    func resume(
        _ row: SessionRow, _ text: String, _ files: [SentFile] = [], callback: String?, pullRequest: String? = nil,
        _ stored: StoredInbound
    ) async throws {
        if runtime.intake.state == .holding { return }
        // What was resumed for a pull request knows where that is.
        let row = try await newest(goingOnFrom: row) { $0.pullRequest != nil }
        if let refusal = try await refusal(toResume: row, stored.event) {
            return try await answer(refusal, callback, stored)
        }
        guard var ended = try? JSONCoding.decode(StoredSession.self, from: row.snapshot) else {
            return try await answer(try await unreadable(row), callback, stored)
        }
        ended.header.conversation = row.conversation
        if let callback { await acknowledge(callback, in: stored, note: "Going on") }
        let text = text.isEmpty && !files.isEmpty ? "Look at these files." : text
        let origin = SessionOrigin(ended, text: text, pullRequest: pullRequest)
        let header = try await header(resuming: ended, origin, stored.event)
        let resumed = try JSONCoding.encode(ButtonAction.resumed(header.id))
        let buttons =
            pullRequest == nil
            ? try [ButtonAction.continueSession, .resumeSession].map { try JSONCoding.encode($0) } : []
        try await begin(header, files) { transaction in
            try transaction.finishInbound(stored.sequence)
            for action in buttons { try transaction.replaceButtons(session: row.id, action: action, with: resumed) }
        }
    }

    private func header(
        resuming ended: StoredSession, _ origin: SessionOrigin, _ event: InboundEvent
    ) async throws -> SessionHeader {
        let id = SessionID(runtime.makeID())
        return SessionHeader(
            id: id, conversation: ended.header.conversation, starter: event.sender,
            agent: ended.header.agent, prompt: origin.text.isEmpty ? origin.task : origin.text,
            lease: LeaseID(runtime.makeID()), provider: runtime.provider.id,
            source: ended.state.source?.at(ended.state.workspace?.base), token: runtime.makeID(), origin: origin,
            colour: try await freeColour(for: id, in: ended.header.conversation))
    }

    /// Why it cannot be resumed, or not now; `nil` when it can.
    private func refusal(toResume row: SessionRow, _ event: InboundEvent) async throws -> String? {
        let (id, policy) = (row.id.short, runtime.configuration.session)
        let isOwner =
            isOwner(event.sender, on: event.conversation.chat.platform) || policy.owners.contains(event.sender.id)
        guard isOwner || policy.everybodyControls || event.sender.id == row.starter.id else {
            return "Only \(row.starter.name) may resume this."
        }
        guard row.isOver else {
            let isEnding = runtime.sessions[row.id]?.brief.activity == .ending
            return "Session `\(id)` is " + (isEnding ? "just ending; try again in a moment." : "open; write to it.")
        }
        let open = try await runtime.store.read { try $0.liveSessions(in: row.conversation) }
        let next = open.first { other in
            (try? JSONCoding.decode(StoredSession.self, from: other.snapshot))?.header.origin?.session == row.id
        }
        if let next { return "Session `\(id)` goes on as `\(next.id.short)`; write to that." }
        guard runtime.configuration.profile(row.agent) != nil else {
            return "The agent `\(row.agent)` is not configured any more."
        }
        if runtime.intake.state == .refusing {
            return Self.drained
        }
        return try await limitReached(row.conversation.chat)
    }

    /// What is left of a session whose data cannot be read.
    func unreadable(_ row: SessionRow) async throws -> String {
        let save = try await runtime.store.read { try $0.saves(session: row.id) }.last
        let place = save.map { " Its last save is at `\($0.path)`." } ?? " It saved nothing."
        return "What session `\(row.id.short)` was doing cannot be read any more.\(place)"
    }

    func answer(_ words: String, _ callback: String?, _ stored: StoredInbound) async throws {
        guard let callback else { return try await finish(stored, reply: words) }
        await acknowledge(callback, in: stored, note: words)
        try await finish(stored)
    }
}

extension RequestedSource {
    /// The same as it was at a commit.
    func at(_ commit: String?) -> RequestedSource {
        var source = source
        source.commit = commit
        return RequestedSource(source: source, spelling: spelling, isLocal: isLocal)
    }
}
