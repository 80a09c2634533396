import AnycodeCore

/// What tells the messages of one session from those of another in the same conversation.
enum SessionLabel {
    static let colours = [
        "🟦", "🟥", "🟩", "🟨", "🟪", "🟧", "🟫", "🔵", "🔴", "🟢", "🟡", "🟣", "🟠", "🟤", "⬛", "⚪",
    ]

    /// The session's colour; stable over its life.
    static func colour(_ header: SessionHeader) -> String {
        let number = header.colour ?? header.id.rawValue.utf8.reduce(0) { $0 + Int($1) }
        return colours[number % colours.count]
    }

    /// For buttons and lists: colour, id, and what it is about.
    static func words(_ header: SessionHeader) -> String {
        let about = header.prompt.replacing("\n", with: " ")
        let clipped = MarkdownSplitter.clip(about, limit: 24)
        return "\(colour(header)) \(header.id.short.prefix(4)) \(clipped)\(clipped == about ? "" : "…")"
    }
}

/// Marks a message with its session's colour.
struct SessionTag {
    private let colour: String
    private let id: String

    init(_ header: SessionHeader) {
        colour = SessionLabel.colour(header)
        id = String(header.id.short.prefix(4))
    }

    /// How many UTF-16 units of a streamed message the tag takes.
    var streamRoom: Int { (colour + " `" + id + "`\n\n").utf16.count }

    /// Output that may begin with any Markdown gets a line of its own; what names its session needs the colour alone.
    func mark(_ slot: MessageSlot, in block: Transcript.Block) -> MessageSlot {
        var message = slot.message
        switch block {
        case .head, .turn, .session: message.markdown = "\(colour) \(message.markdown)"
        case .asked, .reminder, .offered, .restored: message.markdown = "\(colour) `\(id)` \(message.markdown)"
        case .stream: message.markdown = "\(colour) `\(id)`\n\n\(message.markdown)"
        }
        return MessageSlot(key: slot.key, message: message, priority: slot.priority)
    }
}
