/// The terminal's content: messages above, the prompt at the bottom.
///
/// A value: changes go in, `paint` tells what to do on the terminal. Rows that have scrolled off are
/// out of reach; later changes to them appear as a continuation or a one-line update below.
struct ConsoleScreen: Sendable {
    struct Size: Hashable, Sendable {
        var columns: Int
        var rows: Int
    }

    /// What a piece on the screen is called.
    struct Key: Hashable, Sendable {
        let name: String
    }

    /// The input area: its rows and the place of the cursor in them.
    struct Prompt: Hashable, Sendable {
        var rows: [StyledLine] = []
        var cursorRow = 0
        var cursorColumn = 0
    }

    private struct Segment {
        let key: Key
        /// What had been said of the message before this segment began.
        let base: ConsoleBlock?
        var block: ConsoleBlock
        var rows: [StyledLine]
        /// How many rows have scrolled off.
        var frozen = 0

        var isGone: Bool { frozen >= rows.count }
    }

    private(set) var size: Size
    private var segments: [Segment] = []
    private var prompt = Prompt()
    /// What stands on the terminal, from the first row within reach.
    private(set) var painted: [StyledLine] = []
    private var cursorRow = 0

    /// Scrolled-off segments kept to fill the screen after a change of size.
    private static let kept = 80

    init(size: Size) {
        self.size = Self.bounded(size)
    }

    /// Terminals of no or absurd size are treated as small ones.
    private static func bounded(_ size: Size) -> Size {
        Size(columns: min(max(size.columns, 20), 500), rows: min(max(size.rows, 6), 500))
    }

    /// Shows a new piece, or makes a piece equal to `block`.
    ///
    /// - Parameter previous: what the person has seen of it, where that is no longer on the screen.
    mutating func put(_ key: Key, _ block: ConsoleBlock, previous: ConsoleBlock? = nil) {
        if let index = segments.lastIndex(where: { $0.key == key }), !segments[index].isGone {
            change(index, to: block)
            return
        }
        guard let previous else {
            append(Segment(key: key, base: nil, block: block, rows: block.labelled(block.rows(columns: size.columns))))
            return
        }
        continueBelow(key, block, previous: previous)
    }

    private mutating func change(_ index: Int, to block: ConsoleBlock) {
        let isContinuation = segments[index].block.isContinuation
        segments[index].block = ConsoleBlock(body: block.body, isContinuation: isContinuation)
        let frozen = Array(segments[index].rows.prefix(segments[index].frozen))
        let fresh = rows(of: segments[index])
        segments[index].rows =
            frozen.isEmpty || Array(fresh.prefix(frozen.count)) == frozen
            ? fresh : frozen + Continuation.rows(of: fresh, after: frozen)
    }

    private mutating func continueBelow(_ key: Key, _ block: ConsoleBlock, previous: ConsoleBlock) {
        guard previous.body != block.body else { return }
        let continued = ConsoleBlock(body: block.body, isContinuation: true)
        var segment = Segment(key: key, base: previous, block: continued, rows: [])
        segment.rows = rows(of: segment)
        if !segment.rows.isEmpty { append(segment) }
    }

    private mutating func append(_ segment: Segment) {
        segments.append(segment)
        let gone = segments.prefix { $0.isGone }.count
        if gone > Self.kept { segments.removeFirst(gone - Self.kept) }
    }

    private func rows(of segment: Segment) -> [StyledLine] {
        let full = segment.block.rows(columns: size.columns)
        guard let base = segment.base else { return segment.block.labelled(full) }
        let said = base.rows(columns: size.columns)
        let rest = Continuation.rows(of: full, after: said)
        if !rest.isEmpty { return segment.block.labelled(rest) }
        return Continuation.news(in: full, beyond: said).map { segment.block.labelled([$0]) } ?? []
    }

