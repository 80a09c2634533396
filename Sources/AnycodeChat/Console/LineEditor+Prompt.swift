extension LineEditor {
    /// The input area for a terminal of this size: the line, wrapped, and a row of help below.
    func prompt(size: ConsoleScreen.Size, help: String) -> ConsoleScreen.Prompt {
        let lead = "› "
        let width = size.columns - 1
        var rows: [StyledLine] = [StyledLine(lead, [.bold, .green])]
        var cursorPlace = (row: 0, column: 2)
        var column = 2
        for (index, character) in text.enumerated() {
            let shown = character == "\n" ? "⏎" : TerminalText.line(String(character))
            let wide = DisplayWidth.of(shown)
            if column + wide > width {
                rows.append(StyledLine("  "))
                column = 2
            }
            if index == cursor { cursorPlace = (rows.count - 1, column) }
            rows[rows.count - 1].append(shown, character == "\n" ? .dim : [])
            column += wide
        }
        if cursor == text.count { cursorPlace = (rows.count - 1, column) }
        let room = max(1, size.rows / 2 - 1)
        let first = min(max(0, cursorPlace.row - room + 1), max(0, rows.count - room))
        rows = Array(rows[first..<min(rows.count, first + room)])
        rows.append(StyledLine(help, .dim).truncated(to: width))
        return ConsoleScreen.Prompt(
            rows: [StyledLine()] + rows, cursorRow: cursorPlace.row - first + 1, cursorColumn: cursorPlace.column)
    }
}
