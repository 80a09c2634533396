import AnycodeCore
import Testing

@testable import AnycodeChat

@Suite struct ConsoleScreenTests {
    private func message(_ number: Int, _ markdown: String) -> ConsoleBlock {
        ConsoleBlock(
            body: .message(
                ConsoleMessage(
                    id: MessageID("m-\(number)"), number: number, nonce: "n\(number)",
                    content: OutgoingMessage(markdown: markdown), choices: [])))
    }

    private func key(_ number: Int) -> ConsoleScreen.Key { ConsoleScreen.Key(name: "#\(number)") }

    private func encode(_ operations: [TerminalOperation]) -> String {
        operations.map { $0.encoded(colour: true) }.joined()
    }

    private let prompt = ConsoleScreen.Prompt(
        rows: [StyledLine(), StyledLine("› typing"), StyledLine("help")], cursorRow: 1, cursorColumn: 8)

    /// What is on the terminal is what the screen believes to be there.
    private func expectAgreement(_ screen: ConsoleScreen, _ terminal: TerminalEmulator, _ context: String) {
        let believed = screen.painted.map { line in
            var text = line.plain
            while text.last == " " { text.removeLast() }
            return text
        }
        var shown = terminal.screen
        while shown.count > believed.count, shown.last?.isEmpty == true { shown.removeLast() }
        #expect(Array(shown.suffix(believed.count)) == believed, "\(context)")
        #expect(terminal.complaints.isEmpty, "\(context): \(terminal.complaints)")
        #expect(terminal.isCursorVisible)
        #expect(terminal.column == 8)
        #expect(terminal.screen[terminal.row] == "› typing")
    }

