import AnycodeCore

/// What a line that the person entered means.
enum ConsoleInput: Hashable, Sendable {
    case press(ConsoleMessage, ChatButton, choice: Int)
    case say(String, replyTo: MessageID?)

    /// A number presses an open button, `@NAME text` answers the message of that number or session tag;
    /// everything else is a message.
    static func interpret(_ line: String, _ ledger: ConsoleLedger) -> ConsoleInput {
        let text = trimmed(line)
        if let number = Int(text), let (message, button) = ledger.choice(number) {
            return .press(message, button, choice: number)
        }
        if text.hasPrefix("@"), let space = text.firstIndex(where: \.isWhitespace) {
            let name = String(text[text.index(after: text.startIndex)..<space])
            let rest = trimmed(String(text[space...]))
            if !name.isEmpty, !rest.isEmpty, let message = ledger.message(called: name) {
                return .say(rest, replyTo: message.id)
            }
        }
        return .say(text, replyTo: nil)
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
