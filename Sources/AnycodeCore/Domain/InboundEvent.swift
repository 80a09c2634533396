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
    }

    /// The platform's own id of the update; the same event delivered twice has the same key.
    package let key: String
    package let conversation: Conversation
    package let sender: Person
    /// When the person acted, by the platform's clock.
    package let sentAt: Date
    package let content: Content

    package init(key: String, conversation: Conversation, sender: Person, sentAt: Date, content: Content) {
        self.key = key
        self.conversation = conversation
        self.sender = sender
        self.sentAt = sentAt
        self.content = content
    }
}

/// A written message.
package struct TextMessage: Hashable, Sendable, Codable {
    package let id: MessageID
    package let text: String
    /// The message this one answers.
    package let replyTo: MessageID?

    package init(id: MessageID, text: String, replyTo: MessageID? = nil) {
        self.id = id
        self.text = text
        self.replyTo = replyTo
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
