import TestSupport
import Testing

@testable import AnycodeRuntime

struct MarkdownSplitterTests {
    @Test func shortTextIsOnePiece() {
        #expect(MarkdownSplitter.split("hello", limit: 100) == ["hello"])
        #expect(MarkdownSplitter.split("", limit: 100) == [""])
    }

    @Test func cutsAtLinesThenWordsThenCharacters() {
        let lines = String(repeating: "a", count: 60) + "\n" + String(repeating: "b", count: 60)
        #expect(MarkdownSplitter.split(lines, limit: 100).map { $0.first } == ["a", "b"])
        let words = String(repeating: "word ", count: 40)
        #expect(MarkdownSplitter.split(words, limit: 64).allSatisfy { $0.hasSuffix(" ") })
        #expect(MarkdownSplitter.split(String(repeating: "x", count: 200), limit: 64).count > 3)
    }

    @Test func aFenceIsClosedAndOpenedAgain() {
        let code = "```swift\n" + (0..<20).map { "let line\($0) = \($0)" }.joined(separator: "\n") + "\n```\ndone"
        let pieces = MarkdownSplitter.split(code, limit: 120)
        #expect(pieces.count > 2)
        for piece in pieces.dropLast() { #expect(piece.hasSuffix("\n```")) }
        for piece in pieces.dropFirst().dropLast() { #expect(piece.hasPrefix("```swift\n")) }
    }

    @Test func aLongerFenceIsNotClosedByAShorterOne() {
        let text = "````md\n```\ninner\n```\n" + String(repeating: "line\n", count: 40) + "````\nafter"
        let pieces = MarkdownSplitter.split(text, limit: 100)
        for piece in pieces.dropLast() where piece.hasPrefix("````md") { #expect(piece.hasSuffix("\n````")) }
        #expect(pieces.last?.hasSuffix("after") == true)
    }

    @Test func aCharacterLongerThanTheLimitIsCut() {
        let monster = "e" + String(repeating: "\u{301}", count: 300)
        let pieces = MarkdownSplitter.split(monster, limit: 64)
        #expect(pieces.allSatisfy { $0.utf16.count <= 64 })
        #expect(pieces.joined().unicodeScalars.elementsEqual(monster.unicodeScalars))
    }

    @Test(arguments: 0..<200)
    func piecesFitAndLoseNothing(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let alphabet = [
            "word", " ", " ", "\n", "\n\n", "👩‍👩‍👧‍👦", "é", "e\u{301}", "🇩🇪", "漢字", "`code`", "**bold**", "\r\n", "x",
            String(repeating: "long", count: 30),
        ]
        let text = (0..<Int(random.next(upperBound: UInt64(600)))).map { _ in
            alphabet[Int(random.next(upperBound: UInt64(alphabet.count)))]
        }.joined()
        let limit = 64 + Int(random.next(upperBound: UInt64(400)))
        let pieces = MarkdownSplitter.split(text, limit: limit)
        #expect(pieces.joined() == text, "without fences the pieces are the text")
        #expect(pieces.allSatisfy { $0.utf16.count <= limit })
        #expect(pieces.reduce(0) { $0 + $1.count } == text.count, "no character is cut")
    }

    @Test(arguments: 0..<200)
    func fencedPiecesFitAndStandAlone(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed) &+ 1000)
        var lines: [String] = []
        for _ in 0..<Int(random.next(upperBound: UInt64(12))) {
            let fence = ["```", "```swift", "````", "~~"][Int(random.next(upperBound: UInt64(4)))]
            if fence.hasPrefix("`") { lines.append(fence) }
            for _ in 0..<Int(random.next(upperBound: UInt64(30))) {
                lines.append((0..<Int(random.next(upperBound: UInt64(12)))).map { "w\($0)" }.joined(separator: " "))
            }
            if fence.hasPrefix("`") { lines.append(String(fence.prefix { $0 == "`" })) }
        }
        let text = lines.joined(separator: "\n")
        let limit = 100 + Int(random.next(upperBound: UInt64(300)))
        let pieces = MarkdownSplitter.split(text, limit: limit)
        for piece in pieces {
            #expect(piece.utf16.count <= limit)
            #expect(!Self.isFenceOpen(piece), "an open fence in:\n\(piece)")
        }
        let words = { (text: String) in text.split { $0.isWhitespace }.filter { !$0.hasPrefix("`") }.map(String.init) }
        #expect(pieces.flatMap(words) == words(text))
    }

    @Test func aLongTextIsSplitInLinearTime() {
        let text = String(repeating: "All work and no play makes Jack a dull boy. ", count: 25_000)
        let clock = ContinuousClock()
        let small = clock.measure { _ = MarkdownSplitter.split(String(text.prefix(100_000)), limit: 4096) }
        let large = clock.measure { _ = MarkdownSplitter.split(text, limit: 4096) }
        #expect(large < small * 60 + .milliseconds(200), "11 times the text took \(large) after \(small)")
    }

    @Test func shorteningKeepsBothEnds() {
        let text = "first line\n" + String(repeating: "body body\n", count: 100) + "→ **Allow once** (Ana)"
        let short = MarkdownSplitter.shorten(text, limit: 200)
        #expect(short.utf16.count <= 200)
        #expect(short.hasPrefix("first line\n"))
        #expect(short.hasSuffix("→ **Allow once** (Ana)"))
        #expect(MarkdownSplitter.shorten("short", limit: 64) == "short")
    }

    @Test func clippingCutsNoCharacter() {
        #expect(MarkdownSplitter.clip("ab👩‍👩‍👧‍👦c", limit: 5) == "ab")
        #expect(MarkdownSplitter.clip("abc", limit: 5) == "abc")
    }

    static func isFenceOpen(_ text: String) -> Bool {
        var open = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let length = line.prefix { $0 == "`" }.count
            guard length >= 3 else { continue }
            if open == 0 { open = length } else if length >= open, line.count == length { open = 0 }
        }
        return open > 0
    }
}
