package import AnycodeCore
import AnycodeRuntime
package import AnycodeStore
package import Foundation
import Synchronization

/// The chat server: what it holds is what people see. It knows nothing of the daemon's memory.
package final class SimChatServer: Sendable {
    package struct Message: Sendable {
        package let id: MessageID
        package let chat: ChatID
        package var content: OutgoingMessage
        package let nonce: String
        package var edits = 0
        /// The world's epoch in which the daemon learnt what this message shows; `nil` while it cannot know.
        var knownIn: Int?
    }

    private struct State {
        var messages: [Message] = []
        /// Posted since people looked.
        var fresh: [Message] = []
        var updates: [InboundEvent] = []
        var count = 0
        /// Answers to clicks, in order.
        var notes: [String] = []
        var clicks: [String] = []
        var answered: Set<String> = []
        /// What is not to be seen: never posted although the daemon may think so, or deleted by people.
        var dropped: [String] = []
        /// Nonces of messages that people deleted.
        var deleted: Set<String> = []
        /// Text → its place among all updates.
        var order: [String: Int] = [:]
        /// Told of each message that the daemon learns to be shown.
        var whenShown: @Sendable (Message) -> Void = { _ in }
        var offlineUntil: Duration = .zero
        var floodUntil: Duration = .zero
        var isBanned = false
        /// What people sent, by reference.
        var files: [String: [UInt8]] = [:]
    }

    package let world: SimWorld
    let news = Signal()
    private let state = Mutex(State())

    package init(world: SimWorld) {
        self.world = world
    }

    package var messages: [Message] { state.withLock { $0.messages } }

    /// What was posted since the last call.
    func unseen() -> [Message] {
        state.withLock { state in
            defer { state.fresh = [] }
            return state.fresh
        }
    }

    package func messages(in chat: ChatID) -> [Message] { messages.filter { $0.chat == chat } }

    /// Updates that the daemon has not acknowledged.
    package var updates: [InboundEvent] { state.withLock { $0.updates } }

    package func acknowledge(_ keys: Set<String>) { state.withLock { $0.updates.removeAll { keys.contains($0.key) } } }

    package func post(_ content: OutgoingMessage, to chat: ChatID, nonce: String) -> MessageID {
        state.withLock { state in
            checkPost(content, nonce, state)
            state.count += 1
            let id = MessageID("m\(state.count)")
            state.messages.append(Message(id: id, chat: chat, content: content, nonce: nonce))
            state.fresh.append(state.messages[state.messages.count - 1])
            return id
        }
    }

    package func edit(_ id: MessageID, to content: OutgoingMessage) -> Bool {
        state.withLock { state in
            guard let place = state.messages.firstIndex(where: { $0.id == id }) else { return false }
            let before = state.messages[place]
            world.check(
                before.content != content || before.knownIn != world.epoch,
                "\(before.nonce) was edited to what it shows")
            state.messages[place].content = content
            state.messages[place].edits += 1
            state.messages[place].knownIn = nil
            return true
        }
    }

    /// The daemon has been told that its call succeeded.
    func confirm(_ id: MessageID) {
        let epoch = world.epoch
        let (message, tell) = state.withLock { state -> (Message?, @Sendable (Message) -> Void) in
            guard let place = state.messages.firstIndex(where: { $0.id == id }) else { return (nil, state.whenShown) }
            state.messages[place].knownIn = epoch
            return (state.messages[place], state.whenShown)
        }
        if let message { tell(message) }
    }

    func whenShown(_ tell: @escaping @Sendable (Message) -> Void) { state.withLock { $0.whenShown = tell } }

    /// Rule 4: the same message comes twice only if it says so, and rings the second time too.
    private func checkPost(_ content: OutgoingMessage, _ nonce: String, _ state: State) {
        guard state.messages.contains(where: { $0.nonce == nonce }) else { return }
        world.count("chat: possible repeats")
        world.check(content.markdown.hasPrefix(Self.repeatLabel), "\(nonce) was repeated without a label")
    }

    static let repeatLabel = "*(possibly a repeat)*\n"

    /// Rules 5, 7 and 9, on all that ever reaches a chat.
    func checkOutgoing(_ message: OutgoingMessage, _ limits: ChatLimits) {
        let words = message.markdown
        world.check(!SimSecrets.leaks(words), "a secret reached the chat: \(words)")
        let room = limits.textUnits + Self.repeatLabel.utf16.count
        world.check(words.utf16.count <= room, "a message of \(words.utf16.count) units")
        for button in message.buttons.joined() {
            world.check(button.token.utf8.count <= 64, "the token \(button.token) is too long")
            world.check(!SimSecrets.leaks(button.label), "a secret reached a button: \(button.label)")
        }
    }

    /// A person deletes a message.
    package func delete(_ id: MessageID) {
        state.withLock { state in
            guard let place = state.messages.firstIndex(where: { $0.id == id }) else { return }
            let message = state.messages.remove(at: place)
            state.deleted.insert(message.nonce)
            state.dropped.append(message.content.markdown)
        }
    }

    package func drop(_ content: OutgoingMessage) { state.withLock { $0.dropped.append(content.markdown) } }
    /// All that was said, whether it is still to be seen or not.
    package var said: [String] { state.withLock { $0.messages.map(\.content.markdown) + $0.dropped } }
    package var hasDeletions: Bool { state.withLock { !$0.deleted.isEmpty } }
    package func isDeleted(_ nonce: String) -> Bool { state.withLock { $0.deleted.contains { $0.hasPrefix(nonce) } } }

    package func goOffline(for duration: Duration) { state.withLock { $0.offlineUntil = world.now + duration } }

    func note(_ words: String, on callback: String) {
        state.withLock { state in
            state.notes.append(words)
            state.answered.insert(callback)
        }
    }

    var order: [String: Int] { state.withLock { $0.order } }
    package var notes: [String] { state.withLock { $0.notes } }
    /// Clicks that nobody answered.
    var unanswered: [String] { state.withLock { state in state.clicks.filter { !state.answered.contains($0) } } }

    /// The bot is thrown out.
    package func ban(_ isBanned: Bool = true) { state.withLock { $0.isBanned = isBanned } }

    package func flood(_ duration: Duration) { state.withLock { $0.floodUntil = world.now + duration } }

    /// Why the chat takes nothing now.
    package var refusal: ChatError? {
        state.withLock { state in
            if state.isBanned { return ChatError(.chatGone, "the bot was thrown out") }
            if state.offlineUntil > world.now { return ChatError(.unreachable, "no route") }
            let wait = state.floodUntil - world.now
            return wait > .zero ? ChatError(.flood(retryAfter: wait), "too many requests") : nil
        }
    }

    // MARK: People

    /// - Parameter ago: how long before its delivery it was written.
    package func write(
        _ text: String, in chat: ChatID, by person: Person, replyTo: MessageID? = nil, files: [SentFile] = [],
        isForwarded: Bool = false, ago: TimeInterval = 0
    ) {
        deliver(chat, person, ago) { number in
            .text(
                TextMessage(
                    id: MessageID("p\(number)"), text: text, replyTo: replyTo, attachments: files,
                    isForwarded: isForwarded))
        }
    }

    package func click(_ token: String, on message: MessageID, in chat: ChatID, by person: Person) {
        deliver(chat, person, 0) { number in
            .click(ButtonClick(token: token, message: message, callback: "c\(number)"))
        }
        state.withLock { $0.clicks.append("c\($0.count)") }
    }

    /// A file that is going to be sent.
    package func upload(_ name: String, _ bytes: [UInt8]) -> SentFile {
        state.withLock { $0.files[name] = bytes }
        return SentFile(name: name, mediaType: "text/plain", bytes: bytes.count, reference: name)
    }

    package func file(_ reference: String) -> [UInt8]? { state.withLock { $0.files[reference] } }

    /// Chats whose name begins with `private` are.
    private func deliver(
        _ chat: ChatID, _ person: Person, _ ago: TimeInterval, _ content: (Int) -> InboundEvent.Content
    ) {
        let date = world.date.addingTimeInterval(-ago)
        state.withLock { state in
            state.count += 1
            let content = content(state.count)
            if case .text(let message) = content, state.order[message.text] == nil {
                state.order[message.text] = state.count
            }
            state.updates.append(
                InboundEvent(
                    key: "u\(state.count)", conversation: Conversation(chat: chat),
                    isPrivate: chat.value.hasPrefix("private"), sender: person, sentAt: date, content: content))
        }
        news.raise()
    }
}

