import AnycodeCore

/// The Markdown of what an agent says and does within a turn.
enum StreamView {
    static func markdown(_ items: [Transcript.Stream.Item]) -> String {
        var text = ""
        var previousWasTool = false
        for item in items {
            let piece = markdown(item)
            guard !piece.isEmpty else { continue }
            let isTool = if case .tool = item { true } else { false }
            if !text.isEmpty {
                text += previousWasTool && isTool ? "\n" : separator(after: text)
            }
            text += piece
            // A list does not go on behind a quote.
            if case .tool(let tool) = item {
                previousWasTool = tool.shownOutput.isEmpty
            } else {
                previousWasTool = false
            }
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

    private static func markdown(_ item: Transcript.Stream.Item) -> String {
        switch item {
        case .text(let text): text
        case .thought(let text): text.isEmpty ? "" : quoted("💭 " + text)
        case .tool(let tool): "* " + line(tool) + output(tool)
        case .plan(let entries): plan(entries)
        case .notice(let words): "*\(words)*"
        }
    }

    private static func output(_ tool: Transcript.Tool) -> String {
        tool.shownOutput.isEmpty ? "" : "\n\n" + ToolOutput.quoted(tool.shownOutput)
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
        let fence = line.contains("`") ? "``" : "`"
        return fence == "`" ? "`\(line)`" : "`` \(line) ``"
    }
}
