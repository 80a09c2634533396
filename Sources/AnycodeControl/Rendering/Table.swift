/// Columns as wide as their widest cell; the last one takes what is left.
func table(_ rows: [[Span]], _ style: Style) -> [String] {
    var widths: [Int] = []
    for row in rows {
        for (index, cell) in row.enumerated() {
            if index == widths.count { widths.append(0) }
            widths[index] = max(widths[index], columns(of: cell.text))
        }
    }
    return rows.map { row in
        let cells = row.enumerated().map { index, cell in
            index == row.count - 1 ? [cell] : [Span(padded(cell.text, to: widths[index]), cell.colour), Span("  ")]
        }
        return style.line(Array(cells.joined()))
    }
}
