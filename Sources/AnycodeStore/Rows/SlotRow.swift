package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// One message of a session's view, as far as the chat is known to show it.
package struct SlotRow: Hashable, Sendable {
    package var session: SessionID
    /// Unique within the session.
    package var key: String
    package var position: Int
    /// `nil` until the platform told it.
    package var message: MessageID?
    /// `sending`, `sent`, `unknown` or `failed`.
    package var state: String
    /// What was last put there.
    package var shown: [UInt8]
    package var attempts: Int
    package var updatedAt: Date

    package init(
        session: SessionID, key: String, position: Int, message: MessageID? = nil, state: String, shown: [UInt8],
        attempts: Int = 0, updatedAt: Date
    ) {
        self.session = session
        self.key = key
        self.position = position
        self.message = message
        self.state = state
        self.shown = shown
        self.attempts = attempts
        self.updatedAt = updatedAt
    }
}
