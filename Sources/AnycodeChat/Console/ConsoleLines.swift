import AnycodeCore

/// The console without a terminal: what a log of the chat says, line by line, each thing once.
///
/// A value: messages go in, text to print comes out. The last line of a streaming message is held back
/// until it is complete, another message starts, or the stream pauses (`settle`).
struct ConsoleLines: Sendable {
    private struct Said: Sendable {
        var lines: [String] = []
        /// What was said of every line: all, a beginning, or (at the end of a stream) nothing yet.
        var parts: [String] = []
        /// The letters of the lines, and their letters and digits.
        var essences: Set<String> = []
        var contents: Set<String> = []
        /// Changed lines that differ in digits only: printed last, if at all.
        var deferred: [String] = []
        /// Whether what is held back may be printed in a pause.
        var maySettle = false
        var choices: [Int] = []
        var hasLabel = false

        /// The lines of which something is still to be said.
        var open: [Int] { lines.indices.filter { parts[$0] != lines[$0] } }

        /// What was said of every line, as later lines are compared with it: one of which nothing was said is
        /// like no other, an empty one included.
        var known: [String] {
            lines.indices.map { parts[$0].isEmpty && !lines[$0].isEmpty ? Self.nothing : parts[$0] }
        }

        /// Stands in no line: those have no control characters.
        static let nothing = "\u{0}"

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

