package import AnycodeCore

/// One message of a session as the chat should show it. The list of slots is the whole truth about a session's
/// messages; the outbox makes the chat equal to it.
package struct MessageSlot: Hashable, Sendable {
    /// Stable over the session's life: `head`, `b3.p1`.
    package let key: String
    package let message: OutgoingMessage
    package let priority: SendPriority

    package init(key: String, message: OutgoingMessage, priority: SendPriority) {
        self.key = key
        self.message = message
        self.priority = priority
    }
}
