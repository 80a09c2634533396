/// The console without a terminal: what a log of the chat says, line by line, each thing once.
///
/// A value: messages go in, text to print comes out. The last line of a streaming message is held back
/// until it is complete, another message starts, or the stream pauses (`settle`).
struct ConsoleLines: Sendable {
    private struct Said: Sendable {
        var lines: [String] = []
        /// The part of the line behind `lines` that is printed already.
        var part = ""
        /// The letters of the lines, and their letters and digits.
        var essences: Set<String> = []
        var contents: Set<String> = []
        /// Changed lines that differ in digits only: printed last, if at all.
        var deferred: [String] = []
        /// What is still to come of the current content.
        var held: [String] = []
        var choices: [Int] = []
        var hasLabel = false

        /// Whether the line adds nothing to what was said, other than digits.
        func knowsLetters(of line: String) -> Bool {
            let essence = Continuation.essence(line)
            return essence.isEmpty || essences.contains(essence)
        }

        /// Whether the line adds nothing to what was said, other than signs.
        func knowsContent(of line: String) -> Bool {
            let content = Self.content(line)
            return content.isEmpty || contents.contains(content)
        }

        mutating func note(_ line: String) {
            contents.insert(Self.content(line))
            essences.insert(Continuation.essence(line))
        }

        private static func content(_ line: String) -> String { line.filter { $0.isLetter || $0.isNumber } }
    }

    private var said: [Int: Said] = [:]
    /// The messages of which more was said since `takeTouched`.
    private var touched: Set<Int> = []
    private var current: Int?
    /// Whether the output ends within a line.
    private(set) var isMidLine = false

    /// Whether something is held back that `settle` would print.
    var holdsBack: Bool { current.flatMap { said[$0] }.map { $0.held.count == 1 } ?? false }

    private static let styler = MarkdownStyler(width: nil, isPlain: true)

    /// The lines of a message, and how many of them will stay as they are while it streams.
    private static func lines(_ message: ConsoleMessage) -> (all: [String], complete: Int) {
        var lines = message.body(styler).map(\.plain)
        while lines.last?.isEmpty == true { lines.removeLast() }
        let blocks = MarkdownDocument(parsing: message.content.markdown).blocks
        var unstable = 1
        if let last = blocks.last, changesAsItGrows(last) {
            unstable = styler.lines(MarkdownDocument(blocks: [last])).count
        }
        return (lines, max(0, lines.count - unstable))
    }

    /// Tables, and what may become one, are laid out anew with every row.
    private static func changesAsItGrows(_ block: MarkdownBlock) -> Bool {
        switch block {
        case .table: true
        case .paragraph(let inlines):
            styler.text(inlines, [], width: nil).first?.plain.hasPrefix("|") ?? false
        default: false
        }
    }

    // MARK: Messages

    /// Shows a message, new or changed.
    mutating func show(_ message: ConsoleMessage) -> String {
        var output = current == message.number ? "" : finish()
        var state = said[message.number] ?? Said()
        let (lines, complete) = Self.lines(message)
        let whole = message.isWhole ? lines : Array(lines.prefix(complete))
        let (changed, appended) = Self.compare(state.lines, whole)
        state.deferred = []
        for (old, line) in changed where !state.knowsContent(of: line) {
            if let old, !old.isEmpty, line.hasPrefix(old) {
                state.part = old
                emit(line, of: message.number, &state, &output)
            } else if state.knowsLetters(of: line) {
                state.deferred.append(line)
            } else {
                emit(line, of: message.number, &state, &output)
            }
        }
        for line in appended { emit(line, of: message.number, &state, &output) }
        state.lines = whole
        state.held = Array(lines.dropFirst(whole.count))
        if state.choices != message.choices {
            state.choices = message.choices
            for line in message.choiceLines(width: nil) { emit(line.plain, of: message.number, &state, &output) }
        }
        said[message.number] = state
        current = message.number
        touched.insert(message.number)
        return output
    }

    /// What of `new` replaces other lines (and which), and what follows all that was said.
    private static func compare(
        _ old: [String], _ new: [String]
    ) -> (changed: [(old: String?, new: String)], appended: [String]) {
        let common = zip(old, new).prefix { $0 == $1 }.count
        if common == old.count { return ([], Array(new.dropFirst(common))) }
        let difference = new.difference(from: old)
        let inserted = Set(difference.insertions.map(\.offset))
        let removed = Set(difference.removals.map(\.offset))
        let lastNew = new.indices.last { !inserted.contains($0) } ?? -1
        let lastOld = old.indices.last { !removed.contains($0) } ?? -1
        let above = inserted.sorted().filter { $0 < lastNew }.map { (old: String?.none, new: new[$0]) }
        let replaced = old[(lastOld + 1)...]
        let tail = new[(lastNew + 1)...]
        return (above + zip(replaced, tail).map { ($0, $1) }, Array(tail.dropFirst(replaced.count)))
    }

