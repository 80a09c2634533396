import AnycodeCore
import AnycodeStore
import Logging
package import Supervision

/// Maps what people do in chats to sessions. Takes stored events in order; each is finished in the transaction that
/// handles it, so that one found again after a crash is handled once.
package actor Router: Child {
    let runtime: Runtime
    let context: ChildContext
    private let signal = Signal()
    /// Events handed to a session that has not committed them yet, and to which incarnation of it.
    private var inFlight: [Int64: (session: SessionID, incarnation: ObjectIdentifier)] = [:]
    /// Sessions that could not take an event of this round: what follows must not overtake it.
    private var absent: Set<SessionID> = []

    package init(runtime: Runtime, context: ChildContext) {
        self.runtime = runtime
        self.context = context
    }

    package func run() async throws {
        try context.register(self, as: .router, in: runtime.routers)
        try await recover()
        while true {
            let pending = try await runtime.store.read { try $0.pendingInbound(limit: 1000) }
            let sequences = Set(pending.map(\.sequence))
            inFlight = inFlight.filter { sequences.contains($0.key) }
            absent = []
            for stored in pending where inFlight[stored.sequence] == nil {
                try await handle(stored)
            }
            context.status.wait(for: "messages")
            try await signal.wait()
        }
    }

    /// There is something new in the store.
    package func wake() { signal.raise() }

    /// A session has a new incarnation: what an older one was given and did not commit is given again.
    package func sessionStarted(_ session: SessionActor) async {
        let (id, incarnation) = (session.header.id, ObjectIdentifier(session))
        inFlight = inFlight.filter { $0.value.session != id || $0.value.incarnation == incarnation }
        signal.raise()
    }

    /// An incarnation of a session is gone: what it was given and did not commit is looked at again.
    package func sessionLeft(_ session: SessionActor) {
        let incarnation = ObjectIdentifier(session)
        inFlight = inFlight.filter { $0.value.incarnation != incarnation }
        signal.raise()
    }

    /// Everything that was alive is alive again: sessions take over what they find, chats get what they are owed.
    private func recover() async throws {
        let (live, chats) = try await runtime.store.read { (try $0.liveSessions(), try $0.chatsWithPendingNotices()) }
        for row in live { try startSession(row.id) }
        for chat in chats where runtime.platforms[chat.platform] != nil { _ = try await runtime.outbox(for: chat) }
    }

    func startSession(_ id: SessionID) throws {
        guard let sessions = runtime.sessionSupervisor[.sessions] else { throw RuntimeError.notReady("sessions") }
        if !sessions.contains(id) { try sessions.startChild(id) }
    }

    // MARK: One event

    private func handle(_ stored: StoredInbound) async throws {
        do {
            try await route(stored)
        } catch let error as StoreError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as RuntimeError {
            throw error
        } catch {
            runtime.logger.error("an event could not be handled", metadata: ["error": "\(error)"])
            try await finish(stored, reply: "That could not be handled: an internal error. It is in the daemon's log.")
        }
    }

    private func route(_ stored: StoredInbound) async throws {
        let event = stored.event
        let rule = runtime.configuration.access[event.conversation.chat.platform]
        guard rule?.admits(event.sender, in: event.conversation) ?? true else { return try await refuse(stored) }
        switch event.content {
        case .click(let click): try await press(click, stored)
        case .text(let message): try await read(message, stored)
        }
    }

    private func refuse(_ stored: StoredInbound) async throws {
        if case .click(let click) = stored.event.content {
            await acknowledge(click.callback, in: stored, note: "You may not use this bot.")
            return try await finish(stored)
        }
        try await finish(
            stored, reply: "You may not use this bot. Your id is `\(stored.event.sender.id)`; its owner can admit you.")
    }

    private func read(_ message: TextMessage, _ stored: StoredInbound) async throws {
        let known = runtime.configuration.agents.map(\.name)
        let person = stored.event.sender
        let command = message.isForwarded ? .plain(message.text) : ChatCommand.parse(message.text, agents: known)
        switch command {
        case .task(let agent, let prompt): try await startTask(agent, prompt, message, stored)
        case .status: try await finish(stored, reply: try await statusText(stored.event.conversation.chat))
        case .agents: try await finish(stored, reply: agentsText)
        case .help: try await finish(stored, reply: Self.helpText)
        case .start: try await finish(stored, reply: greeting(person))
        case .cancel(let prefix):
            try await toSession(prefix, message, stored) { _ in .cancelRequested(by: person, callback: nil) }
        case .stop(let prefix): try await toSession(prefix, message, stored) { _ in .stopRequested(by: person) }
        case .diff(let prefix): try await diff(prefix, message, stored)
        case .resume(let prefix, let text): try await resume(prefix, text, message, stored)
        case .plain(let text):
            guard !text.isEmpty || !message.attachments.isEmpty else { return try await finish(stored) }
            try await followUp(text, message, stored)
        case .unknown(let name, let text): try await passOn(name, text, message, stored)
        }
    }

    // MARK: Delivery

    /// Hands an event to a session; it is finished when the session commits it. A session that is just being started
    /// again gets it when it is there.
    func deliver(_ event: SessionEvent, to id: SessionID, _ stored: StoredInbound) async throws {
        guard !absent.contains(id), let session = runtime.sessions[id] else {
            absent.insert(id)
            return
        }
        inFlight[stored.sequence] = (id, ObjectIdentifier(session))
        if await !session.accept(event, inbound: stored.sequence) {
            inFlight[stored.sequence] = nil
            absent.insert(id)
        }
    }

    func finish(_ stored: StoredInbound, reply: String? = nil) async throws {
        guard let reply else {
            return try await runtime.store.write { try $0.finishInbound(stored.sequence) }
        }
        let conversation = stored.event.conversation
        try await finish(stored, replies: [(OutgoingMessage(markdown: reply), conversation)])
    }

    func finish(_ stored: StoredInbound, replies: [(OutgoingMessage, Conversation)]) async throws {
        let date = runtime.clock.date()
        let notices = try replies.map { (try JSONCoding.encode($0.0), $0.1, runtime.makeID()) }
        try await runtime.store.write { transaction in
            try transaction.finishInbound(stored.sequence)
            for (message, conversation, nonce) in notices {
                _ = try transaction.insertNotice(conversation: conversation, message: message, nonce: nonce, at: date)
            }
        }
        try await runtime.outbox(for: stored.event.conversation.chat).noticesChanged()
    }

    func acknowledge(_ callback: String, in stored: StoredInbound, note: String) async {
        try? await runtime.outbox(for: stored.event.conversation.chat).acknowledge(callback, note: note)
    }
}

extension Runtime {
    /// Stores a message to a chat that belongs to no session's transcript, and has it sent.
    func post(_ message: OutgoingMessage, to conversation: Conversation) async throws {
        let (body, nonce, date) = (try JSONCoding.encode(message), makeID(), clock.date())
        _ = try await store.write {
            try $0.insertNotice(conversation: conversation, message: body, nonce: nonce, at: date)
        }
        try await outbox(for: conversation.chat).noticesChanged()
    }
}
