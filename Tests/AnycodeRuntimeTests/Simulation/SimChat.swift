import AnycodeCore
import Foundation
import Synchronization

@testable import AnycodeRuntime

/// The chat server: what it holds is what people see. It knows nothing of the daemon's memory.
final class SimChatServer: Sendable {
    struct Message: Sendable {
        let id: MessageID
        let chat: ChatID
        var content: OutgoingMessage
        let nonce: String
        var edits = 0
    }

    struct State {
        var messages: [Message] = []
        var updates: [InboundEvent] = []
        var count = 0
        /// Answers to clicks, in order.
        var notes: [String] = []
        /// What was never posted although the daemon may think so.
        var dropped: [String] = []
        /// Nonces of messages that people deleted.
        var deleted: Set<String> = []
        var offlineUntil: Duration = .zero
        var floodUntil: Duration = .zero
        var isBanned = false
        /// What people sent, by reference.
        var files: [String: [UInt8]] = [:]
    }

    let world: SimWorld
    let news = Signal()
    private let state = Mutex(State())

    init(world: SimWorld) {
        self.world = world
    }

    var messages: [Message] { state.withLock { $0.messages } }

    func messages(in chat: ChatID) -> [Message] { messages.filter { $0.chat == chat } }

    /// Updates that the daemon has not acknowledged.
    var updates: [InboundEvent] { state.withLock { $0.updates } }

    func acknowledge(_ keys: Set<String>) { state.withLock { $0.updates.removeAll { keys.contains($0.key) } } }

    func post(_ content: OutgoingMessage, to chat: ChatID, nonce: String) -> MessageID {
        state.withLock { state in
            state.count += 1
            let id = MessageID("m\(state.count)")
            state.messages.append(Message(id: id, chat: chat, content: content, nonce: nonce))
            return id
        }
    }

    func edit(_ id: MessageID, to content: OutgoingMessage) -> Bool {
        state.withLock { state in
            guard let place = state.messages.firstIndex(where: { $0.id == id }) else { return false }
            state.messages[place].content = content
            state.messages[place].edits += 1
            return true
        }
    }

    /// A person deletes a message.
    func delete(_ id: MessageID) {
        state.withLock { state in
            guard let place = state.messages.firstIndex(where: { $0.id == id }) else { return }
            state.deleted.insert(state.messages.remove(at: place).nonce)
        }
    }

    func drop(_ content: OutgoingMessage) { state.withLock { $0.dropped.append(content.markdown) } }
    var dropped: [String] { state.withLock { $0.dropped } }
    var hasDeletions: Bool { state.withLock { !$0.deleted.isEmpty } }
    func isDeleted(_ nonce: String) -> Bool { state.withLock { $0.deleted.contains { $0.hasPrefix(nonce) } } }

    func goOffline(for duration: Duration) { state.withLock { $0.offlineUntil = world.now + duration } }

    func note(_ words: String) { state.withLock { $0.notes.append(words) } }
    var notes: [String] { state.withLock { $0.notes } }

    /// The bot is thrown out.
    func ban() { state.withLock { $0.isBanned = true } }

    func flood(_ duration: Duration) { state.withLock { $0.floodUntil = world.now + duration } }

    /// Why the chat takes nothing now.
    var refusal: ChatError? {
        state.withLock { state in
            if state.isBanned { return ChatError(.chatGone, "the bot was thrown out") }
            if state.offlineUntil > world.now { return ChatError(.unreachable, "no route") }
            let wait = state.floodUntil - world.now
            return wait > .zero ? ChatError(.flood(retryAfter: wait), "too many requests") : nil
        }
    }

    // MARK: People

    /// - Parameter ago: how long before its delivery it was written.
    func write(
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

    func click(_ token: String, on message: MessageID, in chat: ChatID, by person: Person) {
        deliver(chat, person, 0) { number in
            .click(ButtonClick(token: token, message: message, callback: "c\(number)"))
        }
    }

    /// A file that is going to be sent.
    func upload(_ name: String, _ bytes: [UInt8]) -> SentFile {
        state.withLock { $0.files[name] = bytes }
        return SentFile(name: name, mediaType: "text/plain", bytes: bytes.count, reference: name)
    }

    func file(_ reference: String) -> [UInt8]? { state.withLock { $0.files[reference] } }

    /// Chats whose name begins with `private` are.
    private func deliver(
        _ chat: ChatID, _ person: Person, _ ago: TimeInterval, _ content: (Int) -> InboundEvent.Content
    ) {
        let date = world.date.addingTimeInterval(-ago)
        state.withLock { state in
            state.count += 1
            state.updates.append(
                InboundEvent(
                    key: "u\(state.count)", conversation: Conversation(chat: chat),
                    isPrivate: chat.value.hasPrefix("private"), sender: person, sentAt: date,
                    content: content(state.count)))
        }
        news.raise()
    }
}

/// The daemon's side of the chat: one per incarnation, with every fault a network has.
struct SimPlatform: ChatPlatform {
    let server: SimChatServer
    let id = PlatformID("sim")
    let limits: ChatLimits

    func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        report("connected")
        while true {
            var updates = server.updates
            if updates.isEmpty {
                try await server.news.wait()
                continue
            }
            if server.world.fault(1, in: 10), let first = updates.first { updates.append(first) }
            try await inbox.receive(updates)
            try await server.world.clock.sleep(for: server.world.milliseconds(1...30))
            server.acknowledge(Set(updates.map(\.key)))
        }
    }

    func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {
        if server.world.fault(1, in: 60) { throw ChatError(.flood(retryAfter: .seconds(3)), "too many requests") }
    }

    func send(_ message: OutgoingMessage, to conversation: Conversation, nonce: String) async throws(ChatError)
        -> MessageID
    {
        try await travel()
        if let refusal = server.refusal { throw refusal }
        if server.world.fault(1, in: 40) { throw ChatError(.unreachable, "no route") }
        if server.world.fault(1, in: 60) {
            server.drop(message)
            throw ChatError(.outcomeUnknown, "timed out")
        }
        let id = server.post(message, to: conversation.chat, nonce: nonce)
        if server.world.fault(1, in: 60) { throw ChatError(.outcomeUnknown, "timed out") }
        try await travel()
        return id
    }

    func edit(_ id: MessageID, in conversation: Conversation, to message: OutgoingMessage) async throws(ChatError) {
        try await travel()
        if let refusal = server.refusal { throw refusal }
        if server.world.fault(1, in: 40) { throw ChatError(.flood(retryAfter: .seconds(2)), "too many requests") }
        guard server.edit(id, to: message) else { throw ChatError(.messageGone, "no such message") }
        if server.world.fault(1, in: 60) { throw ChatError(.outcomeUnknown, "timed out") }
        try await travel()
    }

    func acknowledge(_ callback: String, note: String) async throws(ChatError) {
        server.note(note)
    }

    func fetch(_ file: SentFile, limit: Int) async throws(ChatError) -> [UInt8] {
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
