/// What a screen asks of the terminal.
enum TerminalOperation: Hashable, Sendable {
    /// Holds back drawing, hides the cursor and stops wrapping while the screen changes.
    case begin
    case end
    case up(Int)
    case column(Int)
    /// To the start of the next line, scrolling when there is none.
    case nextLine
    case eraseLine
    case eraseBelow
    case eraseScreen
    case print(StyledLine)
    case bell
}

extension TerminalOperation {
    /// The control sequences (ECMA-48; synchronised output is private mode 2026, ignored where unknown).
    func encoded(colour: Bool) -> String {
        switch self {
        case .begin: "\u{1B}[?2026h\u{1B}[?25l\u{1B}[?7l"
        case .end: "\u{1B}[?7h\u{1B}[?25h\u{1B}[?2026l"
        case .up(let count): count > 0 ? "\u{1B}[\(count)A" : ""
        case .column(let column): "\u{1B}[\(column + 1)G"
        case .nextLine: "\r\n"
        case .eraseLine: "\r\u{1B}[2K"
        case .eraseBelow: "\u{1B}[J"
        case .eraseScreen: "\u{1B}[H\u{1B}[2J"
        case .print(let line): line.encoded(colour: colour)
        case .bell: "\u{07}"
        }
    }
}
