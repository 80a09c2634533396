/// A chat on a platform: the unit of rate limits and of the outbox.
package struct ChatID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let platform: PlatformID
    package let value: String

    package init(platform: PlatformID, value: String) {
        self.platform = platform
        self.value = value
    }

    package var description: String { "\(platform):\(value)" }
}

/// Where people talk: a chat, or one thread (topic) of it.
package struct Conversation: Hashable, Sendable, Codable, CustomStringConvertible {
    package let chat: ChatID
    /// The platform's thread or topic id; `nil` where the chat has none.
    package let thread: String?

    package init(chat: ChatID, thread: String? = nil) {
        self.chat = chat
        self.thread = thread
    }

    package var description: String { thread.map { "\(chat)/\($0)" } ?? chat.description }
}

/// Somebody who writes in a chat.
package struct Person: Hashable, Sendable, Codable {
    package let id: PersonID
    /// The display name; may change at any time and never decides anything.
    package let name: String

    package init(id: PersonID, name: String) {
        self.id = id
        self.name = name
    }
}

extension Conversation {
    /// The thread that a session gets for itself. It has this name with us before it exists, and keeps it; the platform
    /// knows which of its own threads it is.
    package static func ownThread(of session: SessionID, in chat: ChatID) -> Conversation {
        Conversation(chat: chat, thread: "\(ownMark)\(session)")
    }

    /// Whether the thread is one that a session got for itself.
    package var isOwnThread: Bool { thread?.hasPrefix(Self.ownMark) ?? false }

    /// No platform's own names of threads begin so.
    private static let ownMark = "+"
}
