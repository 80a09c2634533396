import AnycodeCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// From our words to Telegram's and back.
extension TelegramPlatform {
    // MARK: Places

    func number(of chat: ChatID) throws(ChatError) -> Int64 {
        guard chat.platform == id, let number = Int64(chat.value) else {
            throw ChatError(.chatGone, "\(chat) is not a chat of Telegram.")
        }
        return number
    }

    /// The chat's id of today.
    func target(of chat: ChatID) throws(ChatError) -> Int64 {
        let number = try number(of: chat)
        return migrations[number] ?? number
    }

    /// A message's id; it names the chat where that is not the conversation's any more.
    func name(of place: Place, in conversation: Conversation) -> MessageID {
        String(place.chat) == conversation.chat.value
            ? MessageID(String(place.message)) : MessageID("\(place.chat):\(place.message)")
    }

    func place(of id: MessageID, in conversation: Conversation) throws(ChatError) -> Place {
        let parts = id.rawValue.split(separator: ":").compactMap { Int64($0) }
        let number = try number(of: conversation.chat)
        switch parts.count {
        case 2: return Place(chat: parts[0], message: parts[1])
        case 1 where migrations[number] == nil: return Place(chat: number, message: parts[0])
        default: throw ChatError(.messageGone, "The message was left behind when the group became a supergroup.")
        }
    }

    // MARK: Content

    /// Never empty, which Telegram refuses.
    static func text(_ markdown: String) -> TelegramText {
        let text = TelegramRenderer.message(markdown)
        return text.isBlank ? TelegramText("…") : text
    }

    static func keyboard(_ rows: [[ChatButton]]) throws(ChatError) -> InlineKeyboard? {
        var result: [[InlineKeyboard.Button]] = []
        for row in rows where !row.isEmpty {
            var buttons: [InlineKeyboard.Button] = []
            for button in row {
                guard (1...64).contains(button.token.utf8.count) else {
                    throw ChatError(.rejected, "A button's token must be of 1 to 64 bytes.")
                }
                let label = clipped(TerminalText.line(button.label), to: 64)
                buttons.append(
                    .init(
                        text: label.allSatisfy(\.isWhitespace) ? "…" : label, callbackData: button.token,
                        style: style(button.style)))
            }
            // Telegram shows at most eight in a row.
            for start in stride(from: 0, to: buttons.count, by: 8) {
                result.append(Array(buttons[start..<min(start + 8, buttons.count)]))
            }
        }
        return result.isEmpty ? nil : InlineKeyboard(inlineKeyboard: result)
    }

    private static func style(_ style: ChatButton.Style) -> String? {
        switch style {
        case .plain, .offer: nil
        case .primary: "primary"
        case .danger: "danger"
        }
    }

    /// The longest beginning of whole characters that fits.
    static func clipped(_ text: String, to units: Int) -> String {
        guard text.utf16.count > units else { return text }
        var kept = ""
        var count = 1
        for character in text {
            count += character.utf16.count
            if count > units { break }
            kept.append(character)
        }
        return kept + "…"
    }

    // MARK: Documents

    /// Why a file cannot be uploaded; `nil` when it can.
    static func problem(with file: ChatAttachment) -> String? {
        var status = stat()
        guard stat(file.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(file.path, R_OK) == 0 else {
            return "it cannot be read"
        }
        if status.st_size == 0 { return "it is empty" }
        return status.st_size > SendDocument.mostBytes ? "Telegram takes at most 50 MB" : nil
    }

    static func markdown(_ markdown: String, lacking file: ChatAttachment, because reason: String) -> String {
        "\(markdown)\n\n*The file could not be attached: \(reason).* It is kept at `\(file.path)`."
    }
}
