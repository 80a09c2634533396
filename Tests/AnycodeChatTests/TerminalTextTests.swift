import Testing

@testable import AnycodeChat

@Suite struct TerminalTextTests {
    @Test func escapeSequencesAreShownNotObeyed() {
        #expect(TerminalText.neutralised("a\u{1B}[31mb\u{07}\u{9B}c\u{7F}") == "a␛[31mb␇\u{FFFD}c␡")
    }

    @Test func bidirectionalOverridesAreReplaced() {
        #expect(TerminalText.neutralised("x\u{202E}y\u{2066}z") == "x\u{FFFD}y\u{FFFD}z")
    }

    @Test func lineBreaksAndTabsAreUnified() {
        #expect(TerminalText.neutralised("a\r\nb\rc\td\u{2028}e") == "a\nb\nc    d\ne")
        #expect(TerminalText.line("a\nb") == "a b")
    }

    @Test(arguments: [
        ("abc", 3), ("日本", 4), ("é", 1), ("e\u{301}", 1), ("👩‍👩‍👧", 2), ("⚙️", 2), ("⚙", 1), ("🇩🇪", 2), ("…", 1), ("한글", 4),
    ]) func widthsAreThoseOfTerminals(text: String, width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test func linesWrapAtSpacesAndLoseOnlyThem() {
        let line = StyledLine("the quick ") + StyledLine("brown fox", .bold)
        #expect(line.wrapped(to: 10).map(\.plain) == ["the quick", "brown fox"])
        #expect(StyledLine("abcdefghij").wrapped(to: 4).map(\.plain) == ["abcd", "efgh", "ij"])
        #expect(StyledLine("日本語文").wrapped(to: 5).map(\.plain) == ["日本", "語文"])
        #expect(StyledLine("a    b").cut(to: 3).map(\.plain) == ["a  ", "  b"])
    }

    @Test func withoutColourOnlyColoursAreLeftOut() {
        let line = StyledLine("x", [.bold, .red])
        #expect(line.encoded(colour: true) == "\u{1B}[1;31mx\u{1B}[0m")
        #expect(line.encoded(colour: false) == "\u{1B}[1mx\u{1B}[0m")
    }

    @Test func wideTablesWrapTheirCells() {
        let lines = MarkdownStyler(width: 24).lines(
            MarkdownDocument(parsing: "|name|text|\n|-|-:|\n|a|one two three four five|"))
        #expect(lines.allSatisfy { $0.width <= 24 })
        #expect(lines.map(\.plain).first?.contains("│") == true)
    }
}
