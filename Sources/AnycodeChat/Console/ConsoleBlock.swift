/// Something the console shows as one piece.
struct ConsoleBlock: Hashable, Sendable {
    enum Body: Hashable, Sendable {
        case message(ConsoleMessage)
        /// What the person typed.
        case echo(String)
        /// A word of the console itself.
        case note(String)
        /// What the daemon explains, in Markdown.
        case announcement(String)
    }

    let body: Body
    /// Whether earlier parts of the message stand further above.
    var isContinuation = false

    /// The rows at a terminal width, without the label.
    func rows(columns: Int) -> [StyledLine] {
        let width = max(columns - indent, MarkdownStyler.narrowest)
        let styler = MarkdownStyler(width: width)
        switch body {
        case .message(let message):
            let rows = message.body(styler) + message.choiceLines(width: width)
            return rows.isEmpty ? [StyledLine("…", .dim)] : rows
        case .echo(let text):
            return TerminalText.neutralised(text).split(separator: "\n", omittingEmptySubsequences: false)
                .flatMap { StyledLine(String($0), .bold).wrapped(to: width) }
        case .note(let text): return StyledLine(TerminalText.line(text), .dim).wrapped(to: width)
        case .announcement(let markdown): return styler.lines(MarkdownDocument(parsing: markdown))
        }
    }

    /// The rows with the label in front of the first and the others indented, apart from what stands above.
    func labelled(_ rows: [StyledLine]) -> [StyledLine] {
        let indentation = StyledLine(String(repeating: " ", count: indent))
        let labelled = rows.enumerated().map { index, row in
            index == 0 ? label.padded(to: indent) + row : (row.isBlank ? StyledLine() : indentation + row)
        }
        return isSpaced && !labelled.isEmpty ? [StyledLine()] + labelled : labelled
    }

    private var isSpaced: Bool {
        switch body {
        case .message, .announcement: true
        case .echo, .note: false
        }
    }

    /// How far messages are indented.
    private var indent: Int {
        if case .message(let message) = body { return max(5, String(message.number).count + 3) }
        return 5
    }

    private var label: StyledLine {
        switch body {
        case .message(let message): StyledLine("#\(message.number)" + (isContinuation ? "+" : ""), .dim)
        case .echo: StyledLine("   ›", [.bold, .green])
        case .note: StyledLine("   ·", .dim)
        case .announcement: StyledLine("   *", .blue)
        }
    }
}
