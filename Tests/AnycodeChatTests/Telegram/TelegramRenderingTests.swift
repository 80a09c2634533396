import FakeTelegram
import Foundation
import TestJSON
import Testing

@testable import AnycodeChat

@Suite struct TelegramRenderingTests {
    /// The text under each entity.
    private func shown(_ markdown: String) -> [String] {
        let text = TelegramRenderer.render(markdown)
        let units = Array(text.text.utf16)
        return text.entities.map { entity in
            let part = String(decoding: units[entity.offset..<entity.end], as: UTF16.self)
            return "\(entity.kind.wireName)[\(part)]"
        }
    }

    @Test func stylesBecomeEntities() {
        #expect(shown("a **b** _c_ ~~d~~ `e`") == ["bold[b]", "italic[c]", "strikethrough[d]", "code[e]"])
        #expect(TelegramRenderer.render("a **b** _c_ ~~d~~ `e`").text == "a b c d e")
    }

    @Test func offsetsCountUTF16() {
        let text = TelegramRenderer.render("👩‍👩‍👧 **é😀**")
        #expect(text.entities == [TelegramEntity(kind: .bold, offset: 9, length: "é😀".utf16.count)])
    }

    @Test func codeInBoldTextIsOnlyCode() {
        #expect(shown("**a `b` c**") == ["bold[a ]", "code[b]", "bold[ c]"])
    }

    @Test func nestedStylesLieWithinEachOther() {
        #expect(shown("**a *b* c**") == ["bold[a b c]", "italic[b]"])
        #expect(shown("*a **b***") == ["italic[a b]", "bold[b]"] || shown("*a **b***").count >= 2)
    }

    @Test func fencesCarryTheirLanguage() {
        let text = TelegramRenderer.render("x\n```swift\nlet a = 1\n\n  b\n```\ny")
        #expect(text.text == "x\n\nlet a = 1\n\n  b\n\ny")
        #expect(text.entities.map(\.kind) == [.pre(language: "swift")])
    }

    @Test func openFenceIsAlreadyCode() {
        #expect(shown("```\nlet") == ["pre[let]"])
    }

    @Test func linksThatTelegramRefusesAreText() {
        #expect(shown("[a](https://example.com/x)") == ["text_link[a]"])
        #expect(TelegramRenderer.render("[main](Sources/main.swift)").text == "main (Sources/main.swift)")
        #expect(TelegramRenderer.render("[x](http://localhost:80/)").text == "x (http://localhost:80/)")
        #expect(shown("[x](javascript:alert)").isEmpty)
    }

    @Test func listsShowTheirMarks() {
        let text = TelegramRenderer.render("- a\n  - b\n- [x] c\n\n3. d\n4. e").text
        #expect(text == "• a\n  • b\n☑ c\n\n3. d\n4. e")
    }

    @Test func quotesDoNotNest() {
        let text = TelegramRenderer.render("> a\n> > b\n>\n> `c`")
        #expect(text.text == "a\n\n> b\n\nc")
        #expect(text.entities.map(\.kind) == [.quote, .code])
    }

    @Test func longQuotesFold() {
        let quote = (1...20).map { "> line \($0)  " }.joined(separator: "\n")
        #expect(TelegramRenderer.render(quote).entities.map(\.kind) == [.expandableQuote])
    }

    @Test func tablesAreAligned() {
        let text = TelegramRenderer.render("| a | bb |\n|---|---:|\n| ccc | 1 |")
        #expect(text.text == "a   │ bb\n────┼───\nccc │  1")
        #expect(text.entities.map(\.kind) == [.pre(language: nil)])
    }

    @Test func controlCharactersAreShownNotSent() {
        #expect(TelegramRenderer.render("a\u{1B}[31mb").text == "a␛[31mb")
    }

    @Test func atMostAHundredEntities() {
        let text = TelegramRenderer.render((0..<300).map { "**\($0)** [a](https://b.c/\($0))" }.joined(separator: " "))
        #expect(text.entities.count == 100)
        for number in 70..<300 { #expect(text.text.contains("a (https://b.c/\(number))")) }
    }

    // MARK: Fitting

    @Test func layoutThatGrowsTooLongFallsBackToItsSource() {
        let wide = String(repeating: "x", count: 50)
        let table = "| \(wide) | b |\n|--|--|\n" + String(repeating: "| a | b |\n", count: 150)
        let message = TelegramRenderer.message(table)
        #expect(message.units <= 4096)
        #expect(message.text.count(where: { $0 == "a" }) == 150)
    }

    @Test func sourceThatIsTooLongIsCut() {
        let message = TelegramRenderer.message(String(repeating: "word ", count: 2000))
        #expect(message.units <= 4096)
        #expect(message.text.hasSuffix("…"))
    }

    @Test func cutsLieBetweenLinesAndOutsideOfEntities() {
        let text = TelegramText(
            "aaaa\nbbbb cccc", entities: [TelegramEntity(kind: .bold, offset: 5, length: 9)])
        #expect(text.pieces(limit: 10).map(\.text) == ["aaaa", "bbbb cccc"])
        #expect(text.pieces(limit: 10)[1].entities == [TelegramEntity(kind: .bold, offset: 0, length: 9)])
    }

    @Test func tooLongEntitiesGoOnInTheNextPiece() {
        let code = (0..<100).map { "line \($0)" }.joined(separator: "\n")
        let pieces = TelegramRenderer.render("```swift\n\(code)\n```").pieces(limit: 200)
        for piece in pieces {
            let whole = TelegramEntity(kind: .pre(language: "swift"), offset: 0, length: piece.units)
            #expect(piece.entities == [whole])
        }
        #expect(pieces.map(\.text).joined(separator: "\n") == code)
    }

    @Test func graphemesAndSurrogatePairsStayWhole() {
        let family = "👨‍👩‍👧‍👦"
        let pieces = TelegramText(String(repeating: family, count: 10)).pieces(limit: 25)
        #expect(pieces.map(\.text) == Array(repeating: family + family, count: 5))
        let zalgo = "e" + String(repeating: "\u{301}", count: 50)
        #expect(TelegramText(zalgo).pieces(limit: 20).map(\.text.unicodeScalars.count).reduce(0, +) == 51)
        let flat = TelegramText(String(repeating: "\u{1F600}\u{200D}", count: 30)).pieces(limit: 8)
        #expect(flat.allSatisfy { !$0.text.unicodeScalars.contains("\u{FFFD}") })
    }
}
