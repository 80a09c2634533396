import AnycodeCore

/// A message of the console, as far as it is known to the person.
struct ConsoleMessage: Hashable, Sendable {
    let id: MessageID
    /// What people type to mean this message.
    let number: Int
    let nonce: String
    var content: OutgoingMessage
    /// The choice number of every button, in the order of `content.buttons`.
    var choices: [Int]
    /// Whether a button was chosen without a person.
    var isAnswered = false

    var buttons: [(choice: Int, button: ChatButton)] {
        zip(choices, content.buttons.joined()).map { ($0, $1) }
    }

    /// Whether the message is complete when it appears: questions and finals are, streams are not.
    var isWhole: Bool { content.rings || !choices.isEmpty }
}

extension ConsoleMessage {
    /// The text and the attachment, without the buttons.
    func body(_ styler: MarkdownStyler) -> [StyledLine] {
        var lines = styler.lines(MarkdownDocument(parsing: content.markdown))
        if let attachment = content.attachment {
            let line = StyledLine("📎 \(TerminalText.line(attachment.name)) (\(TerminalText.line(attachment.path)))")
            lines += styler.width.map { line.wrapped(to: $0) } ?? [line]
        }
        return lines
    }

    /// The buttons as numbered choices.
    func choiceLines(width: Int?) -> [StyledLine] {
        guard !choices.isEmpty else { return [] }
        var lines: [StyledLine] = [StyledLine()]
        var used = 0
        for (choice, button) in buttons {
            let style: TextStyle =
                switch button.style {
                case .plain, .offer: .bold
                case .primary: [.bold, .green]
                case .danger: [.bold, .red]
                }
            let piece = StyledLine("[\(choice)] ", .dim) + StyledLine(TerminalText.line(button.label), style)
            let next = piece.width
            if let width, used > 0, used + 2 + next > width {
                lines.append(StyledLine())
                used = 0
            }
            if used > 0 { lines[lines.count - 1].append("  ") }
            lines[lines.count - 1].append(width.map { piece.truncated(to: $0) } ?? piece)
            used += next + 2
        }
        return lines
    }
}