    @Test func visibleMessagesChangeInPlace() {
        var screen = ConsoleScreen(size: .init(columns: 40, rows: 12))
        var terminal = TerminalEmulator(columns: 40, rows: 12)
        screen.setPrompt(prompt)
        screen.put(key(1), message(1, "one"))
        screen.put(key(2), message(2, "two"))
        terminal.feed(encode(screen.paint()))
        screen.put(key(1), message(1, "changed\nlonger"))
        terminal.feed(encode(screen.paint()))
        #expect(
            terminal.everything == ["", "#1   changed", "     longer", "", "#2   two", "", "› typing", "help"])
    }

    @Test func scrolledMessagesGoOnBelow() {
        var screen = ConsoleScreen(size: .init(columns: 40, rows: 8))
        var terminal = TerminalEmulator(columns: 40, rows: 8)
        screen.setPrompt(prompt)
        screen.put(key(1), message(1, "status 1 s\n\nfirst"))
        terminal.feed(encode(screen.paint()))
        for number in 2...6 {
            screen.put(key(number), message(number, "filler \(number)"))
            terminal.feed(encode(screen.paint()))
        }
        let before = terminal.everything.count
        screen.put(key(1), message(1, "status 2 s\n\nfirst\n\nsecond"), previous: message(1, "status 1 s\n\nfirst"))
        terminal.feed(encode(screen.paint()))
        #expect(terminal.everything.filter { $0.contains("first") }.count == 1)
        #expect(terminal.everything.contains("#1+  second"))
        #expect(terminal.everything.count == before + 2)
        screen.put(
            key(1), message(1, "status 3 s\n\nfirst\n\nsecond and more"),
            previous: message(1, "status 2 s\n\nfirst\n\nsecond"))
        terminal.feed(encode(screen.paint()))
        #expect(terminal.everything.contains("#1+  second and more"))
        #expect(terminal.everything.count == before + 2)
    }

    @Test func aCounterThatScrolledAwayIsNotRepeatedButNewsIs() {
        var screen = ConsoleScreen(size: .init(columns: 40, rows: 8))
        screen.setPrompt(prompt)
        screen.put(key(1), message(1, "working 2 s"), previous: message(1, "working 1 s"))
        _ = screen.paint()
        #expect(screen.painted.map(\.plain) == ["", "› typing", "help"])
        screen.put(key(1), message(1, "done in 3 s"), previous: message(1, "working 2 s"))
        _ = screen.paint()
        #expect(screen.painted.map(\.plain) == ["", "#1+  done in 3 s", "", "› typing", "help"])
    }

    @Test(arguments: 0..<40) func randomMessagesAndEditsAgreeWithATerminal(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let columns = Int.random(in: 24...90, using: &random)
        let rows = Int.random(in: 6...30, using: &random)
        var screen = ConsoleScreen(size: .init(columns: columns, rows: rows))
        var terminal = TerminalEmulator(columns: columns, rows: rows)
        terminal.feed(String(repeating: "shell\r\n", count: Int.random(in: 0...rows, using: &random)))
        screen.setPrompt(prompt)
        var contents: [String] = []
        for step in 0..<40 {
            let old = contents.isEmpty ? nil : Int.random(in: 0..<contents.count, using: &random)
            let text = RandomMarkdown.document(&random)
            if let old, Int.random(in: 0..<4, using: &random) > 0 {
                let previous = contents[old]
                contents[old] = Bool.random(using: &random) ? previous + text : text
                screen.put(key(old), message(old, contents[old]), previous: message(old, previous))
            } else {
                contents.append(text)
                screen.put(key(contents.count - 1), message(contents.count - 1, text))
            }
            terminal.feed(encode(screen.paint()))
            expectAgreement(screen, terminal, "seed \(seed), step \(step)")
        }
        let closing = screen.close()
        terminal.feed(encode(closing))
        #expect(!terminal.screen.contains("› typing"))
    }

    /// Streams that only grow: every word is on the terminal or above it, once.
    @Test(arguments: 0..<40) func growingMessagesLoseAndRepeatNothing(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let rows = Int.random(in: 6...20, using: &random)
        var screen = ConsoleScreen(size: .init(columns: 40, rows: rows))
        var terminal = TerminalEmulator(columns: 40, rows: rows)
        screen.setPrompt(prompt)
        var contents: [String] = []
        var count = 0
        for _ in 0..<150 {
            if contents.isEmpty || Int.random(in: 0..<12, using: &random) == 0 { contents.append("") }
            let index = max(0, contents.count - Int.random(in: 1...3, using: &random))
            let previous = contents[index]
            count += 1
            contents[index] += (["\n", "\n\n", " ", " ", " "].randomElement(using: &random) ?? " ") + "w\(count)q"
            screen.put(
                key(index), message(index, contents[index]),
                previous: previous.isEmpty ? nil : message(index, previous))
            terminal.feed(encode(screen.paint()))
        }
        let all = terminal.everything.joined(separator: " ")
        for number in 1...count {
            let found = all.ranges(of: "w\(number)q").count
            #expect(found == 1, "seed \(seed): w\(number)q is there \(found) times")
        }
        expectAgreement(screen, terminal, "seed \(seed)")
    }

    @Test(arguments: 0..<30) func aNewSizeShowsTheNewestRows(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var screen = ConsoleScreen(size: .init(columns: 60, rows: 12))
        screen.setPrompt(prompt)
        for number in 1...6 {
            screen.put(key(number), message(number, RandomMarkdown.document(&random)))
            _ = screen.paint()
        }
        let columns = Int.random(in: 24...100, using: &random)
        let rows = Int.random(in: 6...40, using: &random)
        var terminal = TerminalEmulator(columns: columns, rows: rows)
        terminal.feed(encode(screen.resize(to: .init(columns: columns, rows: rows))))
        expectAgreement(screen, terminal, "seed \(seed)")
        screen.put(key(7), message(7, "after"))
        terminal.feed(encode(screen.paint()))
        expectAgreement(screen, terminal, "seed \(seed)")
        #expect(terminal.screen.contains("#7   after"))
    }
}
