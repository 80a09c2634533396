/// Draws the tree, a node a line.
package func render(_ tree: TreeNode, _ style: Style) -> [String] {
    var rows: [TreeRow] = []
    TreeRow.collect(tree, lead: "", childLead: "", into: &rows)
    let width = rows.map { columns(of: $0.lead) + columns(of: $0.name) }.max() ?? 0
    return rows.map { row in
        let name = padded(row.name, to: width - columns(of: row.lead))
        return style.line([Span(row.lead, .faint), Span(name, row.nameColour), Span("  ")] + row.words)
    }
}

private struct TreeRow {
    /// Box characters before the name.
    var lead: String
    var name: String
    var nameColour: Span.Colour
    var words: [Span]

    static func collect(_ node: TreeNode, lead: String, childLead: String, into rows: inout [TreeRow]) {
        rows.append(TreeRow(node, lead: lead, isRoot: lead.isEmpty))
        let siblings = node.children.map(\.id)
        for (index, child) in node.children.enumerated() {
            var child = child
            if child.id.isLongHexadecimal { child.id = shortID(child.id, among: siblings) }
            let isLast = index == node.children.count - 1
            collect(
                child, lead: childLead + (isLast ? "└ " : "├ "), childLead: childLead + (isLast ? "  " : "│ "),
                into: &rows)
        }
    }

    private init(_ node: TreeNode, lead: String, isRoot: Bool) {
        self.lead = lead
        name = printable([node.id, node.details[TreeNode.Detail.label]].compactMap(\.self).joined(separator: " "))
        nameColour = node.isSupervisor ? .bold : .plain
        var phrases: [Span] = []
        if let strategy = node.details[TreeNode.Detail.strategy] { phrases.append(Span(strategy, .faint)) }
        if let count = node.population { phrases.append(Span(count)) }
        phrases += node.doing(isRoot: isRoot)
        phrases += node.furtherDeadlines
        phrases += node.troubles
        phrases += node.furtherDetails
        words = Array(phrases.map { [$0] }.joined(separator: [Span("  ")]))
    }
}

extension TreeNode {
    fileprivate var isSupervisor: Bool { kind == "supervisor" || kind == "dynamic" }

    fileprivate var population: String? {
        guard kind == "dynamic" else { return nil }
        let count = children.count { $0.kind != Self.past }
        return details[Detail.limit].map { "\(count) of \($0)" } ?? "\(count)"
    }

    /// What it does or waits for; an undisturbed supervisor below the root needs no words.
    fileprivate func doing(isRoot: Bool) -> [Span] {
        let up = uptime.map { Span("up \(words(for: $0))") }
        if kind == Self.save || kind == Self.past {
            return [Span("\(details[Detail.status] ?? kind), \(words(for: uptime ?? 0)) ago")]
        } else if let waiting {
            return [Span(words(for: waiting), .yellow)]
        } else if state != "running" {
            return [Span(state, ["ended", "terminated", "pending"].contains(state) ? .faint : .red)]
        } else if let status = details[Detail.status] {
            return [Span(status, .green)]
        } else if isRoot || !isSupervisor {
            return [up ?? Span(state)]
        }
        return []
    }

    fileprivate var troubles: [Span] {
        var spans: [Span] = []
        if restarts > 0 {
            spans.append(Span(restarts == 1 ? "restarted once" : "restarted \(restarts) times", .yellow))
        }
        if let trouble = details[Detail.trouble] { spans.append(Span(trouble, .red)) }
        if let lastError { spans.append(Span("last error: \(lastError)", .red)) }
        if !abandoned.isEmpty { spans.append(Span("abandoned: \(abandoned.joined(separator: ", "))", .red)) }
        return spans
    }

    /// What falls due besides what it waits for.
    fileprivate var furtherDeadlines: [Span] {
        let shown = waiting?.deadline
        return deadlines.filter { deadline in shown.map { abs($0 - deadline.seconds) >= 2 } ?? true }
            .map { Span(words(for: $0), .faint) }
    }

    fileprivate var furtherDetails: [Span] {
        let shown: Set<String> = [Detail.strategy, Detail.limit, Detail.label, Detail.status, Detail.trouble]
        return details.filter { !shown.contains($0.key) }.sorted { $0.key < $1.key }
            .map { Span("\($0.key): \($0.value)", .faint) }
    }
}

extension StringProtocol {
    /// Whether this is an id that people see only the beginning of.
    var isLongHexadecimal: Bool {
        utf8.count == 32 && utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
