/// Whom a message speaks to, and its words without the address.
struct TelegramAddressing {
    /// Trimmed, without our name before or behind a command.
    private(set) var text: String
    private var isMentioned = false
    private let isReply: Bool
    /// The command's name, and whose it is: nil when no bot is named.
    private var command: (name: String, bot: String?)?
    private let botName: String

    init(message: TelegramMessage, bot: TelegramUser) {
        botName = (bot.username ?? "").lowercased()
        // In a topic that we opened everything counts as an answer to us.
        isReply = message.replyToMessage?.from?.id == bot.id
        let units = Array((message.text ?? message.caption ?? "").utf16)
        var words = units[...]
        for entity in message.entities ?? message.captionEntities ?? [] {
            guard entity.offset >= 0, entity.length > 0, entity.length <= units.count,
                entity.offset <= units.count - entity.length
            else { continue }
            let range = entity.offset..<entity.offset + entity.length
            let isOurs =
                switch entity.type {
                case "mention": String(decoding: units[range], as: UTF16.self).lowercased() == "@" + botName
                case "text_mention": entity.user?.id == bot.id
                default: false
                }
            guard isOurs else { continue }
            isMentioned = true
            if entity.offset == 0 { words = units[range.upperBound...] }
        }
        text = Self.trimmed(String(decoding: words, as: UTF16.self), also: words.startIndex > 0 ? ",:" : "")
        readCommand()
    }

    func isMeantForUs(isPrivate: Bool, commands: Set<String>) -> Bool {
        if let named = command?.bot, named != botName { return false }
        if isPrivate || isMentioned || isReply { return true }
        guard let command else { return false }
        return command.bot != nil || commands.contains(command.name)
    }

    /// Reads `/name@bot`, and takes our own name away.
    private mutating func readCommand() {
        guard text.hasPrefix("/"), !text.hasPrefix("//") else { return }
        let word = text.dropFirst().prefix { !$0.isWhitespace }
        let parts = word.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let bot = parts.count > 1 ? parts[1].lowercased() : nil
        command = (parts[0].lowercased(), bot)
        if bot == botName { text = "/" + parts[0] + text.dropFirst(1 + word.count) }
    }

    private static func trimmed(_ text: String, also marks: String) -> String {
        var words = text.drop { $0.isWhitespace || marks.contains($0) }
        while let last = words.last, last.isWhitespace { words.removeLast() }
        return String(words)
    }
}
