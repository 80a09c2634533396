import AnycodeCore
import Testing

@testable import AnycodeChat

@Suite struct ConsoleLinesTests {
    private func message(
        _ number: Int, _ markdown: String, _ labels: [String] = [], rings: Bool = false
    ) -> ConsoleMessage {
        ConsoleMessage(
            id: MessageID("m-\(number)"), number: number, nonce: "n\(number)",
            content: OutgoingMessage(
                markdown: markdown, buttons: [labels.map { ChatButton(label: $0, token: "t\(number)\($0)") }],
                rings: rings),
            choices: Array(1..<(labels.count + 1)))
    }

    @Test func linesAppearWhenTheyAreComplete() {
        var lines = ConsoleLines()
        #expect(lines.show(message(1, "one")) == "")
        #expect(lines.show(message(1, "one\ntw")) == "#1 one\n")
        #expect(lines.show(message(1, "one\ntwo\nthree")) == "two\n")
        #expect(
            lines.show(message(2, "Question?", ["Yes", "No"], rings: true)) == "three\n#2 Question?\n[1] Yes  [2] No\n")
        #expect(lines.show(message(1, "one\ntwo\nthree and\nfour")) == "#1+ … and\n")
        #expect(lines.finish() == "four\n")
    }

    @Test func pausesPrintWhatIsHeldBackAndGoOnBehindIt() {
        var lines = ConsoleLines()
        _ = lines.show(message(1, "one tw"))
        #expect(lines.holdsBack)
        #expect(lines.settle() == "#1 one tw")
        #expect(lines.settle() == "")
        #expect(lines.show(message(1, "one two\nthree")) == "o\n")
        #expect(lines.settle() == "three")
        #expect(lines.note("note") == "\nnote\n")
        #expect(lines.show(message(1, "one two\nthree!\nfour")) == "#1+ …!\n")
    }

    @Test func countersAreSaidOnceAndTheirLastValueAtTheEnd() {
        var lines = ConsoleLines()
        #expect(lines.show(message(1, "working 0 s\n\nfirst\n\nx")) == "#1 working 0 s\n\nfirst\n\n")
        #expect(lines.show(message(1, "working 1 s\n\nfirst\n\nx")) == "")
        #expect(lines.show(message(1, "waiting for Ana\n\nfirst\n\nx")) == "waiting for Ana\n")
        #expect(lines.show(message(1, "working 7 s\n\nfirst\n\nx")) == "")
        #expect(lines.finish() == "x\nworking 7 s\n")
        #expect(lines.finish() == "")
    }

    @Test func paragraphsThatDifferInDigitsOnlyAreNoCounters() {
        var lines = ConsoleLines()
        #expect(lines.show(message(1, "Step 1 passed")) == "")
        #expect(lines.show(message(1, "Step 1 passed\n\nStep 2")) == "#1 Step 1 passed\n\n")
        #expect(lines.show(message(1, "Step 1 passed\n\nStep 2 passed\n\nStep")) == "Step 2 passed\n\n")
        #expect(lines.finish() == "Step\n")
    }

    @Test func answeredQuestionsSayOnlyTheAnswer() {
        var lines = ConsoleLines()
        _ = lines.show(message(1, "**Run** `ls`?", ["Yes"], rings: true))
        #expect(lines.show(message(1, "**Run** `ls`?\n\n✓ Ana: Yes", rings: true)) == "\n✓ Ana: Yes\n")
    }

    @Test func tablesWaitUntilTheyAreComplete() {
        var lines = ConsoleLines()
        let table = "| a | b |\n|---|---|\n| 1 | 2 |\n| long | 3 |"
        for end in 1...table.count {
            let said = lines.show(message(1, "x\n\n" + table.prefix(end)))
            #expect(!said.contains("a"), "\(table.prefix(end)): \(said)")
        }
        #expect(lines.settle() == "")
        #expect(lines.finish() == "a    │ b\n─────┼──\n1    │ 2\nlong │ 3\n")
    }

    @Test func anEarlierProcessIsContinued() {
        var first = ConsoleLines()
        _ = first.show(message(1, "one\ntwo\nthr"))
        var second = ConsoleLines()
        second.recall(message(1, "one\ntwo\nthr"), shown: first.extent(of: 1))
        #expect(second.show(message(1, "one\ntwo\nthree\nfour")) == "#1+ three\n")

        _ = first.settle()
        var third = ConsoleLines()
        third.recall(message(1, "one\ntwo\nthr"), shown: first.extent(of: 1))
        #expect(third.show(message(1, "one\ntwo\nthree\nfour")) == "#1+ …ee\n")
    }

    /// Interleaved streams that only grow, with pauses and restarts: every word is printed, once.
    @Test(arguments: 0..<100) func growingMessagesLoseAndRepeatNothing(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var lines = ConsoleLines()
        var contents: [String] = []
        var output = ""
        var count = 0
        for _ in 0..<120 {
            if contents.isEmpty || Int.random(in: 0..<15, using: &random) == 0 { contents.append("") }
            let index = max(0, contents.count - Int.random(in: 1...3, using: &random))
            count += 1
            contents[index] +=
                (["\n", "\n\n", "\n\n- ", " ", " "].randomElement(using: &random) ?? " ") + RandomMarkdown.word(count)
            output += lines.show(message(index, contents[index]))
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1: output += lines.settle()
            case 2: output += lines.note("note")
            case 3:
                var next = ConsoleLines()
                for (number, text) in contents.enumerated() where !text.isEmpty {
                    next.recall(message(number, text), shown: lines.extent(of: number))
                }
                lines = next
                output += "\n"
            default: break
            }
        }
        output += lines.finish()
        for number in contents.indices where !contents[number].isEmpty {
            output += lines.resume(message(number, contents[number]))
        }
        for number in 1...count {
            let found = output.ranges(of: RandomMarkdown.word(number)).count
            #expect(found == 1, "seed \(seed): \(RandomMarkdown.word(number)) is there \(found) times")
        }
    }
}
