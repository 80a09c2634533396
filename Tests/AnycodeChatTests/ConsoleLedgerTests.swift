import AnycodeCore
import Foundation
import Testing

@testable import AnycodeChat

@Suite struct ConsoleLedgerTests {
    private func content(_ text: String, _ labels: String...) -> OutgoingMessage {
        OutgoingMessage(markdown: text, buttons: [labels.map { ChatButton(label: $0, token: $0) }], rings: true)
    }

    private func send(_ ledger: inout ConsoleLedger, _ content: OutgoingMessage, nonce: String) {
        ledger.apply(
            .sent(
                number: ledger.nextNumber, nonce: nonce, content: content,
                choices: ledger.choices(for: content, of: nil)))
    }

    @Test func choicesAreUniqueAndStable() throws {
        var ledger = ConsoleLedger(identity: "i")
        send(&ledger, content("a", "yes", "no"), nonce: "1")
        send(&ledger, content("b", "left", "right"), nonce: "2")
        #expect(ledger.openChoices == [1, 2, 3, 4])
        let first = try #require(ledger.message(MessageID("i-1")))
        ledger.apply(ledger.edit(first, to: content("a!", "no", "later")))
        #expect(ledger.choice(2)?.button.token == "no")
        #expect(ledger.choice(5)?.button.token == "later")
        #expect(ledger.choice(1) == nil)
        ledger.apply(ledger.edit(try #require(ledger.message(MessageID("i-1"))), to: content("done")))
        #expect(ledger.openChoices == [3, 4])
    }

    @Test func messagesAreFoundByNumberAndTag() {
        var ledger = ConsoleLedger(identity: "i")
        send(&ledger, content("🟦 `a1b2` working\n\nc3d4"), nonce: "1")
        send(&ledger, content("🟥 `c3d4` working"), nonce: "2")
        #expect(ledger.message(called: "1")?.number == 1)
        #expect(ledger.message(called: "#2")?.number == 2)
        #expect(ledger.message(called: "A1B2")?.number == 1)
        #expect(ledger.message(called: "c3d4")?.number == 2)
        #expect(ledger.message(called: "9") == nil)
        #expect(ledger.message(MessageID("other-1")) == nil)
    }

    @Test func inputIsChoiceReplyOrText() {
        var ledger = ConsoleLedger(identity: "i")
        send(&ledger, content("a", "yes"), nonce: "1")
        guard case .press(let message, let button, 1) = ConsoleInput.interpret(" 1 ", ledger) else {
            Issue.record("no press")
            return
        }
        #expect(message.number == 1 && button.token == "yes")
        #expect(ConsoleInput.interpret("2", ledger) == .say("2", replyTo: nil))
        #expect(ConsoleInput.interpret("@1 hello there", ledger) == .say("hello there", replyTo: MessageID("i-1")))
        #expect(ConsoleInput.interpret("@nobody hello", ledger) == .say("@nobody hello", replyTo: nil))
        #expect(ConsoleInput.interpret(" /task x\n", ledger) == .say("/task x", replyTo: nil))
    }

    @Test func oldMessagesAreForgottenButNeverTheirNonces() {
        var ledger = ConsoleLedger(identity: "i")
        send(&ledger, content("open", "yes"), nonce: "first")
        for number in 2...500 { send(&ledger, OutgoingMessage(markdown: "m"), nonce: "n\(number)") }
        #expect(ledger.messages.count == ConsoleLedger.keptMessages)
        #expect(ledger.choice(1) != nil)
        #expect(ledger.number(of: "n2") == 2)
        #expect(ledger.message(MessageID("i-2")) == nil)
    }

    @Test(arguments: 0..<40) func theJournalSaysTheSameAfterReopening(seed: UInt64) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "console-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var random = SeededGenerator(seed: seed)
        var ledger = ConsoleLedger(identity: "first")
        var journal = try ConsoleJournal.open(directory: directory, ledger: &ledger)
        for step in 0..<60 {
            let old = ledger.ordered.randomElement(using: &random)
            let text = (old?.content.markdown ?? "") + RandomMarkdown.document(&random)
            let record: ConsoleRecord
            switch (Int.random(in: 0..<6, using: &random), old) {
            case (0...2, let old?): record = ledger.edit(old, to: content(String(text.dropLast(3)), "b\(step)"))
            case (3, let old?):
                record = .shown(number: old.number, lines: Bool.random(using: &random) ? 2 : nil, part: 1)
            case (4, let old?): record = .answered(number: old.number)
            case (5, _): record = .event(ledger.events + 1)
            default:
                let new = content(text, "c\(step)", "d\(step)")
                record = .sent(
                    number: ledger.nextNumber, nonce: "n\(step)", content: new,
                    choices: ledger.choices(for: new, of: nil))
            }
            try journal.append([record], durably: false, ledger: ledger)
            ledger.apply(record)
        }
        if seed % 2 == 0 { try tear(directory) }
        var again = ConsoleLedger(identity: "second")
        let reopened = try ConsoleJournal.open(directory: directory, ledger: &again)
        #expect(again == ledger, "seed \(seed)")
        _ = consume reopened
        _ = consume journal
    }

    /// Appends half a line, as a crash in the middle of a write leaves it.
    private func tear(_ directory: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: directory + "/console.jsonl"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(#"{"event":{"_0":99"#.utf8))
        try file.close()
    }

    @Test func anUnusableDirectoryIsExplained() {
        var ledger = ConsoleLedger(identity: "i")
        #expect(throws: ConsoleError.self) {
            _ = try ConsoleJournal.open(directory: "/proc/none/console", ledger: &ledger)
        }
    }
}
