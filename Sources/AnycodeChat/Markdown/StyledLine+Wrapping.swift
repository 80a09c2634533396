extension StyledLine {
    /// Breaks the line at spaces so that no part is wider than `width`; words that are too long break anywhere.
    func wrapped(to width: Int) -> [StyledLine] {
        guard self.width > width else { return [self] }
        var wrapper = Wrapper(width: max(width, 2))
        for span in spans {
            for character in span.text { wrapper.add(Wrapper.Cell(character: character, style: span.style)) }
        }
        return wrapper.finish()
    }

    /// Breaks the line anywhere so that no part is wider than `width`; keeps every space.
    func cut(to width: Int) -> [StyledLine] {
        guard self.width > width else { return [self] }
        var lines: [StyledLine] = []
        var line = StyledLine()
        var used = 0
        for span in spans {
            for character in span.text {
                let next = DisplayWidth.of(character)
                if used + next > width, used > 0 {
                    lines.append(line)
                    line = StyledLine()
                    used = 0
                }
                line.append(String(character), span.style)
                used += next
            }
        }
        lines.append(line)
        return lines
    }

    private struct Wrapper {
        struct Cell {
            let character: Character
            let style: TextStyle
        }

        let width: Int
        var lines: [StyledLine] = []
        var cells: [Cell] = []
        var used = 0
        /// Behind the last space of the line.
        var breakpoint: Int?

        mutating func add(_ cell: Cell) {
            let next = DisplayWidth.of(cell.character)
            if used + next > width { breakLine(before: cell) }
            if cell.character == " ", cells.isEmpty, !lines.isEmpty { return }
            cells.append(cell)
            used += next
            if cell.character == " " { breakpoint = cells.count }
        }

        private mutating func breakLine(before cell: Cell) {
            guard cell.character != " ", let breakpoint else {
                emit(cells)
                cells = []
                used = 0
                breakpoint = nil
                return
            }
            let rest = Array(cells[breakpoint...])
            emit(Array(cells[..<breakpoint]))
            cells = rest
            used = rest.reduce(0) { $0 + DisplayWidth.of($1.character) }
            self.breakpoint = nil
        }

        private mutating func emit(_ cells: [Cell]) {
            var line = StyledLine()
            let end = cells.lastIndex { $0.character != " " }.map { $0 + 1 } ?? 0
            for cell in cells[..<end] { line.append(String(cell.character), cell.style) }
            lines.append(line)
        }

        mutating func finish() -> [StyledLine] {
            if !cells.isEmpty { emit(cells) }
            return lines
        }
    }
}
