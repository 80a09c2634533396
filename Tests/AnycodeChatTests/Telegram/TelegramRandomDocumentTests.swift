import FakeTelegram
import Foundation
import TestJSON
import Testing

@testable import AnycodeChat

/// Random Markdown, and prefixes of it as they stream in.
@Suite struct TelegramRandomDocumentTests {
    /// `TELEGRAM_DOCUMENTS` sets how many, `TELEGRAM_FIRST_DOCUMENT` where to begin; each is rendered whole and as three
    /// prefixes.
    private static let count = number("TELEGRAM_DOCUMENTS") ?? 1500
    private static let first = number("TELEGRAM_FIRST_DOCUMENT") ?? 0

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test(arguments: 0..<8) func everyDocumentRendersToValidEntitiesAndLosesNothing(part: Int) throws {
        for number in Self.first / 8..<(Self.first + Self.count) / 8 {
            let seed = UInt64(part) << 32 + UInt64(number)
            var generator = SeededGenerator(seed: seed)
            let document = WildMarkdown.document(using: &generator)
            try check(document, seed)
            for _ in 0..<3 {
                let length = Int.random(in: 0...document.unicodeScalars.count, using: &generator)
                try check(String(String.UnicodeScalarView(document.unicodeScalars.prefix(length))), seed)
            }
        }
    }

    private func check(_ markdown: String, _ seed: UInt64) throws {
        let tree = MarkdownDocument(parsing: markdown)
        let text = TelegramRenderer.render(tree)
        let problem = try self.problem(text)
        try #require(problem == nil, "seed \(seed): \(markdown.debugDescription)")
        let lost = Self.lost(Self.words(of: tree.blocks), in: text.text)
        try #require(lost.isEmpty, "seed \(seed) lost \(lost): \(markdown.debugDescription)")
        for limit in [30, 200, 4096] {
            let pieces = text.pieces(limit: limit)
            for piece in pieces {
                try #require(piece.units <= limit && !piece.text.isEmpty, "seed \(seed)")
                let problem = try self.problem(piece)
                try #require(problem == nil, "seed \(seed): \(markdown.debugDescription)")
            }
            let joined = pieces.map(\.text).joined()
            try #require(
                Self.withoutSpace(joined) == Self.withoutSpace(text.text),
                "seed \(seed): cutting at \(limit) changed the text")
        }
        let message = TelegramRenderer.message(markdown)
        let flaw = try self.problem(message)
        try #require(message.units <= 4096 && flaw == nil, "seed \(seed)")
    }

    private func problem(_ text: TelegramText) throws -> String? {
        let json = try JSON(parsing: Array(JSONEncoder().encode(text.entities)))
        return EntityRules.problem(json, in: text.text)
    }

    private static func withoutSpace(_ text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter { !$0.properties.isWhitespace }
    }

    /// Letters and digits that the document has more often than the text.
    private static func lost(_ words: String, in text: String) -> [Unicode.Scalar] {
        var counts: [Unicode.Scalar: Int] = [:]
        for scalar in text.unicodeScalars { counts[scalar, default: 0] += 1 }
        var lost: [Unicode.Scalar] = []
        for scalar in words.unicodeScalars where scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        {
            counts[scalar, default: 0] -= 1
            if counts[scalar, default: 0] < 0 { lost.append(scalar) }
        }
        return lost
    }

    // MARK: What must be shown

    private static func words(of blocks: [MarkdownBlock]) -> String {
        blocks.map { block in
            switch block {
            case .paragraph(let inlines), .heading(_, let inlines): words(of: inlines)
            case .code(_, let text), .html(let text): text
            case .quote(let inner): words(of: inner)
            case .list(let list): list.items.map { words(of: $0.blocks) }.joined()
            case .table(let table): ([table.header] + table.rows).joined().map { words(of: $0) }.joined()
            case .rule: ""
            }
        }.joined()
    }

    private static func words(of inlines: [MarkdownInline]) -> String {
        inlines.map { inline in
            switch inline {
            case .text(let text), .code(let text), .html(let text): text
            case .emphasis(let inner), .strong(let inner), .strikethrough(let inner): words(of: inner)
            case .link(_, let title, let inner), .image(_, let title, let inner): words(of: inner) + (title ?? "")
            case .softBreak, .hardBreak: ""
            }
        }.joined()
    }
}

/// Documents that use, and misuse, everything.
enum WildMarkdown {
    private static let pieces = [
        "**", "*", "_", "__", "~~", "`", "``", "```\n", "```swift\n", "~~~ruby x=1\n", "\n", "\n\n", "\n\n", "> ",
        "> > ",
        "- ", "  - ", "    - ", "1. ", "7) ", "- [ ] ", "- [x] ", "# ", "### ", "---\n", "===\n",
        "| a | b |\n|:--|--:|\n",
        "| `c` | **d** |\n", "[", "](", "](https://example.com/a?b=1)", "](src/x.swift \"t\")", "![", ")", "<b>",
        "</b>",
        "<details>\n", "<!-- c -->", "\\", "\\*", "&amp;", "&", "https://swift.org/x", "me@example.com", "word", "zwei",
        "три", "四五六", "שלום", "مرحبا", "é", "e\u{301}", "😀", "👩‍👩‍👧", "🇩🇪", "\u{200D}", "\u{301}", "\t", "    ",
        "\u{1B}[0m", "\u{7F}", "\u{202E}", "\r\n", " ", "  \n", "a b c", "0123456789", "@name", "/task", "[x]: y\n",
        "[^1]", "$x^2$", "::", "║", "\u{10FFFF}", "\u{0}",
    ]

    static func document(using generator: inout SeededGenerator) -> String {
        let length = Int.random(in: 1...60, using: &generator)
        return (0..<length).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
    }
}
