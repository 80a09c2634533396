extension MarkdownStyler {
    /// Aligned columns; cells wrap when the table is too wide, and rows become lists when even that fails.
    func table(_ table: MarkdownTable, width: Int?) -> [StyledLine] {
        let all = [table.header] + table.rows
        let columns = table.header.count
        guard columns > 0 else { return [] }
        let natural = (0..<columns).map { column in
            all.map { row in text(row[column], [], width: nil).map(\.width).max() ?? 0 }.max() ?? 0
        }
        guard let widths = Self.fit(natural, into: width.map { $0 - 3 * (columns - 1) }) else {
            return stacked(table, width: width)
        }
        var lines = row(table.header, widths, table.alignments, .bold)
        lines.append(StyledLine(widths.map { String(repeating: "─", count: $0) }.joined(separator: "─┼─"), .dim))
        for cells in table.rows { lines += row(cells, widths, table.alignments, []) }
        return lines
    }

    /// Takes from the widest column until the sum fits; `nil` when columns would become unreadable.
    private static func fit(_ natural: [Int], into room: Int?) -> [Int]? {
        var widths = natural.map { max($0, 1) }
        guard let room else { return widths }
        var excess = widths.reduce(0, +) - room
        while excess > 0 {
            guard let widest = widths.max(), widest > 6, let index = widths.firstIndex(of: widest) else { return nil }
            widths[index] -= 1
            excess -= 1
        }
        return widths
    }

    private func row(
        _ cells: [[MarkdownInline]], _ widths: [Int], _ alignments: [MarkdownTable.Alignment], _ style: TextStyle
    ) -> [StyledLine] {
        let wrapped = zip(cells, widths).map { text($0, style, width: $1) }
        return (0..<(wrapped.map(\.count).max() ?? 0)).map { index in
            var line = StyledLine()
            for (column, width) in widths.enumerated() {
                if column > 0 { line.append(" │ ", .dim) }
                let cell = index < wrapped[column].count ? wrapped[column][index] : StyledLine()
                line.append(Self.aligned(cell, width, alignments[column]))
            }
            return line
        }
    }

    private static func aligned(
        _ cell: StyledLine, _ width: Int, _ alignment: MarkdownTable.Alignment
    ) -> StyledLine {
        let missing = max(0, width - cell.width)
        let left =
            switch alignment {
            case .right: missing
            case .center: missing / 2
            case .none, .left: 0
            }
        return (StyledLine(String(repeating: " ", count: left)) + cell).padded(to: width)
    }

    private func stacked(_ table: MarkdownTable, width: Int?) -> [StyledLine] {
        let head = table.header.flatMap { text($0, .bold, width: width) }
        return table.rows.reduce(into: head) { lines, row in
            lines.append(StyledLine("—", .dim))
            for (name, cell) in zip(table.header, row) {
                lines += text(name + [.text(": ")] + cell, [], width: width)
            }
        }
    }
}
