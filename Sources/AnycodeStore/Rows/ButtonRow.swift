package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// What a button's token stands for.
package struct ButtonRow: Hashable, Sendable {
    /// Opaque; at most 64 bytes.
    package var token: String
    package var session: SessionID?
    package var interaction: InteractionID?
    /// What a click does, as JSON.
    package var action: [UInt8]
    package var createdAt: Date

    package init(
        token: String, session: SessionID? = nil, interaction: InteractionID? = nil, action: [UInt8], createdAt: Date
    ) {
        self.token = token
        self.session = session
        self.interaction = interaction
        self.action = action
        self.createdAt = createdAt
    }
}