    /// Prints one complete line.
    private mutating func emit(_ line: String, of number: Int, _ state: inout Said, _ output: inout String) {
        if line.isEmpty, current != number { return }
        let part = state.part
        state.part = ""
        state.note(line)
        if !part.isEmpty, line.hasPrefix(part) {
            let rest = String(line.dropFirst(part.count))
            if isMidLine, current == number {
                output += rest + "\n"
                isMidLine = false
                return
            }
            guard !rest.isEmpty else { return }
            start(number, &state, &output)
            output += "…" + rest + "\n"
            return
        }
        start(number, &state, &output)
        output += line + "\n"
    }

    /// Ends an open line and writes the label where a message begins or goes on after another.
    private mutating func start(_ number: Int, _ state: inout Said, _ output: inout String) {
        if isMidLine { output += "\n" }
        isMidLine = false
        if !state.hasLabel {
            output += "#\(number) "
        } else if current != number {
            output += "#\(number)+ "
        }
        state.hasLabel = true
        current = number
    }

    // MARK: Pauses and ends

    /// Prints what is held back, without ending the line: the stream pauses.
    mutating func settle() -> String {
        guard let number = current, var state = said[number], state.held.count == 1, let line = state.held.last else {
            return ""
        }
        var output = ""
        if state.part.isEmpty || !line.hasPrefix(state.part) {
            start(number, &state, &output)
            output += line
        } else if isMidLine {
            output += line.dropFirst(state.part.count)
        } else if line.count > state.part.count {
            start(number, &state, &output)
            output += "…" + line.dropFirst(state.part.count)
        } else {
            return ""
        }
        isMidLine = true
        state.part = line
        state.note(line)
        said[number] = state
        touched.insert(number)
        return output
    }

    /// Prints everything that is left of the current message, and ends the line.
    mutating func finish() -> String {
        guard let number = current, var state = said[number] else { return endLine() }
        var output = ""
        for line in state.held { emit(line, of: number, &state, &output) }
        for line in state.deferred where !state.knowsContent(of: line) {
            emit(line, of: number, &state, &output)
        }
        state.lines += state.held
        state.held = []
        state.deferred = []
        said[number] = state
        touched.insert(number)
        return output + endLine()
    }

    private mutating func endLine() -> String {
        defer { isMidLine = false }
        return isMidLine ? "\n" : ""
    }

    /// Prints words that belong to no message.
    mutating func note(_ text: String) -> String {
        let output = finish()
        current = nil
        return output + text + "\n"
    }

    // MARK: Memory

    /// How far those messages were said of which more was said since the last call, for the journal.
    mutating func takeTouched() -> [(number: Int, shown: ConsoleLedger.Shown)] {
        defer { touched = [] }
        return touched.sorted().map { ($0, extent(of: $0)) }
    }

    /// How far a message was said.
    func extent(of number: Int) -> ConsoleLedger.Shown {
        guard let state = said[number] else { return ConsoleLedger.Shown(lines: nil) }
        return ConsoleLedger.Shown(lines: state.lines.count, part: state.part.count)
    }

    /// Takes over what an earlier process said.
    mutating func recall(_ message: ConsoleMessage, shown: ConsoleLedger.Shown) {
        let lines = Self.lines(message).all
        var state = Said()
        let count = min(shown.lines ?? lines.count, lines.count)
        state.lines = Array(lines.prefix(count))
        state.held = Array(lines.dropFirst(count))
        state.part = String((state.held.first ?? "").prefix(shown.part))
        state.choices = message.choices
        state.hasLabel = shown.lines != 0 || shown.part > 0
        for line in state.lines { state.note(line) }
        said[message.number] = state
    }

    /// How many lines a message has.
    static func lineCount(of message: ConsoleMessage) -> Int { lines(message).all.count }

    /// Shows a message of an earlier process again: what that held back, and the open choices.
    mutating func resume(_ message: ConsoleMessage) -> String {
        guard var state = said[message.number] else { return show(message) }
        var output = finish()
        for line in state.held { emit(line, of: message.number, &state, &output) }
        state.lines += state.held
        state.held = []
        for line in message.choiceLines(width: nil) { emit(line.plain, of: message.number, &state, &output) }
        said[message.number] = state
        touched.insert(message.number)
        current = message.number
        return output
    }

    /// Forgets messages that are no longer known.
    mutating func keep(only numbers: (Int) -> Bool) {
        said = said.filter { numbers($0.key) || $0.key == current }
    }
}

extension CollectionDifference.Change {
    fileprivate var offset: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
