import AnycodeCore
import TestSupport
import Testing

@testable import AnycodeRuntime

struct OutboxMachineTests {
    private let session = SessionID("a")
    private let conversation = Conversation(chat: Sample.room)

    private func slot(_ key: String, _ text: String, _ priority: SendPriority = .stream) -> MessageSlot {
        MessageSlot(key: key, message: OutgoingMessage(markdown: text), priority: priority)
    }

    private func machine(_ limits: ChatLimits = ChatLimits(textUnits: 400)) -> OutboxMachine {
        var machine = OutboxMachine(limits: limits)
        machine.open(session, in: conversation, shown: [:])
        return machine
    }

    private func sending(_ operation: OutboxMachine.Operation?) -> OutboxMachine.Send? {
        if case .send(let send)? = operation { send } else { nil }
    }

    private func editing(_ operation: OutboxMachine.Operation?) -> OutboxMachine.Edit? {
        if case .edit(let edit)? = operation { edit } else { nil }
    }

    @Test func aNoticeThatWasPostedIsNotTakenAgainFromAnOlderLookAtTheStore() {
        var machine = machine()
        let notice = OutboxMachine.Notice(
            sequence: 7, conversation: conversation, message: OutgoingMessage(markdown: "n"), nonce: "n",
            isRepeat: false)
        machine.add(notice)
        machine.finished(notice)
        machine.add(notice)
        #expect(machine.next() == nil)
    }

    @Test func aNoticeThatSomebodyWaitsForIsPostedOnceMoreWhenItsOutcomeIsUnknown() {
        var machine = machine()
        for (sequence, rings) in [(Int64(1), true), (2, false)] {
            var message = OutgoingMessage(markdown: "n")
            message.rings = rings
            let notice = OutboxMachine.Notice(
                sequence: sequence, conversation: conversation, message: message, nonce: "n", isRepeat: false)
            machine.add(notice)
            #expect(machine.repeats(notice) == rings)
            if let again = machine.notices.first(where: { $0.sequence == sequence }), rings {
                #expect(again.isRepeat && !machine.repeats(again))
            }
        }
    }

    @Test func missingMessagesAreSentInOrder() throws {
        var machine = machine()
        machine.present([slot("head", "h", .notice), slot("p", "text"), slot("q", "?", .question)], of: session)
        for key in ["head", "p", "q"] {
            let send = try #require(sending(machine.next()))
            #expect(send.key == key)
            #expect(send.priority == .question, "as urgent as the question behind it")
            machine.sent(send, as: MessageID(key))
        }
        #expect(machine.next() == nil)
        #expect(machine.isSettled(session))
        #expect(machine.backlog == 0)
    }