    /// Whether the piece, or its newest part, is still within reach.
    func shows(_ key: Key) -> Bool {
        segments.contains { $0.key == key && !$0.isGone }
    }

    mutating func setPrompt(_ prompt: Prompt) {
        self.prompt = prompt
    }

    /// Brings the terminal up to date.
    mutating func paint() -> [TerminalOperation] {
        let wanted = visibleRows()
        var operations: [TerminalOperation] = [.begin]
        let same = zip(painted, wanted).prefix { $0 == $1 }.count
        if same < max(painted.count, wanted.count) {
            rewrite(wanted, from: same, into: &operations)
        }
        let target = wanted.count - prompt.rows.count + prompt.cursorRow
        moveCursor(to: min(max(target, 0), max(wanted.count - 1, 0)), into: &operations)
        operations.append(.column(min(prompt.cursorColumn, size.columns - 1)))
        operations.append(.end)
        let scrolled = max(0, wanted.count - size.rows)
        freeze(scrolled)
        painted = Array(wanted.dropFirst(scrolled))
        cursorRow = max(0, cursorRow - scrolled)
        return operations
    }

    private func visibleRows() -> [StyledLine] {
        var wanted: [StyledLine] = []
        for segment in segments where !segment.isGone {
            wanted += segment.rows.dropFirst(segment.frozen)
        }
        return wanted + prompt.rows
    }

    private mutating func rewrite(
        _ wanted: [StyledLine], from first: Int, into operations: inout [TerminalOperation]
    ) {
        guard first < wanted.count else {
            // Rows were taken away at the end: erase from the first of them.
            operations.append(contentsOf: cursorMoves(to: first))
            operations.append(contentsOf: [.column(0), .eraseBelow])
            cursorRow = first
            return
        }
        if first < painted.count {
            operations.append(contentsOf: cursorMoves(to: first))
        } else if !painted.isEmpty {
            operations.append(contentsOf: cursorMoves(to: painted.count - 1))
            operations.append(.nextLine)
        }
        for index in first..<wanted.count {
            if index > first { operations.append(.nextLine) }
            if index < painted.count, painted[index] == wanted[index] { continue }
            operations.append(.eraseLine)
            operations.append(.print(wanted[index]))
        }
        cursorRow = wanted.count - 1
        if painted.count > wanted.count { operations.append(contentsOf: [.nextLine, .eraseBelow, .up(1)]) }
    }

    private func cursorMoves(to row: Int) -> [TerminalOperation] {
        if row <= cursorRow { return [.up(cursorRow - row)] }
        return Array(repeating: .nextLine, count: row - cursorRow)
    }

    private mutating func moveCursor(to row: Int, into operations: inout [TerminalOperation]) {
        operations.append(contentsOf: cursorMoves(to: row))
        cursorRow = row
    }

    private mutating func freeze(_ count: Int) {
        var left = count
        for index in segments.indices where left > 0 && !segments[index].isGone {
            let now = min(left, segments[index].rows.count - segments[index].frozen)
            segments[index].frozen += now
            left -= now
        }
    }

    /// Takes a new size and draws the screen afresh: terminals reflow by rules of their own.
    mutating func resize(to size: Size) -> [TerminalOperation] {
        self.size = Self.bounded(size)
        for index in segments.indices {
            segments[index].rows = rows(of: segments[index])
            segments[index].frozen = 0
        }
        let total = segments.reduce(0) { $0 + $1.rows.count }
        freeze(max(0, total + prompt.rows.count - self.size.rows))
        painted = []
        cursorRow = 0
        return [.eraseScreen] + paint()
    }

    /// Leaves the messages on the terminal and takes the prompt away.
    mutating func close() -> [TerminalOperation] {
        prompt = Prompt(rows: [StyledLine()])
        return paint()
    }

    /// Starts below whatever is on the terminal now, as after another program used it.
    mutating func restart() -> [TerminalOperation] {
        painted = []
        cursorRow = 0
        return paint()
    }
}
