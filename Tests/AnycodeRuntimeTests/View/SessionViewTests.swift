import AnycodeCore
import TestSupport
import Testing

@testable import AnycodeRuntime

struct SessionViewTests {
    private let limits = ChatLimits(textUnits: 200, messagesPerTurn: 4)

    /// What a view shows that has seen nothing before.
    private func reloaded(_ entries: some Sequence<TranscriptEntry>, _ limits: ChatLimits) -> [MessageSlot] {
        var transcript = Transcript(header: Sample.header())
        for entry in entries { transcript.apply(entry) }
        var view = SessionView(limits: limits)
        return view.render(&transcript)
    }

    @Test(arguments: 0..<120)
    func aReloadShowsWhatWasShown(_ seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var writer = RandomEntries(random: random.split())
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: limits)
        var entries: [TranscriptEntry] = []
        for _ in 0..<120 {
            let entry = writer.next()
            entries.append(entry)
            transcript.apply(entry)
            guard random.chance(1, in: 3) else { continue }  // a debounce gathers several
            let slots = view.render(&transcript)
            let expected = reloaded(entries, limits)
            guard slots == expected else {
                Issue.record("after \(entries.count) entries: \(slots.map(\.key)) is not \(expected.map(\.key))")
                return
            }
            #expect(Set(slots.map(\.key)).count == slots.count)
            #expect(slots.allSatisfy { $0.message.markdown.utf16.count <= limits.textUnits })
            #expect(slots.allSatisfy { $0.message.buttons.joined().allSatisfy { $0.token.utf8.count <= 64 } })
        }
    }

    @Test(arguments: 0..<60)
    func aTurnsOutputStaysWithinItsMessages(_ seed: Int) {
        var writer = RandomEntries(random: SplitMix64(seed: UInt64(seed) &+ 9), onlyOutput: true)
        let entries = [.prompted(turn: 1, by: Sample.ana, text: "x")] + (0..<200).map { _ in writer.next() }
        let slots = reloaded(entries, limits).filter { $0.priority == .stream }
        #expect(slots.count <= limits.messagesPerTurn)
    }

    @Test func foldingSaysHowMuchIsLeftOut() {
        let entries: [TranscriptEntry] = [
            .prompted(turn: 1, by: Sample.ana, text: "x"),
            .text(String(repeating: "lorem ipsum ", count: 200) + "THE END"),
        ]
        let slots = reloaded(entries, limits)
        #expect(slots.count == 5)
        #expect(slots.last?.message.markdown.contains("characters are left out") == true)
        #expect(slots.last?.message.markdown.hasSuffix("THE END") == true)
    }

    @Test func slotsKeepTheirKeysWhileTheTextGrows() {
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: limits)
        var before: [MessageSlot] = []
        for _ in 0..<40 {
            transcript.apply(.text("some more words and so on "))
            let slots = view.render(&transcript)
            #expect(slots.map(\.key).starts(with: before.map(\.key)))
            before = slots
        }
    }

    @Test func thoughtsAreNotShownAndNotKept() {
        let entries: [TranscriptEntry] = [
            .text("a"), .thought("secret "), .thought("plan"), .text("b"), .thought("more"), .text("c"),
        ]
        #expect(reloaded(entries, limits).last?.message.markdown == "a\n\nb\n\nc")
        var transcript = Transcript(header: Sample.header())
        for entry in entries { transcript.apply(entry) }
        #expect(
            transcript.blocks.last
                == .stream(
                    .init(turn: 0, items: [.text("a"), .thought(""), .text("b"), .thought(""), .text("c")])))
    }

    @Test func finalsAndQuestionsRingAndOutputDoesNot() {
        let ask = Ask(id: InteractionID("i"), kind: .permission(Sample.permission(1)), token: "t")
        let slots = reloaded([.text("x"), .asked(ask)], limits)
        #expect(slots.map(\.message.rings) == [false, false, true])
        #expect(slots.map(\.priority) == [.notice, .stream, .question])
    }

    @Test func theHeadOffersCancelUntilTheEnd() {
        let header = Sample.header(source: Sample.source)
        var transcript = Transcript(header: header)
        transcript.apply(.prepared(Sample.workspace))
        transcript.apply(.queued(text: "more"))
        let open = HeadView.message(transcript)
        #expect(open.markdown.contains("org/repo, branch `main` at `01234567`"))
        #expect(open.markdown.contains("Waiting their turn: 1 message"))
        #expect(open.buttons.joined().map(\.label) == ["Cancel"])
        transcript.apply(.finished(ReportViewTests.session(.completed)))
        let closed = HeadView.message(transcript)
        #expect(closed.buttons.isEmpty)
        #expect(closed.markdown.contains("completed, sandbox removed"))
        #expect(!closed.markdown.contains("Waiting"))
    }

    /// A turn of ten thousand events is applied and rendered every hundred events, as the debounce would.
    @Test func tenThousandEventsStayCheap() {
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: ChatLimits(textUnits: 4096))
        transcript.apply(.prompted(turn: 1, by: Sample.ana, text: "x"))
        var count = 0
        for number in 0..<10_000 {
            switch number % 4 {
            case 0: transcript.apply(.tool(ToolCall(id: ToolCallID("t\(number)"), title: "run \(number)")))
            case 1: transcript.apply(.toolUpdated(ToolCallUpdate(id: ToolCallID("t\(number - 1)"), status: .completed)))
            case 2: transcript.apply(.thought("thinking about what comes next, at length and in detail "))
            default: transcript.apply(.text("a sentence of some ten words is said here again. "))
            }
            if number % 100 == 0 { count = view.render(&transcript).count }
        }
        #expect(count <= 13)
    }
}