/// The daemon's side of the chat: one per incarnation, with every fault a network has.
package struct SimPlatform: ChatPlatform {
    package let server: SimChatServer
    package let id = PlatformID("sim")
    package let limits: ChatLimits

    /// Where to look whether updates are stored; `nil` when nobody checks.
    private let store: Store?

    package init(server: SimChatServer, limits: ChatLimits, store: Store? = nil) {
        self.server = server
        self.limits = limits
        self.store = store
    }

    package func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        report("connected")
        while true {
            var updates = server.updates
            if updates.isEmpty {
                try await server.news.wait()
                continue
            }
            if server.world.fault(1, in: 10), let first = updates.first {
                server.world.count("chat: updates twice")
                updates.append(first)
            }
            try await inbox.receive(updates)
            await checkStored(updates)
            try await server.world.clock.sleep(for: server.world.milliseconds(1...30))
            server.acknowledge(Set(updates.map(\.key)))
        }
    }

    package func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {
        if server.world.fault(1, in: 60) { throw flood(.seconds(3)) }
    }

    private func flood(_ wait: Duration) -> ChatError {
        server.world.count("chat: floods")
        return ChatError(.flood(retryAfter: wait), "too many requests")
    }

    private func unknown() -> ChatError {
        server.world.count("chat: unknown outcomes")
        return ChatError(.outcomeUnknown, "timed out")
    }

    private func unreachable() -> ChatError {
        server.world.count("chat: unreachable")
        return ChatError(.unreachable, "no route")
    }

    /// Rule 2: what is about to be acknowledged is in the store, so that storing it again is recognised.
    private func checkStored(_ updates: [InboundEvent]) async {
        guard let store, let event = updates.randomly(server.world) else { return }
        struct Known: Error {}
        let (platform, date) = (id, server.world.date)
        let isNew = await SimDisk.$isWatching.withValue(true) {
            do {
                return try await store.write { transaction -> Bool in
                    guard try transaction.insertInbound(event, platform: platform, receivedAt: date) else {
                        return false
                    }
                    throw Known()  // takes the row back
                }
            } catch {
                return true
            }
        }
        server.world.check(!isNew, "the update \(event.key) was acknowledged before it was stored")
    }

    package func send(_ message: OutgoingMessage, to conversation: Conversation, nonce: String) async throws(ChatError)
        -> MessageID
    {
        server.checkOutgoing(message, limits)
        try await travel()
        if let refusal = server.refusal { throw refusal }
        if server.world.fault(1, in: 40) { throw unreachable() }
        if server.world.fault(1, in: 60) {
            server.drop(message)
            throw unknown()
        }
        let id = server.post(message, to: conversation.chat, nonce: nonce)
        server.world.count("chat: messages")
        if server.world.fault(1, in: 60) { throw unknown() }
        try await travel()
        server.confirm(id)
        return id
    }

    package func edit(_ id: MessageID, in conversation: Conversation, to message: OutgoingMessage)
        async throws(ChatError)
    {
        server.checkOutgoing(message, limits)
        try await travel()
        if let refusal = server.refusal { throw refusal }
        if server.world.fault(1, in: 40) { throw flood(.seconds(2)) }
        guard server.edit(id, to: message) else { throw ChatError(.messageGone, "no such message") }
        server.world.count("chat: edits")
        if server.world.fault(1, in: 60) { throw unknown() }
        try await travel()
        server.confirm(id)
    }

    package func acknowledge(_ callback: String, note: String) async throws(ChatError) {
        server.world.check(!SimSecrets.leaks(note), "a secret reached a note: \(note)")
        server.note(note, on: callback)
    }

    package func fetch(_ file: SentFile, limit: Int) async throws(ChatError) -> [UInt8] {
        try await travel()
        if server.world.fault(1, in: 4) { throw ChatError(.unreachable, "no route") }
        guard let bytes = server.file(file.reference) else { throw ChatError(.rejected, "the file is gone") }
        guard bytes.count <= limit else { throw ChatError(.rejected, "the file is too large") }
        return bytes
    }

    private func travel() async throws(ChatError) {
        do {
            try await server.world.clock.sleep(for: server.world.milliseconds(1...60))
        } catch {
            throw ChatError(.cancelled, "cancelled")
        }
    }
}
