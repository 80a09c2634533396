import Testing

@testable import AnycodeChat

@Suite struct MarkdownDocumentTests {
    private func blocks(_ source: String) -> [MarkdownBlock] { MarkdownDocument(parsing: source).blocks }

    @Test func inlineStylesNest() {
        #expect(
            blocks("a **b _c_** `d` ~~e~~") == [
                .paragraph([
                    .text("a "), .strong([.text("b "), .emphasis([.text("c")])]), .text(" "), .code("d"), .text(" "),
                    .strikethrough([.text("e")]),
                ])
            ])
    }

    @Test func blocksAreRecognised() {
        #expect(blocks("# T") == [.heading(level: 1, [.text("T")])])
        #expect(blocks("```swift x\nlet a\n\n```") == [.code(info: "swift x", text: "let a\n")])
        #expect(blocks("> q") == [.quote([.paragraph([.text("q")])])])
        #expect(blocks("a\n\n---\n") == [.paragraph([.text("a")]), .rule])
        #expect(blocks("a\nb  \nc") == [.paragraph([.text("a"), .softBreak, .text("b"), .hardBreak, .text("c")])])
    }

    @Test func listsKeepStartTightnessAndTasks() throws {
        guard case .list(let list) = try #require(blocks("7. a\n8. b").first) else { Issue.record("no list"); return }
        #expect(list.start == 7)
        #expect(list.isTight)
        #expect(list.items.count == 2)
        guard case .list(let tasks) = try #require(blocks("- [x] a\n- [ ] b\n- c").first) else { return }
        #expect(tasks.items.map(\.isChecked) == [true, false, nil])
    }

    @Test func tablesHaveAlignments() throws {
        guard case .table(let table) = try #require(blocks("|a|b|c|d|\n|-|:-|:-:|-:|\n|1|2|3|").first) else {
            Issue.record("no table")
            return
        }
        #expect(table.alignments == [.none, .left, .center, .right])
        #expect(table.rows == [[[.text("1")], [.text("2")], [.text("3")], []]])
    }

    @Test func tablesThatWouldLoseCellsStaySource() {
        let source = "|a|b|\n|-|-|\n|1|2|lost?|"
        #expect(blocks(source) == [.code(info: nil, text: source)])
    }

    @Test func linksAndAutolinks() {
        #expect(
            blocks("[t](http://x \"y\") https://e.org") == [
                .paragraph([
                    .link(destination: "http://x", title: "y", [.text("t")]), .text(" "),
                    .link(destination: "https://e.org", title: nil, [.text("https://e.org")]),
                ])
            ])
    }

    @Test func linkDefinitionsStayVisible() {
        #expect(blocks("[a]: http://x") != [])
        #expect(plain("[a]: http://x\n\n`x]: y`") == "[a]: http://x\n\n`x]: y`")
    }

    @Test func deepNestingBecomesText() {
        let deep = String(repeating: "> ", count: 3000) + "bottom"
        #expect(plain(deep).contains("bottom"))
        let stars = String(repeating: "*a _b ", count: 2000) + "end" + String(repeating: "_*", count: 2000)
        #expect(plain(stars).contains("end"))
    }

    @Test func hugeSourceIsNotParsed() {
        let source = String(repeating: "a *b*\n", count: 60000)
        #expect(blocks(source) == [.code(info: nil, text: source)])
    }

    @Test func parsingIsSafeFromManyThreads() async {
        let results = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask { MarkdownDocument(parsing: "~~a\(index)~~ https://e.org |").blocks.count == 1 }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 })
    }

    private func plain(_ source: String) -> String {
        MarkdownStyler(width: nil, isPlain: true).lines(MarkdownDocument(parsing: source)).map(\.plain)
            .joined(separator: "\n")
    }

    @Test(arguments: 0..<150) func nothingIsLostFromRandomDocumentsAndTheirPrefixes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let source = RandomMarkdown.document(&random)
        for end in [source.count] + (0..<8).map({ _ in Int.random(in: 0...source.count, using: &random) }) {
            let prefix = String(source.prefix(end))
            let words = RandomMarkdown.words(of: prefix)
            let document = MarkdownDocument(parsing: prefix)
            for width in [nil, 20, 57] {
                let styler = MarkdownStyler(width: width, isPlain: width == nil)
                let lines = styler.lines(document)
                if let width { #expect(lines.allSatisfy { $0.width <= width }, "seed \(seed)") }
                let text = lines.map(\.plain).joined(separator: width == nil ? " " : "")
                let squeezed = text.filter { $0.isLetter || $0.isNumber || $0 == "_" }
                for word in words {
                    #expect(squeezed.contains(word), "seed \(seed), width \(width ?? 0): \(word) of \(prefix)")
                }
            }
        }
    }
}

/// Markdown of words that occur once each.
enum RandomMarkdown {
    static func document(_ random: inout SeededGenerator) -> String {
        var count = 0
        func word() -> String {
            count += 1
            return "w\(count)q"
        }
        let pieces: [() -> String] = [
            { word() + " " + word() }, { "**" + word() + "**" }, { "_" + word() + " " }, { "`" + word() + "`" },
            { "~~" + word() + "~~" }, { "[" + word() + "](http://" + word() + ")" }, { "![" + word() + "](" + word() },
            { "\n" }, { "\n\n" }, { "\n- " + word() }, { "\n  1. " + word() }, { "\n> " + word() },
            { "\n# " + word() }, { "\n```" + word() + "\n" + word() + "\n" }, { "\n```\n" }, { "\n\n---\n\n" },
            { "\n\n| " + word() + " | " + word() + " |\n|---|:-:|\n| " + word() + " | " + word() + " |\n" },
            { " | " + word() }, { "<b>" + word() }, { "\n<div>" + word() + "\n" }, { "[" + word() + "]: " + word() },
            { "\n- [x] " + word() }, { "    " + word() }, { "日本語" + word() }, { "https://" + word() + ".org " },
            { "* " }, { "\\" }, { "&amp; " }, { "<!-- " + word() + " -->" }, { "\u{1B}[2J" }, { "👩‍👩‍👧 " },
        ]
        var result = ""
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            result += pieces[Int.random(in: 0..<pieces.count, using: &random)]()
            if Bool.random(using: &random) { result += " " }
        }
        return result
    }

    /// The word of a number, in letters alone.
    static func word(_ number: Int) -> String {
        "w"
            + String(
                String(number, radix: 16).unicodeScalars.map { scalar in
                    Character(Unicode.Scalar(scalar.value < 0x3A ? scalar.value + 0x31 : scalar.value + 10) ?? "?")
                }) + "q"
    }

    /// The complete words of a prefix.
    static func words(of text: String) -> [String] {
        text.matches(of: /w[0-9]+q/).map { String($0.output) }
    }
}
