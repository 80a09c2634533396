import Testing

@testable import AnycodeChat

@Suite struct LineEditorTests {
    private func type(_ text: String) -> (LineEditor, [LineEditor.Action]) {
        var decoder = TerminalKeyDecoder()
        var editor = LineEditor()
        let actions = decoder.decode(text.utf8).compactMap { editor.handle($0) }
        return (editor, actions)
    }

    @Test(arguments: [
        ("abc\u{1B}[D\u{1B}[DX", "aXbc"), ("abc\u{01}X", "Xabc"), ("abc\u{01}\u{05}X", "abcX"), ("abc\u{7F}", "ab"),
        ("ab cd\u{17}", "ab "), ("ab cd\u{15}", ""), ("ab cd\u{01}\u{1B}[C\u{0B}", "a"), ("abc\u{1B}[H\u{1B}[3~", "bc"),
        ("日本\u{7F}語", "日語"), ("e\u{301}x\u{7F}\u{7F}", ""), ("ab cd\u{1B}b\u{1B}bX", "Xab cd"), ("a\u{1B}\rb", "a\nb"),
        ("a\u{1B}[200~x\ry\r\nz\n\u{1B}[201~b", "ax\ny\nzb"), ("a\u{1B}[1;5Db", "ba"), ("a\u{1B}[99;99Xb", "ab"),
        ("ab\u{03}c", "c"), ("abc\u{1B}OHX\u{1B}OFY", "XabcY"),
    ]) func keysEditTheLine(keys: String, line: String) {
        #expect(type(keys).0.string == line)
    }

    @Test func enterSubmitsAndHistoryComesBack() {
        let (editor, actions) = type("one\rtwo\rdraft\u{1B}[A\u{1B}[A\u{1B}[B\u{1B}[B")
        #expect(actions == [.submit("one"), .submit("two")])
        #expect(editor.string == "draft")
        #expect(type("one\rtwo\r\u{1B}[A\u{1B}[A\u{1B}[A").0.string == "one")
        #expect(type("  \r").1 == [])
    }

    @Test func controlsOnAnEmptyLineLeave() {
        #expect(type("\u{04}").1 == [.quit])
        #expect(type("\u{03}").1 == [.interruptOnEmptyLine])
        #expect(type("a\u{04}").1 == [])
        #expect(type("\u{1A}").1 == [.suspend])
    }

    @Test(arguments: 0..<60) func keysAreTheSameHoweverTheBytesArrive(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parts = [
            "a", "é", "日", "👩‍👩‍👧", "\u{1B}[D", "\u{1B}[A", "\u{1B}[3~", "\r", "\u{7F}", "\u{1B}[200~p\nq\u{1B}[201~",
            "\u{17}",
        ]
        let bytes = (0..<60).flatMap { _ in Array((parts.randomElement(using: &random) ?? "").utf8) }
        func run(_ chunks: [[UInt8]]) -> (String, [LineEditor.Action]) {
            var decoder = TerminalKeyDecoder()
            var editor = LineEditor()
            let actions = chunks.flatMap { decoder.decode($0) }.compactMap { editor.handle($0) }
            return (editor.string, actions)
        }
        var chunks: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...5, using: &random))
            chunks.append(Array(bytes[start..<end]))
            start = end
        }
        #expect(run(chunks) == run([bytes]))
    }

    @Test func arbitraryBytesAreHarmless() {
        var random = SeededGenerator(seed: 7)
        var decoder = TerminalKeyDecoder()
        var editor = LineEditor()
        for _ in 0..<4000 {
            for key in decoder.decode([UInt8.random(in: 0...255, using: &random)]) { _ = editor.handle(key) }
            #expect((0...editor.text.count).contains(editor.cursor))
        }
    }

    @Test func longLinesWrapAndTheCursorStaysVisible() {
        var editor = LineEditor()
        _ = editor.handle(.text(String(repeating: "word ", count: 100)))
        let prompt = editor.prompt(size: .init(columns: 30, rows: 10), help: "help")
        #expect(prompt.rows.count <= 6)
        #expect(prompt.cursorRow < prompt.rows.count - 1)
        #expect(prompt.rows.allSatisfy { $0.width < 30 })
    }
}
