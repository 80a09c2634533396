/// A message as the chat should show it, in the platform-neutral form every platform renders.
package struct OutgoingMessage: Hashable, Sendable, Codable {
    /// GitHub-flavoured Markdown, at most `ChatLimits.textUnits` UTF-16 units.
    package var markdown: String
    package var buttons: [[ChatButton]]
    package var attachment: ChatAttachment?
    /// Whether the message notifies people. Questions and finals ring, streamed output does not.
    package var rings: Bool

    package init(
        markdown: String, buttons: [[ChatButton]] = [], attachment: ChatAttachment? = nil, rings: Bool = false
    ) {
        self.markdown = markdown
        self.buttons = buttons
        self.attachment = attachment
        self.rings = rings
    }
}

/// A button under a message.
package struct ChatButton: Hashable, Sendable, Codable {
    package enum Style: String, Hashable, Sendable, Codable {
        case plain, primary, danger
        /// Something that can be done, and that nothing waits for.
        case offer
    }

    package let label: String
    /// Opaque, at most 64 bytes (Telegram's limit for callback data).
    package let token: String
    package let style: Style

    package init(label: String, token: String, style: Style = .plain) {
        self.label = label
        self.token = token
        self.style = style
    }
}

/// A file that goes with a message. The bytes stay on the daemon's disk until they are sent.
package struct ChatAttachment: Hashable, Sendable, Codable {
    /// The name people see.
    package let name: String
    /// Where the daemon keeps it.
    package let path: String
    package let mediaType: String

    package init(name: String, path: String, mediaType: String) {
        self.name = name
        self.path = path
        self.mediaType = mediaType
    }
}
