import AnycodeCore
import TestSupport
import Testing

@testable import AnycodeRuntime

struct TurnLogTests {
    @Test func itHoldsAllOfOneTurn() {
        let ask = Ask(id: InteractionID("i"), kind: .permission(Sample.permission(1)), token: "t")
        let entries: [TranscriptEntry] = [
            .prompted(turn: 1, by: Sample.ana, text: "first"), .text("of the first"),
            .prompted(turn: 2, by: Sample.ana, text: "second"), .thought("hm,\nlet me see"), .text("I will."),
            .tool(ToolCall(id: ToolCallID("t"), title: "rm -rf build", status: .completed)), .asked(ask),
            .resolved(ask.id, Resolution(by: Sample.ana, choice: "Allow once")), .text("Done."),
        ]
        #expect(
            TurnLog.markdown(entries, turn: 2, header: Sample.header()) == """
                # demo · 5e55105e · turn 2

                **Ana**: second

                > 💭 hm,
                > let me see

                I will.

                * ✓ `rm -rf build`

                🔐 `rm -rf build`
                → Allow once (Ana)

                Done.

                """)
    }

    @Test func onlyATurnThatIsTooLongForTheChatLeavesSomethingOut() {
        let view = SessionView(limits: ChatLimits(textUnits: 200, messagesPerTurn: 4))
        var transcript = Transcript(header: Sample.header())
        transcript.apply(.prompted(turn: 1, by: Sample.ana, text: "x"))
        transcript.apply(.text(String(repeating: "word ", count: 100)))
        #expect(!view.leavesOut(ofTurn: 1, in: transcript))
        transcript.apply(.text(String(repeating: "word ", count: 200)))
        #expect(view.leavesOut(ofTurn: 1, in: transcript))
        #expect(!view.leavesOut(ofTurn: 2, in: transcript))
    }

    @Test func theReportIsFollowedByTheDocument() {
        var report = ReportViewTests.turn(.done)
        report.log = "/saves/5e55/turn-1.md"
        var transcript = Transcript(header: Sample.header())
        transcript.apply(.turnEnded(report))
        var view = SessionView(limits: ChatLimits(textUnits: 1000))
        let slots = view.render(&transcript)
        #expect(slots.map(\.key) == ["head", "b1.r", "b1.l"])
        #expect(
            slots[2].message.attachment
                == ChatAttachment(
                    name: "5e55105e-turn-1.md", path: "/saves/5e55/turn-1.md", mediaType: "text/markdown"))
        #expect(!slots[2].message.rings)
    }

    // MARK: In a session

    private func told(_ prompt: String) throws -> RuntimeBench {
        let bench = try RuntimeBench(limits: ChatLimits(textUnits: 400, messagesPerTurn: 3))
        try bench.start()
        bench.write(prompt)
        bench.wait(.seconds(60))
        return bench
    }

    @Test func aLongTurnIsOfferedWhole() throws {
        let bench = try told("/task {tell,say}")
        let document = try #require(bench.chat.messages.last)
        let path = try #require(document.content.attachment?.path)
        let text = String(decoding: try #require(bench.host.read(path)), as: UTF8.self)
        let said = try #require(bench.host.sandboxes.first).read(\.speech).joined()
        #expect(text.contains(said))
        #expect(bench.texts().contains { $0.contains("characters are left out here") })
    }

    @Test func aShortTurnHasNoDocument() throws {
        let bench = try told("/task {say}")
        #expect(bench.chat.messages.allSatisfy { $0.content.attachment == nil })
    }

    @Test func aTurnThatIsCancelledIsOfferedWholeToo() throws {
        let bench = try told("/task {tell,permission}")
        bench.write("/cancel")
        bench.wait(.seconds(60))
        #expect(bench.texts().suffix(2).first?.hasPrefix("⏹ Cancelled") == true)
        #expect(bench.chat.messages.last?.content.attachment != nil)
        #expect(bench.chat.messages.count { $0.content.attachment != nil } == 1)
    }

    @Test func theEndAfterAReportedTurnDoesNotOfferItAgain() throws {
        let bench = try told("/task {tell}")
        bench.write("/cancel")
        bench.wait(.seconds(60))
        #expect(bench.chat.messages.count { $0.content.attachment != nil } == 1)
    }
}
