import AnycodeCore

/// The Markdown of what an agent says and does within a turn.
enum StreamView {
    static func markdown(_ items: [Transcript.Stream.Item], withThoughts: Bool = false) -> String {
        var text = ""
        var previousWasTool = false
        for item in items {
            var words = markdown(item)
            if withThoughts, case .thought(let thought) = item { words = quoted(thought) }
            guard let piece = words, !piece.isEmpty else { continue }
            let isTool = if case .tool = item { true } else { false }
            if !text.isEmpty {
                text += previousWasTool && isTool ? "\n" : separator(after: text)
            }
            text += piece
            previousWasTool = isTool
        }
        return text
    }

    private static func quoted(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "> \($0)" }.joined(separator: "\n")
    }

    private static func separator(after text: String) -> String {
        if text.hasSuffix("\n\n") { return "" }
        return text.hasSuffix("\n") ? "\n" : "\n\n"
    }

    private static func markdown(_ item: Transcript.Stream.Item) -> String? {
        switch item {
        case .text(let text): text
        case .thought: nil
        case .tool(let tool): "* " + line(tool)
        case .plan(let entries): plan(entries)
        case .notice(let words): "*\(words)*"
        }
    }

    /// One line: what, with what, how it went.
    private static func line(_ tool: Transcript.Tool) -> String {
        let mark =
            switch tool.status {
            case .pending: "◦"
            case .inProgress: "▸"
            case .completed: "✓"
            case .failed: "✗"
            }
        let changes = tool.added + tool.removed == 0 ? "" : " (+\(tool.added) −\(tool.removed))"
        return "\(mark) \(code(tool.title))\(changes)"
    }

    private static func plan(_ entries: [PlanEntry]) -> String {
        entries.map { entry in
            switch entry.status {
            case .pending: "- [ ] \(entry.text)"
            case .inProgress: "- [ ] **\(entry.text)**"
            case .completed: "- [x] \(entry.text)"
            }
        }.joined(separator: "\n")
    }

    /// Text as inline code, on one line and at most 120 characters.
    static func code(_ text: String) -> String {
        var line = String(text.prefix(121)).replacing("\n", with: " ⏎ ")
        if line.count > 120 { line = line.prefix(119) + "…" }
        guard line.contains("`") else { return "`\(line)`" }
        // A fence longer than every run inside: what the text holds cannot end it.
        let longest = line.split(whereSeparator: { $0 != "`" }).map(\.count).max() ?? 0
        let fence = String(repeating: "`", count: longest + 1)
        return "\(fence) \(line) \(fence)"
    }
}
