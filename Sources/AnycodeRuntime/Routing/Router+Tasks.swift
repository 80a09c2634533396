import AnycodeCore
import AnycodeStore
import Logging
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// `/task`: checks, the rows, then the session.
extension Router {
    /// What somebody wants done.
    struct Wish {
        let conversation: Conversation
        let person: Person
        let agent: AgentName
        let prompt: String
        let files: [SentFile]
        /// Whether its session gets a thread of its own.
        var opensThread = false
    }

    func startTask(
        _ agent: AgentName?, _ prompt: String, _ message: TextMessage, _ stored: StoredInbound
    ) async throws {
        let agent = agent ?? runtime.configuration.defaultAgent
        guard !prompt.isEmpty else {
            return try await finish(
                stored, reply: "Say what to do: `/task [agent] <prompt>`. `/agents` lists the agents.")
        }
        guard runtime.configuration.profile(agent) != nil else {
            return try await finish(
                stored, reply: "The default agent `\(agent)` is not configured. `/agents` lists those that are.")
        }
        switch runtime.intake.state {
        case .open: break
        case .holding: return
        case .refusing: return try await finish(stored, reply: Self.drained)
        }
        let event = stored.event
        let wish = Wish(
            conversation: event.conversation, person: event.sender, agent: agent, prompt: prompt,
            files: message.attachments, opensThread: event.opensThread)
        let lag = lateness[event.conversation.chat.platform] ?? Lateness()
        if let age = lag.age(sentAt: event.sentAt, now: runtime.clock.date()) {
            return try await askWhetherWanted(wish, age, stored)
        }
        if let refusal = try await limitReached(wish.conversation.chat) {
            return try await offerPlace(wish, refusal, stored)
        }
        try await begin(wish) { try $0.finishInbound(stored.sequence) }
    }

    static let drained = "Anycode is being drained for maintenance and takes no new tasks now. Try again later."

    /// Session, lease and button exist before anything is done for them.
    ///
    /// - Parameter changes: what is written in the same transaction.
    func begin(_ wish: Wish, changes: @escaping @Sendable (StoreTransaction) throws -> Void) async throws {
        try await begin(try await header(wish), wish.files, changes: changes)
    }

    /// The same for a session whose header is there already.
    func begin(
        _ header: SessionHeader, _ files: [SentFile],
        changes: @escaping @Sendable (StoreTransaction) throws -> Void
    ) async throws {
        let date = runtime.clock.date()
        let state = SessionState(header: header, files: files)
        let snapshot = try JSONCoding.encode(StoredSession(header: header, state: state))
        let row = SessionRow(
            id: header.id, conversation: header.conversation, starter: header.starter, agent: header.agent,
            prompt: header.prompt, createdAt: date, isLive: true, state: state.phase.word, snapshot: snapshot,
            cursor: nil, incarnation: 1, bootAttempts: 0, updatedAt: date, finishedAt: nil)
        let lease = LeaseRow(
            id: header.lease, session: header.id, provider: header.provider, state: "intended", createdAt: date,
            updatedAt: date, lastError: nil)
        let cancel = ButtonRow(
            token: ButtonToken.cancel(header), session: header.id, interaction: nil,
            action: try JSONCoding.encode(ButtonAction.cancelSession), createdAt: date)
        let stop = ButtonRow(
            token: ButtonToken.stop(header), session: header.id, interaction: nil,
            action: try JSONCoding.encode(ButtonAction.stopTurn), createdAt: date)
        try await runtime.store.write { transaction in
            try transaction.insertSession(row)
            try transaction.insertLease(lease)
            try transaction.insertButtons([cancel, stop])
            try changes(transaction)
            if header.conversation.isOwnThread {
                try transaction.setSetting(
                    ChatMemoryValue.threadName, header.title, conversation: header.conversation)
            }
        }
        runtime.newborn.add(row.id)
        try startSession(header.id)
    }

    private func header(_ wish: Wish) async throws -> SessionHeader {
        let id = SessionID(runtime.makeID())
        let chat = wish.conversation.chat
        let conversation = wish.opensThread ? Conversation.ownThread(of: id, in: chat) : wish.conversation
        var source = RepositoryDetection.find(in: wish.prompt)
        if source == nil { source = try await chatRepository(wish.conversation) }
        return SessionHeader(
            id: id, conversation: conversation, starter: wish.person, agent: wish.agent, prompt: wish.prompt,
            lease: LeaseID(runtime.makeID()), provider: runtime.provider.id,
            source: source ?? runtime.configuration.defaultSource[chat.platform], token: runtime.makeID(),
            colour: try await freeColour(for: id, in: conversation))
    }

    /// A colour that no live session of the conversation has, while there are enough of them.
    func freeColour(for id: SessionID, in conversation: Conversation) async throws -> Int {
        let live = try await runtime.store.read { try $0.liveSessionIDs(in: conversation, limit: 64) }
        var taken: [SessionID: Int] = [:]
        for session in live {
            taken[session] = colours[conversation]?[session] ?? runtime.sessions[session]?.header.colour
        }
        let used = Set(taken.values)
        let colour =
            SessionLabel.colours.indices.first { !used.contains($0) } ?? live.count % SessionLabel.colours.count
        taken[id] = colour
        colours[conversation] = taken
        if colours.count > 4_096 { colours = [conversation: taken] }
        return colour
    }

    // MARK: Limits

    func limitReached(_ chat: ChatID) async throws -> String? {
        let limits = runtime.configuration
        let (count, ids) = try await runtime.store.read { transaction in
            (
                limits.maxTotal == nil ? 0 : try transaction.countLiveSessions(),
                try transaction.liveSessionIDs(inChat: chat)
            )
        }
        if let total = limits.maxTotal, count >= total {
            return "All \(total) places of this daemon are taken. Try again when a session has ended."
        }
        let busy = ids.count { id in
            switch runtime.sessions[id]?.brief.activity {
            case .idle, .done: return false
            case .active, .waiting, .ending, nil: return true
            }
        }
        guard busy >= limits.maxConcurrent else { return nil }
        return """
            \(busy) sessions are at work in this chat, the most it may have. `/status` lists them; `/cancel` ends one.
            """
    }
}
