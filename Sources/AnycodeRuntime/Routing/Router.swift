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
    /// Who was admitted, as the store has it.
    var roll: [PlatformID: [PersonID: PersonRow]] = [:] {
        didSet {
            runtime.configuration.roll.replace(
                roll.mapValues { $0.mapValues { $0.role == .owner ? .owner : .member } })
        }
    }
    /// How late messages of each platform are.
    var lateness: [PlatformID: Lateness] = [:]
    /// Whether a task may wait for a place.
    var hasQueued = true
    /// Sessions that have begun and may have company now.
    private var newcomers: [SessionActor] = []
    /// The colours given out, by conversation.
    var colours: [Conversation: [SessionID: Int]] = [:]

    package init(runtime: Runtime, context: ChildContext) {
        self.runtime = runtime
        self.context = context
    }

    package func run() async throws {
        try context.register(self, as: .router, in: runtime.routers)
        try await openAccess()
        try await recover()
        while true {
            let pending = try await runtime.store.read { try $0.pendingInbound(limit: 1000) }
            let sequences = Set(pending.map(\.sequence))
            inFlight = inFlight.filter { sequences.contains($0.key) }
            absent = []
            for stored in pending where inFlight[stored.sequence] == nil {
                try await handle(stored)
            }
            try await startQueued()
            try await introduceNewcomers()
            context.status.wait(for: "messages", lasting: .zero)
            try await signal.wait()
        }
    }

    /// There is something new in the store.
    package func wake() { signal.raise() }

    /// A session has a new incarnation: what an older one was given and did not commit is given again.
    package func sessionStarted(_ session: SessionActor) async {
        let (id, incarnation) = (session.header.id, ObjectIdentifier(session))
        inFlight = inFlight.filter { $0.value.session != id || $0.value.incarnation == incarnation }
        newcomers.append(session)
        signal.raise()
    }

    /// A session is at work no more, or at work again: a task that waits may have a place.
    func placesChanged() {
        if hasQueued { signal.raise() }
    }

    /// An incarnation of a session is gone: what it was given and did not commit is looked at again.
    package func sessionLeft(_ session: SessionActor) {
        let incarnation = ObjectIdentifier(session)
        inFlight = inFlight.filter { $0.value.incarnation != incarnation }
        signal.raise()
    }

    /// Everything that was alive is alive again: sessions take over what they find, chats get what they are owed.
    private func recover() async throws {
        let (live, chats) = try await runtime.store.read { (try $0.liveSessionIDs(), try $0.chatsWithPendingNotices()) }
        runtime.recovery.begin(live)
        for id in live { try startSession(id) }
        for chat in chats where runtime.platforms[chat.platform] != nil { _ = try await runtime.outbox(for: chat) }
    }

    func startSession(_ id: SessionID) throws {
        guard let sessions = runtime.sessionSupervisor[.sessions] else { throw RuntimeError.notReady("sessions") }
        if !sessions.contains(id) { try sessions.startChild(id) }
    }

    // MARK: One event

    private func handle(_ stored: StoredInbound) async throws {
        // Its platform was taken out of the configuration: nobody could be answered.
        guard runtime.platforms[stored.event.conversation.chat.platform] != nil else { return try await finish(stored) }
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
        guard admits(stored.event) else { return try await turnAway(stored) }
        switch stored.event.content {
        case .click(let click): try await press(click, stored)
        case .text(let message):
            observeClock(stored)
            try await read(message, stored)
        case .moved(let message, let session): try await takeOver(message, session, stored)
        }
    }

    /// Sessions that are not alone in their conversation are told so, and carry a tag from then on.
    private func introduceNewcomers() async throws {
        while let session = newcomers.popLast() {
            let conversation = session.header.conversation
            // Whoever came when others were there was told at its own start; only the first were alone.
            let others = try await runtime.store.read { try $0.liveSessionIDs(in: conversation, limit: 20) }
            guard others.contains(where: { $0 != session.header.id }) else { continue }
            await session.accept(.accompanied)
            for id in others where id != session.header.id {
                if let other = runtime.sessions[id], !other.brief.isTagged { await other.accept(.accompanied) }
            }
        }
    }

    private func read(_ message: TextMessage, _ stored: StoredInbound) async throws {
        let known = runtime.configuration.agents.map(\.name)
        let person = stored.event.sender
        let command = message.isForwarded ? .plain(message.text) : ChatCommand.parse(message.text, agents: known)
        switch command {
        case .task(let agent, let prompt): try await startTask(agent, prompt, message, stored)
        case .status: try await finish(stored, reply: try await statusText(stored.event.conversation))
        case .agents: try await finish(stored, reply: agentsText)
        case .help: try await finish(stored, reply: Self.helpText)
        case .start: try await finish(stored, reply: greeting(person))
        case .repository(let words): try await repository(words, stored)
        case .choose(let choice, let value):
            try await toSession(nil, message, stored) { _ in .choiceRequested(choice, value, by: person, click: nil) }
        case .pair(let code): try await pairMember(code, stored)
        case .admit(let words): try await admit(words, stored)
        case .members: try await members(stored)
        case .revoke(let words): try await revoke(words, stored)
        case .cancel(let prefix):
            if let prefix, try await dropWaiting(prefix, stored) { return }
            try await toSession(prefix, message, stored) { _ in .cancelRequested(by: person, callback: nil) }
        case .stop(let prefix): try await toSession(prefix, message, stored) { _ in .stopRequested(by: person) }
        case .diff(let prefix): try await diff(prefix, message, stored)
        case .pullRequest(let prefix, let title): try await pullRequest(prefix, title, message, stored)
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
        let byOwner = isOwner(stored.event.sender, on: stored.event.conversation.chat.platform)
        if await !session.accept(event, inbound: stored.sequence, byOwner: byOwner) {
            inFlight[stored.sequence] = nil
            absent.insert(id)
        }
    }

    func finish(_ stored: StoredInbound, reply: String?) async throws {
        let conversation = stored.event.conversation
        try await finish(stored, replies: reply.map { [(OutgoingMessage(markdown: $0), conversation)] } ?? [])
    }

    /// Finishes the event together with all that follows from it.
    ///
    /// - Parameters:
    ///   - edit: a message of the event's chat, and what it shows from now on.
    ///   - changes: what else is written in the same transaction.
    func finish(
        _ stored: StoredInbound, replies: [(OutgoingMessage, Conversation)] = [],
        edit: (MessageID, OutgoingMessage)? = nil,
        changes: @escaping @Sendable (StoreTransaction) throws -> Void = { _ in }
    ) async throws {
        let (date, home) = (runtime.clock.date(), stored.event.conversation)
        let makeID = runtime.makeID
        let notices = try replies.map { (try JSONCoding.encode($0.0), $0.1, makeID()) }
        let replacement = try edit.map { ($0.0, try JSONCoding.encode($0.1), makeID()) }
        try await runtime.store.write { transaction in
            try changes(transaction)
            try transaction.finishInbound(stored.sequence)
            if let (id, message, nonce) = replacement {
                try transaction.insertNotice(conversation: home, message: message, nonce: nonce, edits: id, at: date)
            }
            for (message, conversation, nonce) in notices {
                try transaction.insertNotice(conversation: conversation, message: message, nonce: nonce, at: date)
            }
        }
        for chat in Set(replies.map(\.1.chat) + (edit == nil ? [] : [home.chat])) {
            try await runtime.outbox(for: chat).noticesChanged()
        }
    }

    /// A button that belongs to no session.
    func freeButton(_ token: String, _ action: ButtonAction) throws -> ButtonRow {
        ButtonRow(token: token, action: try JSONCoding.encode(action), createdAt: runtime.clock.date())
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
