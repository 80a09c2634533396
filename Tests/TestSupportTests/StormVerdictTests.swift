import Testing

@testable import Storm

/// The storm's judge finds what it is there to find.
@Suite struct StormVerdictTests {
    private let job = Job(number: 7, prompts: ["job=7 turn=1 lines=4"])

    private var testimony: Testimony {
        var testimony = Testimony()
        for words in [
            "prompt j7t1", "say j7t1n1", "say j7t1n2", "asked j7t1q1", "answer j7t1q1 once", "say j7t1n3", "say j7t1n4",
            "file j7t1", "end j7t1 end_turn",
        ] {
            testimony.take(words.split(separator: " ").map(String.init))
        }
        return testimony
    }

    private var deeds: Deeds {
        var deeds = Deeds()
        deeds.said = [1]
        deeds.answers = ["j7t1q1": "once"]
        return deeds
    }

    private let head = ChatReading.Message(
        "storm · abcd1234\nRepository: none (an empty workspace)\nStatus: completed, sandbox removed")
    private let final = ChatReading.Message("✅ Done · abcd1234 · 4 s · 1 file changed\nPatch: /saves/one.patch")
    private let question = ChatReading.Message("🔐 May it? j7t1q1\n→ Allow once (Ana)")
    private let one = ChatReading.Message("j7t1n1\nj7t1n2")
    private let two = ChatReading.Message("j7t1n3\nj7t1n4")

    private func verdict(
        _ messages: [ChatReading.Message], _ testimony: Testimony? = nil, _ deeds: Deeds? = nil,
        patch: String? = "+written by j7t1"
    ) -> Verdict {
        Verdict(job, testimony ?? self.testimony, ChatReading(messages), deeds: deeds ?? self.deeds) { _ in patch }
    }

    private func labelled(_ message: ChatReading.Message) -> ChatReading.Message {
        .init("(possibly a repeat)\n" + message.text)
    }

    @Test func aWholeChatIsGood() {
        let found = verdict([head, one, question, two, final])
        #expect(found.isGood, "\(found)")
        #expect(found.lines == 4)
        #expect(found.labelled == 0)
    }

    @Test func whatIsMissingIsLost() {
        #expect(verdict([head, .init("j7t1n1"), question, two, final]).lost == ["job 7: line j7t1n2 is missing"])
        #expect(verdict([one, question, two, final]).lost == ["job 7: the first message is missing"])
        #expect(verdict([head, one, two, final]).lost == ["job 7: question j7t1q1 is missing"])
        #expect(verdict([head, one, question, two]).lost.contains("job 7: there is no final message"))
        #expect(verdict([head, one, question, two, final], patch: nil).lost.count == 1)
        #expect(verdict([head, one, question, two, final], patch: "+something else").lost.count == 1)
    }

    @Test func onlyALabelledRepeatIsForgiven() {
        for message in [head, one, question, final] {
            let plain = [head, one, question, two, final].flatMap { $0 == message ? [$0, $0] : [$0] }
            #expect(!verdict(plain).repeated.isEmpty, "\(message.text)")
            let told = [head, one, question, two, final].flatMap { $0 == message ? [$0, labelled($0)] : [$0] }
            let found = verdict(told)
            #expect(found.isGood, "\(found)")
            #expect(found.labelled > 0)
            let alone = [head, one, question, two, final].map { $0 == message ? labelled($0) : $0 }
            #expect(verdict(alone).isGood, "the first copy never came")
        }
        #expect(!verdict([head, .init("j7t1n1\nj7t1n1\nj7t1n2"), question, two, final]).repeated.isEmpty)
    }

    @Test func orderCounts() {
        #expect(!verdict([head, two, question, one, final]).disordered.isEmpty)
        #expect(verdict([head, .init("j7t1n1"), labelled(one), question, two, final]).isGood, "the last copy counts")
    }

    @Test func answersReachTheAgentOnce() {
        var twice = testimony
        twice.take(["answer", "j7t1q1", "once"])
        #expect(!verdict([head, one, question, two, final], twice).repeated.isEmpty)
        var again = testimony
        again.take(["twice", "3"])
        #expect(!verdict([head, one, question, two, final], again).repeated.isEmpty)
        var never = testimony
        never.answers = [:]
        #expect(!verdict([head, one, question, two, final], never).lost.isEmpty)
        var other = deeds
        other.answers = ["j7t1q1": "no"]
        #expect(!verdict([head, one, question, two, final], nil, other).wrong.isEmpty)
    }

    @Test func promptsReachTheAgentOnce() {
        var twice = testimony
        twice.take(["prompt", "j7t1"])
        #expect(!verdict([head, one, question, two, final], twice).repeated.isEmpty)
        var never = testimony
        never.prompts = [:]
        #expect(!verdict([head, one, question, two, final], never).lost.isEmpty)
    }

    @Test func aSessionHasToEndWellUnlessSomethingWasDoneToIt() {
        let failed = ChatReading.Message(head.text.replacing("completed", with: "failed"))
        #expect(!verdict([failed, one, question, two, final]).wrong.isEmpty)
        let open = ChatReading.Message("Repository: none\nStatus: working")
        #expect(!verdict([open, one, question, two, final]).wrong.isEmpty)
        var killed = deeds
        killed.hasLostRunner = true
        var testimony = testimony
        testimony.kept = ["j7t1n1", "j7t1n2"]
        testimony.files = []
        testimony.ends = []
        let end = ChatReading.Message("❌ Failed: the sandbox died · abcd1234 · 4 s")
        #expect(verdict([failed, one, question, end], testimony, killed).isGood)
        #expect(!verdict([failed, .init("j7t1n1"), question, end], testimony, killed).isGood)
    }
}
