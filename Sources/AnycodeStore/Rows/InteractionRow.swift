package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A question, permission request or offer.
package struct InteractionRow: Hashable, Sendable {
    package var id: InteractionID
    package var session: SessionID
    /// `permission`, `question` or `offer`.
    package var kind: String
    /// The agent's request, unique within the session.
    package var requestKey: String
    /// What was asked, as JSON.
    package var body: [UInt8]
    /// `open`, `answered` or `cancelled`.
    package var state: String
    package var createdAt: Date
    package var answeredAt: Date?
    package var answeredBy: Person?
    /// As JSON.
    package var answer: [UInt8]?

    package init(
        id: InteractionID, session: SessionID, kind: String, requestKey: String, body: [UInt8],
        state: String = "open", createdAt: Date, answeredAt: Date? = nil, answeredBy: Person? = nil,
        answer: [UInt8]? = nil
    ) {
        self.id = id
        self.session = session
        self.kind = kind
        self.requestKey = requestKey
        self.body = body
        self.state = state
        self.createdAt = createdAt
        self.answeredAt = answeredAt
        self.answeredBy = answeredBy
        self.answer = answer
    }
}
