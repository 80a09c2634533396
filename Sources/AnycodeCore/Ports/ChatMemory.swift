/// What platforms keep across restarts: a few short values for each conversation.
package protocol ChatMemory: Sendable {
    func recall(_ key: String, of conversation: Conversation) async throws -> String?

    /// Keeps all of them or none; they are durable when it returns.
    func keep(_ values: [ChatMemoryValue]) async throws
}

package struct ChatMemoryValue: Hashable, Sendable {
    package let key: String
    package let conversation: Conversation
    package let value: String

    package init(_ key: String, of conversation: Conversation, _ value: String) {
        self.key = key
        self.conversation = conversation
        self.value = value
    }
}

extension ChatMemoryValue {
    /// The key of the name that people are to read on a thread which a session gets for itself.
    package static let threadName = "thread.name"
}
