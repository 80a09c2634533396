@testable import AnycodeChat

/// The part of a terminal that the console uses: cells, scrolling, cursor, erasing.
struct TerminalEmulator {
    let columns: Int
    let rows: Int
    private(set) var scrollback: [String] = []
    private var cells: [[String]]
    private(set) var row = 0
    private(set) var column = 0
    private(set) var isCursorVisible = true
    private(set) var bells = 0
    /// Sequences that the console should not have sent.
    private(set) var complaints: [String] = []

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    var screen: [String] { cells.map(Self.text) }

    private static func text(_ row: [String]) -> String {
        var text = row.joined()
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Everything ever printed, without empty rows at the end.
    var everything: [String] {
        var all = scrollback + screen
        while all.last?.isEmpty == true { all.removeLast() }
        return all
    }

    mutating func feed(_ text: String) {
        var rest = Substring(text)
        while let character = rest.first {
            rest.removeFirst()
            switch character {
            case "\r\n":
                column = 0
                lineFeed()
            case "\r": column = 0
            case "\n": lineFeed()
            case "\u{07}": bells += 1
            case "\u{1B}": escape(&rest)
            default: put(character)
            }
        }
    }

    private mutating func lineFeed() {
        if row < rows - 1 {
            row += 1
        } else {
            scrollback.append(Self.text(cells.removeFirst()))
            cells.append(Array(repeating: " ", count: columns))
        }
    }

    private mutating func put(_ character: Character) {
        let width = DisplayWidth.of(character)
        if width == 0 { complaints.append("zero width: \(character.unicodeScalars.map(\.value))") }
        if character.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            complaints.append("control: \(character.unicodeScalars.map(\.value))")
        }
        guard column + width <= columns else {
            complaints.append("beyond the edge")
            return
        }
        cells[row][column] = String(character)
        if width == 2 { cells[row][column + 1] = "" }
        column += width
    }

    private mutating func escape(_ rest: inout Substring) {
        guard rest.first == "[" else { return complaints.append("escape \(rest.prefix(3))") }
        rest.removeFirst()
        let parameters = String(rest.prefix { !$0.isLetter })
        rest.removeFirst(parameters.count)
        guard let final = rest.popFirst() else { return complaints.append("unfinished") }
        let number = Int(parameters)
        switch final {
        case "A": row = max(0, row - (number ?? 1))
        case "G": column = min(columns - 1, (number ?? 1) - 1)
        case "H": (row, column) = (0, 0)
        case "K": cells[row] = Array(repeating: " ", count: columns)
        case "J":
            if number == 2 {
                cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
            } else {
                for index in column..<columns { cells[row][index] = " " }
                for index in (row + 1)..<max(rows, row + 1) {
                    cells[index] = Array(repeating: " ", count: columns)
                }
            }
        case "m": break
        case "h", "l": if parameters == "?25" { isCursorVisible = final == "h" }
        default: complaints.append("sequence \(parameters)\(final)")
        }
    }
}
