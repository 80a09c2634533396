import CMarkGFM

/// Turns the C library's tree into ours.
struct MarkdownTreeReader {
    /// The source, to show what the library would drop.
    let lines: [Substring]

    private static var deepest: Int { 24 }

    func blocks(of parent: OpaquePointer, depth: Int) -> [MarkdownBlock] {
        guard depth < Self.deepest else {
            let text = flatText(of: parent)
            return text.isEmpty ? [] : [.paragraph([.text(text)])]
        }
        return children(of: parent).compactMap { block($0, depth: depth) }
    }

    private func block(_ node: OpaquePointer, depth: Int) -> MarkdownBlock? {
        switch kind(of: node) {
        case "paragraph": .paragraph(inlines(of: node, depth: depth))
        case "heading":
            .heading(level: Int(cmark_node_get_heading_level(node)), inlines(of: node, depth: depth))
        case "code_block": code(node)
        case "block_quote": .quote(blocks(of: node, depth: depth + 1))
        case "list": .list(list(node, depth: depth))
        case "table": table(node, depth: depth)
        case "html_block": .html(Self.withoutLastBreak(text(cmark_node_get_literal(node)) ?? ""))
        case "thematic_break": .rule
        default:
            .paragraph([.text(flatText(of: node))])
        }
    }

    private func code(_ node: OpaquePointer) -> MarkdownBlock {
        let info = text(cmark_node_get_fence_info(node)).flatMap { $0.isEmpty ? nil : $0 }
        return .code(info: info, text: Self.withoutLastBreak(text(cmark_node_get_literal(node)) ?? ""))
    }

    private func list(_ node: OpaquePointer, depth: Int) -> MarkdownList {
        let isOrdered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST
        let items = children(of: node).map { item in
            let isTask = kind(of: item) == "tasklist"
            return MarkdownList.Item(
                isChecked: isTask ? cmark_gfm_extensions_get_tasklist_item_checked(item) : nil,
                blocks: blocks(of: item, depth: depth + 1))
        }
        return MarkdownList(
            start: isOrdered ? Int(cmark_node_get_list_start(node)) : nil,
            isTight: cmark_node_get_list_tight(node) != 0, items: items)
    }

    // MARK: Tables

    private func table(_ node: OpaquePointer, depth: Int) -> MarkdownBlock {
        let columns = Int(cmark_gfm_extensions_get_table_columns(node))
        if let source = sourceIfCellsWouldVanish(node, columns: columns) { return .code(info: nil, text: source) }
        var rows = children(of: node).map { row in
            var cells = children(of: row).prefix(columns).map { inlines(of: $0, depth: depth) }
            cells += Array(repeating: [], count: max(0, columns - cells.count))
            return cells
        }
        let header = rows.isEmpty ? [] : rows.removeFirst()
        return .table(MarkdownTable(alignments: alignments(node, columns: columns), header: header, rows: rows))
    }

    private func alignments(_ node: OpaquePointer, columns: Int) -> [MarkdownTable.Alignment] {
        let letters = cmark_gfm_extensions_get_table_alignments(node)
        return (0..<columns).map { column in
            switch letters?[column] {
            case UInt8(ascii: "l"): .left
            case UInt8(ascii: "c"): .center
            case UInt8(ascii: "r"): .right
            default: .none
            }
        }
    }

    /// The table's source when a row has more cells than the header: GFM ignores the excess.
    private func sourceIfCellsWouldVanish(_ node: OpaquePointer, columns: Int) -> String? {
        let first = Int(cmark_node_get_start_line(node)) - 1
        let last = Int(cmark_node_get_end_line(node)) - 1
        guard first >= 0, first <= last, last < lines.count else { return nil }
        let source = lines[first...last].map { String($0) }
        guard source.contains(where: { Self.cellCount($0) > columns }) else { return nil }
        return MarkdownGuard.strip(source.joined(separator: "\n"))
    }

    private static func cellCount(_ line: String) -> Int {
        var pipes = 0
        var isEscaped = false
        for byte in line.utf8 {
            if byte == UInt8(ascii: "|"), !isEscaped { pipes += 1 }
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        }
        let visible = line.drop { " \t>".contains($0) }
        let ending = line.reversed().drop { " \t\r".contains($0) }
        return pipes + 1 - (visible.first == "|" ? 1 : 0) - (ending.first == "|" ? 1 : 0)
    }

    // MARK: Inlines

    private func inlines(of parent: OpaquePointer, depth: Int) -> [MarkdownInline] {
        guard depth < Self.deepest else { return [.text(flatText(of: parent))] }
        var result: [MarkdownInline] = []
        for node in children(of: parent) {
            let inline = inline(node, depth: depth)
            if case .text(let more) = inline, case .text(let text) = result.last {
                result[result.count - 1] = .text(text + more)
            } else {
                result.append(inline)
            }
        }
        return result
    }

    private func inline(_ node: OpaquePointer, depth: Int) -> MarkdownInline {
        switch kind(of: node) {
        case "text": .text(text(cmark_node_get_literal(node)) ?? "")
        case "code": .code(text(cmark_node_get_literal(node)) ?? "")
        case "html_inline": .html(text(cmark_node_get_literal(node)) ?? "")
        case "softbreak": .softBreak
        case "linebreak": .hardBreak
        case "emph": .emphasis(inlines(of: node, depth: depth + 1))
        case "strong": .strong(inlines(of: node, depth: depth + 1))
        case "strikethrough": .strikethrough(inlines(of: node, depth: depth + 1))
        case "link":
            .link(destination: url(node), title: title(node), inlines(of: node, depth: depth + 1))
        case "image":
            .image(source: url(node), title: title(node), inlines(of: node, depth: depth + 1))
        default: .text(flatText(of: node))
        }
    }

    private func url(_ node: OpaquePointer) -> String { text(cmark_node_get_url(node)) ?? "" }

    private func title(_ node: OpaquePointer) -> String? {
        text(cmark_node_get_title(node)).flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: Nodes

    private func kind(of node: OpaquePointer) -> String {
        cmark_node_get_type_string(node).map { String(cString: $0) } ?? ""
    }

    private func children(of parent: OpaquePointer) -> [OpaquePointer] {
        var result: [OpaquePointer] = []
        var next = cmark_node_first_child(parent)
        while let node = next {
            result.append(node)
            next = cmark_node_next(node)
        }
        return result
    }

    private func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        pointer.map { MarkdownGuard.strip(String(cString: $0)) }
    }

    /// All text below a node, without recursion: for trees too deep to follow.
    private func flatText(of node: OpaquePointer) -> String {
        guard let iterator = cmark_iter_new(node) else { return "" }
        defer { cmark_iter_free(iterator) }
        var result = ""
        while true {
            let event = cmark_iter_next(iterator)
            if event == CMARK_EVENT_DONE { break }
            guard let current = cmark_iter_get_node(iterator) else { continue }
            let kind = kind(of: current)
            if event == CMARK_EVENT_EXIT {
                if ["paragraph", "heading", "item", "table_row"].contains(kind), !result.hasSuffix("\n") {
                    result += "\n"
                }
                continue
            }
            if ["softbreak", "linebreak"].contains(kind) { result += "\n" }
            if let url = text(cmark_node_get_url(current)), !url.isEmpty { result += "(\(url)) " }
            if let literal = text(cmark_node_get_literal(current)) { result += literal }
        }
        return Self.withoutLastBreak(result)
    }

    private static func withoutLastBreak(_ text: String) -> String {
        text.last?.isNewline == true ? String(text.dropLast()) : text
    }
}
