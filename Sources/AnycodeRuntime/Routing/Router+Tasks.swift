import AnycodeCore
import AnycodeStore
import Supervision

/// `/task`: checks, the rows, then the session.
extension Router {
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
        case .refusing:
            return try await finish(
                stored, reply: "Anycode is being drained for maintenance and takes no new tasks now. Try again later.")
        }
        if let refusal = try await limitReached(stored.event.conversation.chat) {
            return try await finish(stored, reply: refusal)
        }
        let header = header(agent, prompt, stored.event)
        try await insert(header, message.attachments, stored)
        try startSession(header.id)
    }

    private func header(_ agent: AgentName, _ prompt: String, _ event: InboundEvent) -> SessionHeader {
        SessionHeader(
            id: SessionID(runtime.makeID()), conversation: event.conversation, starter: event.sender, agent: agent,
            prompt: prompt, lease: LeaseID(runtime.makeID()), provider: runtime.provider.id,
            source: RepositoryDetection.find(in: prompt)
                ?? runtime.configuration.defaultSource[event.conversation.chat.platform],
            token: runtime.makeID())
    }

    /// Session, lease and button exist before anything is done for them.
    ///
    /// - Parameters:
    ///   - files: what came with the task.
    ///   - alike: what belongs into the same transaction.
    func insert(
        _ header: SessionHeader, _ files: [SentFile], _ stored: StoredInbound,
        with alike: @escaping @Sendable (StoreTransaction) throws -> Void = { _ in }
    ) async throws {
        let date = runtime.clock.date()
        let state = SessionState(header: header, files: files)
        let snapshot = try JSONCoding.encode(StoredSession(header: header, state: state))
        let row = SessionRow(
            id: header.id, conversation: header.conversation, starter: header.starter, agent: header.agent,
            prompt: header.prompt, createdAt: date, isLive: true, state: state.phase.word, snapshot: snapshot,
            cursor: nil, incarnation: 0, bootAttempts: 0, updatedAt: date, finishedAt: nil)
        let lease = LeaseRow(
            id: header.lease, session: header.id, provider: header.provider, state: "intended", createdAt: date,
            updatedAt: date, lastError: nil)
        let cancel = ButtonRow(
            token: ButtonToken.cancel(header), session: header.id, interaction: nil,
            action: try JSONCoding.encode(ButtonAction.cancelSession), createdAt: date)
        try await runtime.store.write { transaction in
            try transaction.insertSession(row)
            try transaction.insertLease(lease)
            try transaction.insertButtons([cancel])
            try alike(transaction)
            try transaction.finishInbound(stored.sequence)
        }
    }

    func limitReached(_ chat: ChatID) async throws -> String? {
        let live = try await runtime.store.read { try $0.liveSessions() }
        let limits = runtime.configuration
        if let total = limits.maxTotal, live.count >= total {
            return "All \(total) places of this daemon are taken. Try again when a session has ended."
        }
        let busy = live.count { row in
            guard row.conversation.chat == chat else { return false }
            switch runtime.sessions[row.id]?.brief.activity {
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
