package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A session as the database has it.
package struct SessionRow: Hashable, Sendable {
    package var id: SessionID
    package var conversation: Conversation
    package var starter: Person
    package var agent: AgentName
    package var prompt: String
    package var createdAt: Date
    /// Whether something of it still runs or waits; what is not live needs no adoption.
    package var isLive: Bool
    /// The state machine's state, in its words.
    package var state: String
    /// The state machine as JSON.
    package var snapshot: [UInt8]
    /// The last event of the agent's stream whose effects are stored.
    package var cursor: Int64?
    /// Raised by each adoption; writes of older incarnations are refused.
    package var incarnation: Int64
    /// Adoptions since the session last proved able to live.
    package var bootAttempts: Int
    package var updatedAt: Date
    /// When its report was stored. It may still be live for a while, until the chat shows that report.
    package var finishedAt: Date?

    /// Whether nothing more comes of it: what people want of it from here on is done by others.
    package var isOver: Bool { finishedAt != nil }

    package init(
        id: SessionID, conversation: Conversation, starter: Person, agent: AgentName, prompt: String,
        createdAt: Date, isLive: Bool = true, state: String, snapshot: [UInt8], cursor: Int64? = nil,
        incarnation: Int64 = 0, bootAttempts: Int = 0, updatedAt: Date, finishedAt: Date? = nil
    ) {
        self.id = id
        self.conversation = conversation
        self.starter = starter
        self.agent = agent
        self.prompt = prompt
        self.createdAt = createdAt
        self.isLive = isLive
        self.state = state
        self.snapshot = snapshot
        self.cursor = cursor
        self.incarnation = incarnation
        self.bootAttempts = bootAttempts
        self.updatedAt = updatedAt
        self.finishedAt = finishedAt
    }
}

/// The changed fields of a session; `nil` means unchanged.
package struct SessionUpdate: Hashable, Sendable {
    package var state: String?
    package var isLive: Bool?
    package var snapshot: [UInt8]?
    package var cursor: Int64?
    /// The first that is given stays.
    package var finishedAt: Date?

    package init(
        state: String? = nil, isLive: Bool? = nil, snapshot: [UInt8]? = nil, cursor: Int64? = nil,
        finishedAt: Date? = nil
    ) {
        self.state = state
        self.isLive = isLive
        self.snapshot = snapshot
        self.cursor = cursor
        self.finishedAt = finishedAt
    }
}
