import AnycodeCore

/// The Markdown of what an agent says and does within a turn.
enum StreamView {
    static func markdown(_ items: [Transcript.Stream.Item]) -> String {
        var text = ""
        var previousWasTool = false
        let family = Family(items)
        for item in items {
            if case .tool(let tool) = item, family.isShownBelow(tool) { continue }
            let piece = markdown(item, family)
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

    private static func markdown(_ item: Transcript.Stream.Item, _ family: Family) -> String {
        switch item {
        case .text(let text): text
        case .thought(let text): text.isEmpty ? "" : quoted("💭 " + text)
        case .tool(let tool): lines(tool, family, indent: "") + output(tool)
        case .plan(let entries): plan(entries)
        case .notice(let words): "*\(words)*"
        }
    }

    /// The call, and below it those of the sub-agent that it is.
    private static func lines(_ tool: Transcript.Tool, _ family: Family, indent: String) -> String {
        // Its sub-agent's own line stands before something that needed a message of its own.
        let mark = indent.isEmpty && tool.parent != nil ? "↳ " : ""
        var text = "\(indent)* \(mark)\(line(tool))"
        if let complaint = tool.complaint, !indent.isEmpty || tool.shownOutput.isEmpty {
            for words in complaint.split(separator: "\n") { text += "\n\(indent)  * \(code(String(words)))" }
        }
        for child in family.children[tool.id] ?? [] {
            text += "\n" + lines(child, family, indent: indent + "  ")
        }
        return text
    }

    /// What the call printed; of a sub-agent's calls only the complaints are shown.
    private static func output(_ tool: Transcript.Tool) -> String {
        tool.shownOutput.isEmpty ? "" : "\n\n" + ToolOutput.quoted(tool.shownOutput)
    }

    /// Which calls are a sub-agent's, among those of one stretch of output.
    private struct Family {
        private(set) var children: [ToolCallID: [Transcript.Tool]] = [:]
        /// Below which call each of them stands, and how deep that is.
        private var places: [ToolCallID: (above: ToolCallID, depth: Int)] = [:]
        private static let deepest = 4

        init(_ items: [Transcript.Stream.Item]) {
            var known: Set<ToolCallID> = []
            for case .tool(let tool) in items {
                // A parent comes first; so there are no circles.
                if let parent = tool.parent, known.contains(parent), !known.contains(tool.id) {
                    let place = places[parent]
                    let isDeep = (place?.depth ?? 0) >= Self.deepest
                    let above = isDeep ? place?.above ?? parent : parent
                    children[above, default: []].append(tool)
                    places[tool.id] = (above, min((place?.depth ?? 0) + 1, Self.deepest))
                }
                known.insert(tool.id)
            }
        }

        func isShownBelow(_ tool: Transcript.Tool) -> Bool { places[tool.id] != nil }
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
        // Some adapters mark a sub-agent's calls themselves.
        let title = tool.title.hasPrefix("↳ ") ? String(tool.title.dropFirst(2)) : tool.title
        return "\(mark) \(code(title))\(changes)"
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
