/// A session's log as text, piece by piece: what an agent streams is joined again where it was cut.
package struct LogText: Sendable {
    private let style: Style
    private var last: LogEntry.Kind?
    private var isAtLineStart = true

    package init(_ style: Style) {
        self.style = style
    }

    /// What to write for the next piece.
    package mutating func text(for entry: LogEntry) -> String {
        defer { last = entry.kind }
        let colour = Self.colour(entry.kind)
        let lines = entry.words.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }
        if entry.kind.flows {
            let lead = last == entry.kind ? "" : lineEnd()
            isAtLineStart = lines.last?.isEmpty ?? isAtLineStart
            return lead + lines.map { style.paint($0, colour) }.joined(separator: "\n")
        }
        let indent = String(repeating: " ", count: columns(of: Self.mark(entry.kind)))
        let marked = lines.enumerated().map { ($0 == 0 ? Self.mark(entry.kind) : indent) + $1 }
        return lineEnd() + marked.map { style.paint($0, colour) + "\n" }.joined()
    }

    /// Ends a line that was left open.
    package mutating func lineEnd() -> String {
        defer { isAtLineStart = true }
        return isAtLineStart ? "" : "\n"
    }

    private static func mark(_ kind: LogEntry.Kind) -> String {
        switch kind {
        case .text, .thought: ""
        case .status: "· "
        case .prompt: "> "
        case .tool: "* "
        case .plan: "# "
        case .question: "? "
        case .answer: "= "
        case .notice: "! "
        case .result: "— "
        case .runner: "| "
        }
    }

    private static func colour(_ kind: LogEntry.Kind) -> Span.Colour {
        switch kind {
        case .text, .tool, .plan: .plain
        case .thought, .status, .runner: .faint
        case .prompt, .result: .bold
        case .question: .yellow
        case .answer: .green
        case .notice: .red
        }
    }
}