    @Test func theNewestViewWinsAndIdenticalContentCostsNothing() throws {
        var machine = machine()
        machine.present([slot("p", "one")], of: session)
        machine.sent(try #require(sending(machine.next())), as: MessageID("m"))
        machine.present([slot("p", "one")], of: session)
        #expect(machine.next() == nil)
        machine.present([slot("p", "two")], of: session)
        machine.present([slot("p", "three")], of: session)
        let edit = try #require(editing(machine.next()))
        #expect(edit.message.markdown == "three")
        #expect(edit.id == MessageID("m"))
        machine.edited(edit)
        #expect(machine.next() == nil)
    }

    @Test func anEditThatMayHaveBeenMadeIsUndoneWhenTheOldTextIsWantedAgain() throws {
        var machine = machine()
        machine.present([slot("p", "one")], of: session)
        machine.sent(try #require(sending(machine.next())), as: MessageID("m"))
        machine.present([slot("p", "two")], of: session)
        machine.outcomeUnknown(try #require(editing(machine.next())))
        machine.present([slot("p", "one")], of: session)
        #expect(!machine.isSettled(session))
        #expect(try #require(editing(machine.next())).message.markdown == "one")
    }

    @Test func finalsAndQuestionsGoBeforeStreamEditsOfAnySession() throws {
        var machine = machine()
        machine.present([slot("p", "one")], of: session)
        machine.sent(try #require(sending(machine.next())), as: MessageID("m"))
        machine.present([slot("p", "two")], of: session)
        machine.open(SessionID("b"), in: conversation, shown: [:])
        machine.present([slot("f", "final", .final)], of: SessionID("b"))
        machine.add(
            .init(sequence: 1, conversation: conversation, message: .init(markdown: "n"), nonce: "n", isRepeat: false))
        #expect(sending(machine.next())?.session == SessionID("b"))
        machine.sent(try #require(sending(machine.next())), as: MessageID("f"))
        #expect(machine.next()?.priority == .notice)
        guard case .notice(let notice)? = machine.next() else { Issue.record("no notice"); return }
        machine.finished(notice)
        #expect(editing(machine.next())?.message.markdown == "two")
    }

    @Test func aFinalEditGoesBeforeAMissingStreamMessage() throws {
        var machine = machine()
        machine.present([slot("q", "?", .question)], of: session)
        machine.sent(try #require(sending(machine.next())), as: MessageID("q"))
        machine.present([slot("q", "answered", .question), slot("p", "more")], of: session)
        #expect(editing(machine.next())?.key == "q")
    }

    @Test func aPossibleRepeatIsLabelledUnlessThePlatformRecognisesIt() throws {
        for dedupes in [false, true] {
            var machine = machine(ChatLimits(textUnits: 400, deduplicatesSends: dedupes))
            machine.present([slot("q", "?", .question)], of: session)
            let first = try #require(sending(machine.next()))
            machine.outcomeUnknown(first)
            #expect(!machine.isSettled(session))
            let second = try #require(sending(machine.next()))
            #expect(second.nonce == first.nonce)
            #expect(second.attempts == 2)
            #expect(second.message.markdown.hasPrefix("*(possibly a repeat)*") == !dedupes)
            machine.notSent(second)
            #expect(sending(machine.next())?.message == second.message, "still a possible repeat")
        }
    }

    @Test func aPossibleRepeatSaysSoInItsEditsToo() throws {
        var machine = machine()
        machine.present([slot("p", "one")], of: session)
        machine.outcomeUnknown(try #require(sending(machine.next())))
        let again = try #require(sending(machine.next()))
        machine.sent(again, as: MessageID("m"))
        #expect(machine.isSettled(session))
        for text in ["two", "three"] {
            machine.present([slot("p", text)], of: session)
            let edit = try #require(editing(machine.next()))
            #expect(edit.message.markdown == "*(possibly a repeat)*\n" + text)
            machine.edited(edit)
            #expect(machine.isSettled(session))
        }
    }

    @Test func aRefusedMessageIsLetGo() throws {
        var machine = machine()
        machine.present([slot("p", "bad"), slot("f", "final", .final)], of: session)
        let send = try #require(sending(machine.next()))
        machine.gaveUp(send.session, send.key, message: nil, digest: send.digest)
        #expect(sending(machine.next())?.key == "f")
    }

    @Test func aDeletedQuestionIsAskedAnewAndADeletedLineIsLetGo() throws {
        var machine = machine(ChatLimits(textUnits: 400, deduplicatesSends: true))
        machine.present([slot("p", "x"), slot("q", "?", .question)], of: session)
        machine.sent(try #require(sending(machine.next())), as: MessageID("p"))
        let first = try #require(sending(machine.next()))
        machine.sent(first, as: MessageID("q"))
        machine.present([slot("p", "y"), slot("q", "answered", .question)], of: session)
        machine.messageIsGone(try #require(editing(machine.next())))
        let again = try #require(sending(machine.next()))
        #expect(again.key == "q")
        #expect(again.nonce != first.nonce, "the known nonce would name the deleted message")
        #expect(!again.message.markdown.contains("repeat"))
        machine.sent(again, as: MessageID("q2"))
        machine.messageIsGone(try #require(editing(machine.next())))
        #expect(machine.isSettled(session))
    }

    @Test func closedSessionsAreForgotten() {
        var machine = machine()
        machine.present([slot("p", "x")], of: session)
        machine.close(session)
        #expect(machine.desks.isEmpty)
        #expect(machine.next() == nil)
        machine.present([slot("p", "y")], of: session)
        #expect(machine.desks.isEmpty)
    }

    @Test func aNoticeIsQueuedOnce() {
        var machine = machine()
        for _ in 0..<2 {
            machine.add(
                .init(
                    sequence: 1, conversation: conversation, message: .init(markdown: "n"), nonce: "n", isRepeat: false)
            )
        }
        #expect(machine.notices.count == 1)
    }

    /// Whatever is presented and whatever comes of the calls: once views and faults rest, the chat equals the views.
    @Test(arguments: 0..<300)
    func theChatComesToShowTheViews(_ seed: Int) {
        var world = OutboxWorld(seed: UInt64(seed))
        world.run()
        world.checkEqual()
    }
}

/// A chat, an outbox and everything that can come of a call.
private struct OutboxWorld {
    var random: SplitMix64
    var machine: OutboxMachine
    var views: [SessionID: [MessageSlot]] = [:]
    /// Message id → what people see; `nil` when deleted.
    var chat: [(id: MessageID, nonce: String, text: String?)] = []
    var deleted: Set<String> = []

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        machine = OutboxMachine(limits: ChatLimits(textUnits: 400, deduplicatesSends: seed % 3 == 0))
    }

    private mutating func number(_ limit: Int) -> Int { Int(random.next(upperBound: UInt64(limit))) }

    mutating func run() {
        for _ in 0..<150 {
            switch number(5) {
            case 0: present()
            case 1 where random.chance(1, in: 6): restart()
            case 2 where random.chance(1, in: 8): deleteSomething()
            default: if let next = machine.next() { carryOut(next, faults: true) }
            }
        }
        var steps = 0
        while let next = machine.next(), steps < 500 {
            steps += 1
            carryOut(next, faults: false)
        }
        #expect(steps < 500, "it never comes to rest")
    }

    private mutating func present() {
        let session = SessionID("s\(number(3))")
        var slots = views[session] ?? []
        if slots.count < 8, random.chance(1, in: 2) {
            slots.append(slot("k\(slots.count)", [.stream, .question, .final][number(3)]))
        } else if !slots.isEmpty {
            let place = number(slots.count)
            slots[place] = slot(slots[place].key, slots[place].priority)
        }
        views[session] = slots
        if !machine.knows(session) { machine.open(session, in: Conversation(chat: Sample.room), shown: [:]) }
        machine.present(slots, of: session)
    }

    private mutating func slot(_ key: String, _ priority: SendPriority) -> MessageSlot {
        MessageSlot(key: key, message: OutgoingMessage(markdown: "text \(number(1000))"), priority: priority)
    }

    /// As the store would give it back to a new incarnation; a send in progress would be unknown.
    private mutating func restart() {
        let desks = machine.desks
        machine = OutboxMachine(limits: machine.limits)
        for (session, desk) in desks.sorted(by: { $0.key < $1.key }) {
            machine.open(session, in: desk.conversation, shown: desk.shown.filter { $0.value.state != .gone })
            machine.present(views[session] ?? [], of: session)
        }
    }

    private mutating func deleteSomething() {
        guard !chat.isEmpty else { return }
        let place = number(chat.count)
        chat[place].text = nil
        deleted.insert(String(chat[place].nonce.split(separator: "/").prefix(2).joined(separator: "/")))
    }

    private mutating func carryOut(_ operation: OutboxMachine.Operation, faults: Bool) {
        let outcome = faults ? number(6) : 5
        switch operation {
        case .notice(let notice): machine.finished(notice)
        case .send(let send):
            switch outcome {
            case 0: machine.notSent(send)
            case 1: machine.outcomeUnknown(send)
            case 2:
                _ = post(send)
                machine.outcomeUnknown(send)
            default: machine.sent(send, as: post(send))
            }
        case .edit(let edit):
            guard let place = chat.firstIndex(where: { $0.id == edit.id }), chat[place].text != nil else {
                return machine.messageIsGone(edit)
            }
            if outcome == 0 { return }
            chat[place].text = edit.message.markdown
            if outcome == 1 { machine.outcomeUnknown(edit) } else { machine.edited(edit) }
        }
    }

    private mutating func post(_ send: OutboxMachine.Send) -> MessageID {
        if machine.limits.deduplicatesSends, let known = chat.first(where: { $0.nonce == send.nonce }) {
            return known.id
        }
        let copies = chat.count { $0.nonce == send.nonce && $0.text != nil }
        if copies > 0 { #expect(send.message.markdown.hasPrefix("*(possibly a repeat)*"), "repeated unlabelled") }
        let id = MessageID("m\(chat.count)")
        chat.append((id, send.nonce, send.message.markdown))
        return id
    }

    func checkEqual() {
        for (session, slots) in views {
            #expect(machine.isSettled(session))
            var position = -1
            for slot in slots where !deleted.contains("\(session)/\(slot.key)") {
                let places = chat.indices.filter { chat[$0].nonce == "\(session)/\(slot.key)" }
                guard let last = places.last, let text = chat[last].text else {
                    Issue.record("\(slot.key) of \(session) is missing")
                    continue
                }
                let label = "*(possibly a repeat)*\n"
                #expect(text == slot.message.markdown || text == label + slot.message.markdown)
                #expect(last > position || !deleted.isEmpty, "out of order")
                position = last
            }
        }
    }
}
