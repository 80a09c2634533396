#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Something a person did in a chat, as a platform delivers it.
package struct InboundEvent: Hashable, Sendable, Codable {
    package enum Content: Hashable, Sendable, Codable {
        case text(TextMessage)
        case click(ButtonClick)
        /// From no platform: a message that its sender moved from one session to another.
        case moved(TextMessage, to: SessionID)
    }

    /// The platform's own id of the update; the same event delivered twice has the same key.
    package let key: String
    package let conversation: Conversation
    /// Whether nobody but the sender and the bot reads this conversation.
    package let isPrivate: Bool
    /// Whether a task that begins here gets a thread of its own, which the platform opens with its first message.
    package let opensThread: Bool
    package let sender: Person
    /// When the person acted, by the platform's clock.
    package let sentAt: Date
    package let content: Content

    package init(
        key: String, conversation: Conversation, isPrivate: Bool = false, opensThread: Bool = false, sender: Person,
        sentAt: Date, content: Content
    ) {
        self.key = key
        self.conversation = conversation
        self.isPrivate = isPrivate
        self.opensThread = opensThread
        self.sender = sender
        self.sentAt = sentAt
        self.content = content
    }

    /// The same event at another place.
    package func moved(to conversation: Conversation) -> InboundEvent {
        InboundEvent(
            key: key, conversation: conversation, isPrivate: isPrivate, opensThread: opensThread, sender: sender,
            sentAt: sentAt, content: content)
    }

    /// Events that an older version stored say nothing of `isPrivate` and `opensThread`.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        key = try members.decode(String.self, forKey: .key)
        conversation = try members.decode(Conversation.self, forKey: .conversation)
        isPrivate = try members.decodeIfPresent(Bool.self, forKey: .isPrivate) ?? false
        opensThread = try members.decodeIfPresent(Bool.self, forKey: .opensThread) ?? false
        sender = try members.decode(Person.self, forKey: .sender)
        sentAt = try members.decode(Date.self, forKey: .sentAt)
        content = try members.decode(Content.self, forKey: .content)
    }
}

/// A written message.
package struct TextMessage: Hashable, Sendable, Codable {
    package let id: MessageID
    /// May be empty where there are attachments.
    package let text: String
    /// The message this one answers.
    package let replyTo: MessageID?
    /// Files that came with it, in the order in which they were sent.
    package let attachments: [SentFile]
    /// Whether the words are somebody else's that were passed on, or an older message's that were edited. Such a message
    /// is never a command.
    package let isForwarded: Bool

    package init(
        id: MessageID, text: String, replyTo: MessageID? = nil, attachments: [SentFile] = [], isForwarded: Bool = false
    ) {
        self.id = id
        self.text = text
        self.replyTo = replyTo
        self.attachments = attachments
        self.isForwarded = isForwarded
    }

    /// Messages that an older version stored have neither attachments nor `isForwarded`.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        id = try members.decode(MessageID.self, forKey: .id)
        text = try members.decode(String.self, forKey: .text)
        replyTo = try members.decodeIfPresent(MessageID.self, forKey: .replyTo)
        attachments = try members.decodeIfPresent([SentFile].self, forKey: .attachments) ?? []
        isForwarded = try members.decodeIfPresent(Bool.self, forKey: .isForwarded) ?? false
    }
}

/// A pressed button.
package struct ButtonClick: Hashable, Sendable, Codable {
    /// The token that the button carried; client-controlled, so looked up, never trusted.
    package let token: String
    /// The message that shows the button, where the platform says so.
    package let message: MessageID?
    /// What `ChatPlatform.acknowledge` needs to answer the click.
    package let callback: String

    package init(token: String, message: MessageID?, callback: String) {
        self.token = token
        self.message = message
        self.callback = callback
    }
}