/// Entries as a session may produce them, from a seed.
struct RandomEntries {
    var random: SplitMix64
    var onlyOutput = false
    private var turn = 0
    private var asks: [Ask] = []
    private var count = 0

    init(random: SplitMix64, onlyOutput: Bool = false) {
        self.random = random
        self.onlyOutput = onlyOutput
    }

    private mutating func number(_ limit: Int) -> Int { Int(random.next(upperBound: UInt64(limit))) }

    private mutating func words() -> String {
        (0..<(1 + number(30))).map { _ in ["alpha", "beta", "gamma\n", "```", "\n```\n", "δέλτα", "🙂"][number(7)] }
            .joined(separator: " ")
    }

    mutating func next() -> TranscriptEntry {
        count += 1
        switch number(onlyOutput ? 9 : 19) {
        case 0, 1, 2: return .text(words())
        case 3: return .tool(tool())
        case 4: return .toolUpdated(update())
        case 5: return .plan((0..<number(12)).map { PlanEntry(text: "step \($0) \(words())", status: .pending) })
        case 6: return .thought(words())
        case 7: return .notice("mind this")
        case 8: return onlyOutput ? .text(words()) : ask()
        case 9: return answer()
        case 10:
            turn += 1
            return .prompted(turn: turn, by: Sample.ana, text: "prompt \(number(3))")
        case 11: return .turnEnded(ReportViewTests.turn(.done, turn: turn))
        case 12: return .queued(text: "prompt \(number(3))")
        case 13: return .progressed(words())
        case 14: return .prepared(Sample.workspace)
        case 15: return asks.last.map { .reminded($0.id) } ?? .text("nothing was asked")
        case 16: return .timeOffered(TimeOffer(id: count, used: 5, limit: 6, token: "time\(count)"))
        case 17: return .timeGranted(count - number(3), by: Sample.ana, limit: 9)
        default: return answer()
        }
    }

    private mutating func tool() -> ToolCall {
        ToolCall(
            id: ToolCallID("t\(number(8))"), title: words(), status: .inProgress,
            content: [.diff(path: "a", old: words(), new: words())])
    }

    private mutating func update() -> ToolCallUpdate {
        ToolCallUpdate(
            id: ToolCallID("t\(number(8))"), title: random.chance(1, in: 2) ? words() : nil, status: .completed,
            content: random.chance(1, in: 2) ? [.diff(path: "a", old: nil, new: words())] : nil)
    }

    private mutating func ask() -> TranscriptEntry {
        let kind: Ask.Kind
        switch number(3) {
        case 0: kind = .permission(Sample.permission(Int64(count)))
        case 1: kind = .repository(problem: words())
        default:
            kind = .question(
                QuestionRequest(
                    request: .number(Int64(count)), message: words(),
                    fields: [Sample.field(words(), .text), Sample.field("b", .boolean)]))
        }
        let ask = Ask(id: InteractionID("i\(count)"), kind: kind, token: "token\(count)")
        asks.append(ask)
        return .asked(ask)
    }

    private mutating func answer() -> TranscriptEntry {
        guard !asks.isEmpty else { return .text("nothing was asked") }
        let ask = asks[number(asks.count)]
        if case .question = ask.kind, random.chance(1, in: 2) {
            let values = random.chance(1, in: 2) ? ["true", FormProgress.doneMark] : ["half"]
            return .answeredField(ask.id, field: number(2), selection: values, by: Sample.ana)
        }
        return .resolved(ask.id, Resolution(by: random.chance(1, in: 2) ? Sample.ana : nil, choice: "so be it"))
    }
}
