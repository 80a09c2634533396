package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A message to a chat that belongs to no session.
package struct NoticeRow: Hashable, Sendable {
    package var sequence: Int64
    package var conversation: Conversation
    /// As JSON.
    package var message: [UInt8]
    /// The same for every attempt to send it.
    package var nonce: String
    /// `pending` at first, then as a slot's.
    package var state: String
    /// The message of the chat that it replaces; `nil` for a new message.
    package var edits: MessageID?
    package var createdAt: Date

    package init(
        sequence: Int64, conversation: Conversation, message: [UInt8], nonce: String, state: String,
        edits: MessageID? = nil, createdAt: Date
    ) {
        self.edits = edits
        self.sequence = sequence
        self.conversation = conversation
        self.message = message
        self.nonce = nonce
        self.state = state
        self.createdAt = createdAt
    }
}
