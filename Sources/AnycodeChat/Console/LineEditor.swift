/// The line the person is typing.
struct LineEditor: Sendable {
    enum Action: Hashable, Sendable {
        case submit(String)
        case quit
        case interruptOnEmptyLine
        case suspend
        case redraw
    }

    private(set) var text: [Character] = []
    private(set) var cursor = 0
    private var history: [String] = []
    private var historyIndex: Int?
    private var draft: [Character] = []

    private static let longestHistory = 200
    /// What a line may hold, in characters; the rest is dropped.
    private static let longestLine = 100_000

    var string: String { String(text) }
    var isEmpty: Bool { text.isEmpty }

    /// Changes the line; returns what the console has to do, or `nil`.
    mutating func handle(_ key: TerminalKey) -> Action? {
        switch key {
        case .text(let text): insert(text)
        case .paste(let text): insert(Self.pasted(text))
        case .newline: insert("\n")
        case .tab: insert("    ")
        case .enter: return submit()
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(text.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = text.count
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .up: recall(older: true)
        case .down: recall(older: false)
        case .backspace: remove(from: max(0, cursor - 1), to: cursor)
        case .delete: remove(from: cursor, to: min(text.count, cursor + 1))
        case .control(let letter): return control(letter)
        case .unknown: break
        }
        return nil
    }

    private mutating func control(_ letter: Character) -> Action? {
        switch letter {
        case "a": cursor = 0
        case "e": cursor = text.count
        case "b": cursor = max(0, cursor - 1)
        case "f": cursor = min(text.count, cursor + 1)
        case "u": remove(from: 0, to: cursor)
        case "k": remove(from: cursor, to: text.count)
        case "w": remove(from: wordStart, to: cursor)
        case "p": recall(older: true)
        case "n": recall(older: false)
        case "l": return .redraw
        case "z": return .suspend
        case "c":
            guard !isEmpty else { return .interruptOnEmptyLine }
            clear()
        case "d":
            guard !isEmpty else { return .quit }
            remove(from: cursor, to: min(text.count, cursor + 1))
        default: break
        }
        return nil
    }

    private static func pasted(_ text: String) -> String {
        var result = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n").replacing("\t", with: "    ")
        while result.last == "\n" { result.removeLast() }
        return result
    }

    private mutating func insert(_ new: String) {
        guard text.count < Self.longestLine else { return }
        // Typed one by one, combining scalars join the character before them.
        let before = String(text[..<cursor])
        let joined = Array(before + new.prefix(Self.longestLine))
        text = joined + text[cursor...]
        cursor = joined.count
    }

    private mutating func remove(from start: Int, to end: Int) {
        text.removeSubrange(start..<end)
        cursor = start
    }

    private mutating func clear() {
        text = []
        cursor = 0
        historyIndex = nil
    }

    private mutating func submit() -> Action? {
        let line = string
        clear()
        guard line.contains(where: { !$0.isWhitespace }) else { return nil }
        if history.last != line { history.append(line) }
        if history.count > Self.longestHistory { history.removeFirst() }
        return .submit(line)
    }

    private mutating func recall(older: Bool) {
        let index = historyIndex ?? history.count
        let next = index + (older ? -1 : 1)
        guard (0...history.count).contains(next), older || historyIndex != nil else { return }
        if historyIndex == nil { draft = text }
        historyIndex = next == history.count ? nil : next
        text = next == history.count ? draft : Array(history[next])
        cursor = text.count
    }

    private var wordStart: Int {
        var place = cursor
        while place > 0, text[place - 1].isWhitespace { place -= 1 }
        while place > 0, !text[place - 1].isWhitespace { place -= 1 }
        return place
    }

    private var wordEnd: Int {
        var place = cursor
        while place < text.count, text[place].isWhitespace { place += 1 }
        while place < text.count, !text[place].isWhitespace { place += 1 }
        return place
    }
}
