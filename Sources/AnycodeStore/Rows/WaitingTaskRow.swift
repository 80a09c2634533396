package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A task that has not begun.
package struct WaitingTaskRow: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        /// It came late; its sender is asked whether it is still wanted.
        case late
        /// There was no place; its sender may have it wait for one.
        case offered
        /// It waits for a place.
        case queued
    }

    /// Order of arrival; chosen by the store.
    package var sequence: Int64
    /// 32 random hexadecimal digits, as a session's id.
    package var id: String
    package var conversation: Conversation
    package var person: Person
    package var agent: AgentName
    package var prompt: String
    /// Files that came with it, as JSON.
    package var files: [UInt8]
    package var state: State
    /// The message of the chat that tells of it, once somebody pressed a button of it.
    package var message: MessageID?
    package var createdAt: Date
    /// Whether its session gets a thread of its own.
    package var opensThread: Bool

    package init(
        sequence: Int64 = 0, id: String, conversation: Conversation, person: Person, agent: AgentName, prompt: String,
        files: [UInt8], state: State, message: MessageID? = nil, createdAt: Date,
        opensThread: Bool = false
    ) {
        self.sequence = sequence
        self.id = id
        self.conversation = conversation
        self.person = person
        self.agent = agent
        self.prompt = prompt
        self.files = files
        self.state = state
        self.message = message
        self.createdAt = createdAt
        self.opensThread = opensThread
    }
}
