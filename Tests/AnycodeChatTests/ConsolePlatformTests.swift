import AnycodeCore
import Foundation
import Testing

@testable import AnycodeChat

@Suite(.timeLimit(.minutes(2))) struct ConsolePlatformTests {
    private let place = Conversation(chat: ChatID(platform: PlatformID("console"), value: "main"))

    private func question(_ text: String, rings: Bool = true) -> OutgoingMessage {
        OutgoingMessage(
            markdown: text,
            buttons: [
                [
                    ChatButton(label: "Never", token: "tok-d", style: .danger),
                    ChatButton(label: "Allow", token: "tok-a"), ChatButton(label: "Reject", token: "tok-r"),
                ]
            ], rings: rings)
    }

    @Test func aKnownNonceIsShownOnce() async throws {
        let bench = try ConsoleBench()
        let console = try bench.console()
        let first = try await console.send(OutgoingMessage(markdown: "one", rings: true), to: place, nonce: "n")
        let again = try await console.send(OutgoingMessage(markdown: "one", rings: true), to: place, nonce: "n")
        #expect(first == again)
        #expect(bench.takeOutput() == "#1 one\n")
    }

    @Test func linesOfInputBecomeEventsInOrder() async throws {
        let bench = try ConsoleBench()
        let console = try bench.console()
        _ = try await console.send(question("Sure?"), to: place, nonce: "q")
        bench.type("/task do it\n2\n\n@1 because\nlast")
        bench.closeInput()
        let inbox = RecordingInbox()
        let running = Task { try await console.run(inbox: inbox) { _ in } }
        await console.waitForQuit()
        running.cancel()
        _ = await running.result
        let events = await inbox.events
        #expect(events.count == 4)
        #expect(Set(events.map(\.key)).count == 4)
        guard events.count == 4, case .text(let task) = events[0].content, case .click(let click) = events[1].content,
            case .text(let reply) = events[2].content
        else { Issue.record("wrong kinds: \(events)"); return }
        #expect(task.text == "/task do it")
        #expect(click.token == "tok-a")
        #expect(reply.text == "because")
        #expect(reply.replyTo == click.message)
        #expect(events.allSatisfy { $0.sender.id == PersonID(String(getuid())) && $0.conversation == place })
    }

    @Test func eventsThatTheInboxRefusesComeAgain() async throws {
        let bench = try ConsoleBench()
        let console = try bench.console()
        bench.type("hello\n")
        bench.closeInput()
        let inbox = RecordingInbox(failures: 2)
        for _ in 0..<2 {
            await #expect(throws: RecordingInbox.Refused.self) { try await console.run(inbox: inbox) { _ in } }
        }
        let running = Task { try await console.run(inbox: inbox) { _ in } }
        await console.waitForQuit()
        running.cancel()
        _ = await running.result
        let events = await inbox.events
        #expect(events.count == 1)
    }

    @Test func unattendedQuestionsGetTheirFirstHarmlessOption() async throws {
        let bench = try ConsoleBench()
        let console = try bench.console(autoAnswer: true)
        let inbox = RecordingInbox()
        let running = Task { try await console.run(inbox: inbox) { _ in } }
        _ = try await console.send(question("status", rings: false), to: place, nonce: "s")
        _ = try await console.send(question("Run?"), to: place, nonce: "q")
        let events = await inbox.first(1)
        guard case .click(let click) = events[0].content else { Issue.record("no click"); return }
        #expect(click.token == "tok-a")
        running.cancel()
        _ = await running.result
        #expect(bench.takeOutput().contains("→ chose [5] Allow (no terminal: the first option is chosen)\n"))
    }

    @Test func anotherProcessContinuesWhereThisOneStopped() async throws {
        let bench = try ConsoleBench()
        var before = ""
        let stream: MessageID
        do {
            let first = try bench.console()
            stream = try await first.send(OutgoingMessage(markdown: "working\n\none\ntwo\nth"), to: place, nonce: "a")
            _ = try await first.send(question("Run `ls`?"), to: place, nonce: "b")
            before = bench.takeOutput()
        }
        let second = try bench.console()
        try await second.edit(stream, in: place, to: OutgoingMessage(markdown: "working\n\none\ntwo\nthree\nfour\n\nx"))
        let again = try await second.send(question("Run `ls`?"), to: place, nonce: "b")
        #expect(again.rawValue.hasSuffix("-2"))
        #expect(before == "#1 working\n\none\ntwo\nth\n#2 Run `ls`?\n[1] Never  [2] Allow  [3] Reject\n")
        #expect(bench.takeOutput() == "resuming\n#2+ [1] Never  [2] Allow  [3] Reject\n#1+ …ree\nfour\n\n")
        bench.type("3\n")
        let inbox = RecordingInbox()
        let running = Task { try await second.run(inbox: inbox) { _ in } }
        let events = await inbox.first(1)
        guard case .click(let click) = events[0].content else { Issue.record("no click"); return }
        #expect(click.token == "tok-r")
        #expect(click.message == again)
        running.cancel()
        _ = await running.result
    }

    @Test func aMessageThatWasNotShownBeforeTheEndIsShownAtTheStart() async throws {
        let bench = try ConsoleBench()
        var ledger = ConsoleLedger(identity: "abcd")
        var journal = try ConsoleJournal.open(directory: bench.directory, ledger: &ledger)
        try journal.append(
            [.sent(number: 1, nonce: "n", content: OutgoingMessage(markdown: "hidden", rings: true), choices: [])],
            durably: true, ledger: ledger)
        let console = try bench.console()
        _ = try await console.send(OutgoingMessage(markdown: "hidden", rings: true), to: place, nonce: "n")
        await console.announce("after")
        #expect(bench.takeOutput() == "resuming\n#1 hidden\nafter\n")
        _ = consume journal
    }

    @Test func editsOfUnknownMessagesSaySo() async throws {
        let bench = try ConsoleBench()
        let console = try bench.console()
        await #expect(throws: ChatError.self) {
            try await console.edit(MessageID("x-1"), in: place, to: OutgoingMessage(markdown: "a"))
        }
        await #expect(throws: ChatError.self) {
            let other = Conversation(chat: ChatID(platform: PlatformID("console"), value: "other"))
            _ = try await console.send(OutgoingMessage(markdown: "a"), to: other, nonce: "a")
        }
    }

    @Test func pausesPrintIncompleteLines() async throws {
        let clock = ManualClock()
        let bench = try ConsoleBench()
        let console = try bench.console(clock: clock)
        let inbox = RecordingInbox()
        let (reports, continuation) = AsyncStream.makeStream(of: String.self)
        let running = Task { try await console.run(inbox: inbox) { continuation.yield($0) } }
        for await _ in reports { break }
        let id = try await console.send(OutgoingMessage(markdown: "one tw"), to: place, nonce: "a")
        await clock.waitForSleepers(1)
        #expect(bench.takeOutput() == "")
        clock.advance(by: .seconds(1))
        #expect(await bench.output(until: "tw") == "#1 one tw")
        try await console.edit(id, in: place, to: OutgoingMessage(markdown: "one two\nx"))
        running.cancel()
        _ = await running.result
        #expect(bench.takeOutput() == "o\nx\n")
    }
}