        /// What counts as said of a changed line that is not to be said yet.
        func unsaid(_ change: Change) -> String {
            guard let old = change.old else { return "" }
            return change.line.hasPrefix(old) ? old : (knowsContent(of: change.line) ? change.line : "")
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
    var holdsBack: Bool { current.flatMap { said[$0] }.map { $0.maySettle && !$0.open.isEmpty } ?? false }

    private static let styler = MarkdownStyler(width: nil, isPlain: true)

    /// The lines of a message, how many of them will stay as they are while it streams, and whether the
    /// rest will only grow.
    private static func lines(_ message: ConsoleMessage) -> (all: [String], complete: Int, restGrows: Bool) {
        var lines = message.body(styler).map(\.plain)
        while lines.last?.isEmpty == true { lines.removeLast() }
        let blocks = MarkdownDocument(parsing: message.content.markdown).blocks
        let unfinished = Array(blocks.suffix(while: changesAsItGrows))
        if unfinished.isEmpty { return (lines, max(0, lines.count - 1), true) }
        return (lines, max(0, lines.count - styler.lines(MarkdownDocument(blocks: unfinished)).count), false)
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
        let (lines, complete, maySettle) = Self.lines(message)
        let changes = Self.changes(from: state.known, to: lines)
        state.lines = lines
        state.parts = lines
        state.maySettle = maySettle
        state.deferred.removeAll { !lines.contains($0) }
        let end = message.isWhole ? lines.count : complete
        for change in changes {
            if change.index < end {
                say(change, of: message.number, &state, &output)
            } else {
                state.parts[change.index] = state.unsaid(change)
            }
        }
        let isNew = !Set(message.choices).isSubset(of: state.choices)
        state.choices = message.choices
        if isNew {
            for line in message.choiceLines(width: nil) { emit(line.plain, of: message.number, &state, &output) }
        }
        said[message.number] = state
        current = message.number
        touched.insert(message.number)
        return output
    }

    /// A line that is not what was said in its place.
    private struct Change {
        let index: Int
        let line: String
        /// What it replaces; `nil` when it lies between lines that were said.
        let old: String?
        var isAppended = false
    }

    /// What is new, in the order of the lines.
    private static func changes(from old: [String], to new: [String]) -> [Change] {
        let difference = new.difference(from: old)
        let inserted = Set(difference.insertions.map(\.offset))
        let removed = Set(difference.removals.map(\.offset))
        let lastNew = new.indices.last { !inserted.contains($0) } ?? -1
        let lastOld = old.indices.last { !removed.contains($0) } ?? -1
        var replaced = old[(lastOld + 1)...].filter { !$0.isEmpty && $0 != Said.nothing }
        var result = inserted.filter { $0 < lastNew }.map { Change(index: $0, line: new[$0], old: nil) }
        // Lines that grew first; of the others as many are changed as there are lines left to replace.
        var others: [Int] = []
        for index in new.indices.dropFirst(lastNew + 1) {
            if let grown = replaced.firstIndex(where: { new[index].hasPrefix($0) }) {
                result.append(Change(index: index, line: new[index], old: replaced.remove(at: grown)))
            } else {
                others.append(index)
            }
        }
        for index in others {
            let isBlank = new[index].isEmpty && result.contains { $0.index > index }
            let isChanged = !replaced.isEmpty && !new[index].isEmpty
            let old = isChanged ? replaced.removeFirst() : nil
            result.append(Change(index: index, line: new[index], old: old, isAppended: !isChanged && !isBlank))
        }
        return result.sorted { $0.index < $1.index }
    }

    /// Says a changed line, or puts it off when it is only a counter that moved.
    private mutating func say(_ change: Change, of number: Int, _ state: inout Said, _ output: inout String) {
        if change.isAppended {
            emit(change.line, of: number, &state, &output)
        } else if let old = change.old, change.line.hasPrefix(old) {
            emit(change.line, behind: old, of: number, &state, &output)
        } else if state.knowsContent(of: change.line) {
            return
        } else if state.knowsLetters(of: change.line) {
            state.deferred.append(change.line)
        } else {
            emit(change.line, of: number, &state, &output)
        }
    }

    /// Prints one complete line, or what of it follows a part that is said already.
    private mutating func emit(
        _ line: String, behind part: String = "", of number: Int, _ state: inout Said, _ output: inout String
    ) {
        if line.isEmpty, current != number { return }
        state.note(line)
        guard !part.isEmpty else {
            start(number, &state, &output)
            output += line + "\n"
            return
        }
        let rest = String(line.dropFirst(part.count))
        if isMidLine, current == number {
            output += rest + "\n"
            isMidLine = false
        } else if !rest.isEmpty {
            start(number, &state, &output)
            output += "…" + rest + "\n"
        }
    }

    /// Says what is left of every line.
    private mutating func emitOpen(of number: Int, _ state: inout Said, _ output: inout String) {
        for index in state.open {
            emit(state.lines[index], behind: state.parts[index], of: number, &state, &output)
        }
        state.parts = state.lines
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
        guard let number = current, var state = said[number], state.maySettle, let index = state.open.first else {
            return ""
        }
        let (line, part) = (state.lines[index], state.parts[index])
        var output = ""
        if !isMidLine || part.isEmpty { start(number, &state, &output) }
        output += isMidLine || part.isEmpty ? "" : "…"
        output += line.dropFirst(part.count)
        isMidLine = true
        state.parts[index] = line
        state.note(line)
        said[number] = state
        touched.insert(number)
        return output
    }

    /// Prints everything that is left of the current message, and ends the line.
    mutating func finish() -> String {
        guard let number = current, var state = said[number] else { return endLine() }
        var output = ""
        emitOpen(of: number, &state, &output)
        for line in state.deferred where !state.knowsContent(of: line) {
            emit(line, of: number, &state, &output)
        }
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
        guard let open = state.open.first else { return ConsoleLedger.Shown(lines: state.lines.count) }
        return ConsoleLedger.Shown(lines: open, part: state.parts[open].count)
    }

    /// Takes over what an earlier process said.
    mutating func recall(_ message: ConsoleMessage, shown: ConsoleLedger.Shown) {
        let lines = Self.lines(message).all
        var state = Said()
        let count = min(shown.lines ?? lines.count, lines.count)
        state.lines = lines
        state.parts = lines.enumerated().map { index, line in
            index < count ? line : (index == count ? String(line.prefix(shown.part)) : "")
        }
        state.choices = message.choices
        state.hasLabel = shown.lines != 0 || shown.part > 0
        for line in state.parts { state.note(line) }
        said[message.number] = state
    }

    /// How many lines a message has.
    static func lineCount(of message: ConsoleMessage) -> Int { lines(message).all.count }

    /// Shows a message of an earlier process again: what that held back, and the open choices.
    mutating func resume(_ message: ConsoleMessage) -> String {
        guard var state = said[message.number] else { return show(message) }
        var output = finish()
        emitOpen(of: message.number, &state, &output)
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

extension Array {
    fileprivate func suffix(while predicate: (Element) -> Bool) -> ArraySlice<Element> {
        self[(lastIndex { !predicate($0) }.map { $0 + 1 } ?? startIndex)...]
    }
}

extension CollectionDifference.Change {
    fileprivate var offset: Int {
        switch self {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }
}
