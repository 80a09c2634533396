import AnycodeCore
import Synchronization

/// A platform, and when each call was allowed.
final class WatchedPlatform: ChatPlatform {
    /// A permit: when it was asked for, when it could have been given as far as its chat alone goes, when it was given.
    struct Permit: Sendable {
        let chat: ChatID
        let priority: SendPriority
        let due: Duration
        let given: Duration
    }

    private struct State {
        var permits: [Permit] = []
        /// When the last call of each chat was over.
        var ended: [ChatID: Duration] = [:]
    }

    private let inner: any ChatPlatform
    private let spacing: Duration
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    var id: PlatformID { inner.id }
    var limits: ChatLimits { inner.limits }
    var permits: [Permit] { state.withLock { $0.permits } }

    /// - Parameter spacing: between two calls of a chat.
    init(_ inner: any ChatPlatform, spacing: Duration) {
        self.inner = inner
        self.spacing = spacing
    }

    private var now: Duration { start.duration(to: .now) }

    func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        try await inner.run(inbox: inbox, report: report)
    }

    func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {
        let asked = now
        try await inner.permit(for: chat, priority: priority)
        let given = now
        state.withLock { state in
            let due = state.ended[chat].map { max(asked, $0 + spacing) } ?? asked
            state.permits.append(Permit(chat: chat, priority: priority, due: due, given: given))
        }
    }

    func send(
        _ message: OutgoingMessage, to conversation: Conversation, nonce: String
    ) async throws(ChatError) -> MessageID {
        defer { ended(conversation.chat) }
        return try await inner.send(message, to: conversation, nonce: nonce)
    }

    func edit(_ id: MessageID, in conversation: Conversation, to message: OutgoingMessage) async throws(ChatError) {
        defer { ended(conversation.chat) }
        try await inner.edit(id, in: conversation, to: message)
    }

    func acknowledge(_ callback: String, note: String) async throws(ChatError) {
        try await inner.acknowledge(callback, note: note)
    }

    func showTyping(in conversation: Conversation) async { await inner.showTyping(in: conversation) }

    private func ended(_ chat: ChatID) {
        let now = now
        state.withLock { $0.ended[chat] = now }
    }
}
