import Testing

@testable import AnycodeControl

@Suite struct WordsTests {
    @Test(arguments: [
        (-3, "0 s"), (0.4, "0 s"), (41.9, "41 s"), (99.9, "99 s"), (100, "1 min"), (5_999, "99 min"), (6_000, "1 h"),
        (7_300, "2 h"), (172_799, "47 h"), (172_800, "2 d"), (.infinity, "1000000 d"),
    ])
    func timesAreRelative(seconds: Double, text: String) {
        #expect(words(for: seconds) == text)
    }

    @Test func waitsNameWhomAndForWhat() {
        let permission = TreeNode.Waiting(reason: "permission \"rm\"", on: "Ana", seconds: 41)
        #expect(words(for: permission) == "waiting for Ana: permission \"rm\", 41 s")
        #expect(words(for: .init(reason: "flood wait", seconds: 2, deadline: 12)) == "flood wait, 2 s, 12 s left")
        #expect(words(for: .init(reason: "clone", seconds: 200, deadline: -1)) == "clone, 3 min, overdue")
    }

    @Test func idsAreAsShortAsTheyMayBe() {
        let ids = ["3f9a1c20aaaa", "3f9a1c20abbb", "77777777cccc"]
        #expect(ids.map { shortID($0, among: ids) } == ["3f9a1c20aa", "3f9a1c20ab", "77777777"])
        #expect(shortID("ab", among: ["ab"]) == "ab")
    }

    @Test(arguments: [
        ("abc", 3), ("ä", 1), ("e\u{301}", 1), ("漢字", 4), ("👩‍💻", 2), ("❤️", 2), ("│", 1), ("", 0), ("ｱ", 1),
    ])
    func columnsAreThoseOfATerminal(text: String, count: Int) {
        #expect(columns(of: text) == count)
    }

    @Test func nothingSteersTheTerminal() {
        #expect(printable("a\u{1B}[31mb\u{9B}c\nd\u{202E}e\t\u{7}") == "a\u{FFFD}[31mb\u{FFFD}c d\u{FFFD}e \u{FFFD}")
    }

    @Test func linesAreCutToTheWidthWithoutCuttingCharacters() {
        let style = Style(isColoured: false, width: 6)
        #expect(style.line([Span("abc"), Span("def")]) == "abcdef")
        #expect(style.line([Span("abc"), Span("defg")]) == "abcde…")
        #expect(style.line([Span("ab漢字x"), Span("y")]) == "ab漢…")
        #expect(style.line([Span("ab   ")]) == "ab")
        #expect(Style(isColoured: true, width: 3).line([Span("abcd", .red)]) == "\u{1B}[31mab\u{1B}[0m…")
    }
}
