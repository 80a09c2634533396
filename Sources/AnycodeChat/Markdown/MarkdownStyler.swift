/// Lays a document out as styled lines for a terminal or a plain-text log.
struct MarkdownStyler {
    /// The widest line; `nil` never wraps.
    let width: Int?
    /// Whether formatting that only styles could show is written as characters.
    let isPlain: Bool

    init(width: Int?, isPlain: Bool = false) {
        self.width = width
        self.isPlain = isPlain
    }

    func lines(_ document: MarkdownDocument) -> [StyledLine] {
        blocks(document.blocks, width: width, isTight: false)
    }

    /// Below this width nothing is indented any further.
    static var narrowest: Int { 12 }

    func blocks(_ blocks: [MarkdownBlock], width: Int?, isTight: Bool) -> [StyledLine] {
        var result: [StyledLine] = []
        for block in blocks {
            let lines = lines(of: block, width: width)
            guard !lines.isEmpty else { continue }
            if !result.isEmpty, !isTight { result.append(StyledLine()) }
            result += lines
        }
        return result
    }

    private func lines(of block: MarkdownBlock, width: Int?) -> [StyledLine] {
        switch block {
        case .paragraph(let inlines): text(inlines, [], width: width)
        case .heading(let level, let inlines):
            isPlain
                ? text([.text(String(repeating: "#", count: level) + " ")] + inlines, [], width: width)
                : text(inlines, level == 1 ? [.bold, .underline] : .bold, width: width)
        case .code(let info, let code): self.code(code, info: info, width: width)
        case .quote(let inner):
            prefixed(StyledLine(isPlain ? "> " : "▎ ", .dim), rest: nil, width: width) {
                self.blocks(inner, width: $0, isTight: false)
            }
        case .list(let list): self.list(list, width: width)
        case .table(let table): self.table(table, width: width)
        case .html(let html): code(html, info: nil, width: width, gutter: nil)
        case .rule: [StyledLine(String(repeating: "─", count: min(width ?? 24, 24)), .dim)]
        }
    }

    /// Puts `first` before the first line and `rest` (or `first` again) before the others.
    private func prefixed(
        _ first: StyledLine, rest: StyledLine?, width: Int?, _ content: (Int?) -> [StyledLine]
    ) -> [StyledLine] {
        let rest = rest ?? first
        if let width, width - first.width < Self.narrowest { return content(width) }
        let lines = content(width.map { $0 - first.width })
        guard !lines.isEmpty else { return [first] }
        return lines.enumerated().map { index, line in
            index == 0 ? first + line : (line.isBlank && rest.isBlank ? StyledLine() : rest + line)
        }
    }

    private func code(_ code: String, info: String?, width: Int?) -> [StyledLine] {
        self.code(code, info: info, width: width, gutter: StyledLine(isPlain ? "    " : "│ ", .dim))
    }

    private func code(_ code: String, info: String?, width: Int?, gutter: StyledLine?) -> [StyledLine] {
        let room = width.map { $0 - (gutter?.width ?? 0) }
        var lines: [StyledLine] = []
        if let info { lines.append(StyledLine(TerminalText.line(info), .dim)) }
        for line in TerminalText.neutralised(code).split(separator: "\n", omittingEmptySubsequences: false) {
            let styled = StyledLine(String(line), gutter == nil ? [] : .cyan)
            lines += room.map { styled.cut(to: max($0, 2)) } ?? [styled]
        }
        guard let gutter else { return lines }
        return lines.map { gutter + $0 }
    }

    private func list(_ list: MarkdownList, width: Int?) -> [StyledLine] {
        let last = (list.start ?? 0) + list.items.count - 1
        var result: [StyledLine] = []
        for (index, item) in list.items.enumerated() {
            var marker =
                list.start.map { _ in
                    let number = String((list.start ?? 0) + index) + ". "
                    return String(repeating: " ", count: max(0, String(last).count + 2 - number.count)) + number
                } ?? (isPlain ? "- " : "• ")
            if let isChecked = item.isChecked {
                marker = isPlain ? marker + (isChecked ? "[x] " : "[ ] ") : (isChecked ? "☑ " : "☐ ")
            }
            if index > 0, !list.isTight { result.append(StyledLine()) }
            result += prefixed(
                StyledLine(marker), rest: StyledLine(String(repeating: " ", count: DisplayWidth.of(marker))),
                width: width
            ) { blocks(item.blocks, width: $0, isTight: list.isTight) }
        }
        return result
    }

    /// Inline text broken into lines at its breaks and at the width.
    func text(_ inlines: [MarkdownInline], _ style: TextStyle, width: Int?) -> [StyledLine] {
        var flow = InlineFlow(isPlain: isPlain)
        flow.add(inlines, style)
        return flow.lines.flatMap { line in width.map { line.wrapped(to: $0) } ?? [line] }
    }
}
