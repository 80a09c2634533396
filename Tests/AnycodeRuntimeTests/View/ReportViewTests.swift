import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct ReportViewTests {
    static func turn(_ outcome: TurnReport.Outcome, turn: Int = 1, save: SaveReport? = .clean) -> TurnReport {
        TurnReport(turn: turn, outcome: outcome, seconds: 83, save: save, usage: nil, token: "tt")
    }

    static func session(_ outcome: SessionReport.Outcome, reason: String = "", save: SaveReport? = nil) -> SessionReport
    {
        SessionReport(
            outcome: outcome, reason: reason, seconds: 3600, save: save, usage: AgentUsage(cost: 0.1234, currency: nil),
            sandboxGone: true, rings: true, token: "ss")
    }

    @Test func aDoneTurnSaysTimeFilesCostAndPatch() {
        var report = Self.turn(.done, save: .saved(SavedPatch(path: "/p/1", bytes: 1, files: 2, added: 10, removed: 3)))
        report.usage = AgentUsage(cost: 0.5, currency: "USD")
        let message = ReportView.message(report, header: Sample.header())
        #expect(
            message.markdown
                == "✅ Done · `5e55105e` · 1 min 23 s · 2 files changed (+10 −3) · $0.50\nPatch: `/p/1`")
        #expect(message.buttons.joined().map(\.token) == ["tt.diff", "tt.continue", "tt.finish"])
        #expect(message.rings)
        #expect(message.attachment?.path == "/p/1")
    }

    @Test(arguments: [1e300, -0.5, .infinity, .nan, 1e12]) func whatIsNoAmountOfMoneyIsNotSaid(_ cost: Double) {
        var report = Self.turn(.done)
        report.usage = AgentUsage(cost: cost, currency: "USD")
        let message = ReportView.message(report, header: Sample.header())
        #expect(message.markdown == "✅ Done · `5e55105e` · 1 min 23 s · no files changed")
    }

    @Test func whatIsNotInThePatchIsNamed() {
        let words = SavedPatch.omitted(in: Array("Left out for its size: node_modules, a.iso\ndiff --git".utf8))
        let patch = SavedPatch(path: "/p/1", bytes: 1, files: 2, added: 1, removed: 0, omitted: words)
        let message = ReportView.message(Self.turn(.done, save: .saved(patch)), header: Sample.header())
        #expect(message.markdown.hasSuffix("Not in the patch, since it would be too big: `node_modules, a.iso`"))
        #expect(SavedPatch.omitted(in: Array("diff --git".utf8)) == nil)
    }

    @Test func whatATurnTookStandsBesideTheTotal() {
        var report = Self.turn(.done)
        report.taken = AgentUsage(tokens: 12_345, cost: 0.0123, currency: "USD")
        report.usage = AgentUsage(used: 5, size: 100, tokens: 12_345, cost: 0.0123, currency: "USD")
        #expect(ReportView.message(report, header: Sample.header()).markdown.hasSuffix(" · 12.3k tokens, $0.0123"))
        report.usage = AgentUsage(tokens: 2_050_000, cost: 1.5, currency: "USD")
        let words = " · 12.3k tokens, $0.0123 (in all 2.0M tokens, $1.50)"
        #expect(ReportView.message(report, header: Sample.header()).markdown.hasSuffix(words))
        report.taken = AgentUsage(tokens: 950)
        report.usage = AgentUsage(tokens: 950)
        #expect(ReportView.message(report, header: Sample.header()).markdown.hasSuffix(" · 950 tokens"))
    }

    @Test func changedFilesAreListedAndASecretKeepsThePatchBack() {
        let list = [
            PatchedFile(path: "a.swift", added: 3, removed: 1), PatchedFile(path: "b.png", added: nil, removed: nil),
        ]
        let patch = SavedPatch(path: "/p/1", bytes: 1, files: 12, added: 3, removed: 1, holdsSecret: true, list: list)
        let message = ReportView.message(Self.turn(.done, save: .saved(patch)), header: Sample.header())
        let lines = message.markdown.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[1...4] == ["* `a.swift` (+3 −1)", "* `b.png` (binary)", "* … 10 more", ""])
        #expect(lines[5] == "Patch: `/p/1`")
        #expect(message.attachment == nil)
    }

    @Test(arguments: [
        (TurnReport.Outcome.done, "✅ Done"), (.stopped("the limit"), "⚠️ Stopped: the limit"), (.cancelled, "⏹ Stopped"),
        (.failed("no"), "❌ Failed: no"),
    ])
    func everyTurnOutcomeHasWords(_ outcome: TurnReport.Outcome, _ words: String) {
        let message = ReportView.message(Self.turn(outcome), header: Sample.header())
        #expect(message.markdown.hasPrefix(words + " · "))
        #expect(message.markdown.contains("no files changed"))
        #expect(message.buttons.joined().map(\.label) == ["Continue", "Finish"])
    }

    @Test(arguments: [
        (SessionReport.Outcome.completed, "✅ Completed"), (.failed, "❌ Failed"), (.cancelled, "⏹ Cancelled"),
        (.timedOut, "⏰ Timed out"),
    ])
    func everySessionOutcomeHasWords(_ outcome: SessionReport.Outcome, _ words: String) {
        let message = ReportView.message(Self.session(outcome, reason: "why"), header: Sample.header())
        #expect(message.markdown == "\(words): why · `5e55105e` · 1 h · $0.1234")
    }

    @Test func aParkedSessionSaysHowToGoOn() {
        let message = ReportView.message(Self.session(.parked, reason: "nobody answered"), header: Sample.header())
        #expect(message.markdown.hasPrefix("🅿️ Parked: nobody answered · `5e55105e`"))
        #expect(message.markdown.hasSuffix("\n`/resume 5e55105e` goes on from here."))
        #expect(message.buttons.joined().map(\.label) == ["Resume"])
    }

    @Test func onlyTheNewestReportOffersToGoOn() {
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: ChatLimits(textUnits: 1000))
        func labels() -> [[String]] {
            view.render(&transcript).filter { $0.priority == .final }.map { $0.message.buttons.joined().map(\.label) }
        }
        let save = SaveReport.saved(Sample.patch())
        transcript.apply(.prompted(turn: 1, by: Sample.ana, text: "a"))
        transcript.apply(.turnEnded(Self.turn(.done, turn: 1, save: save)))
        #expect(labels() == [["Diff", "Continue", "Finish"]])
        transcript.apply(.prompted(turn: 2, by: Sample.ana, text: "b"))
        #expect(labels() == [["Diff"]])
        transcript.apply(.turnEnded(Self.turn(.done, turn: 2, save: save)))
        #expect(labels() == [["Diff"], ["Diff", "Continue", "Finish"]])
        var quiet = Self.session(.completed, reason: "finished by Ana", save: save)
        quiet.rings = false
        transcript.apply(.finished(quiet))
        #expect(labels() == [["Diff"], ["Diff", "Continue"]])
        #expect(HeadView.message(transcript).markdown.contains("completed (finished by Ana), sandbox removed"))
    }

    @Test func anEndWithAMessageOfItsOwnOffersToResumeThere() {
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: ChatLimits(textUnits: 1000))
        transcript.apply(.prompted(turn: 1, by: Sample.ana, text: "a"))
        transcript.apply(.turnEnded(Self.turn(.done)))
        transcript.apply(.finished(Self.session(.cancelled)))
        let buttons = view.render(&transcript).map { $0.message.buttons.joined().map(\.label) }
        #expect(buttons == [[], [], ["Resume"]])
    }

    @Test func aFailedSaveNamesTheLastGoodOne() {
        let save = SaveReport.failed(
            reason: "it died", last: SavedPatch(path: "/p/1", bytes: 1, files: 1, added: 1, removed: 0))
        let message = ReportView.message(Self.session(.failed, save: save), header: Sample.header())
        #expect(message.markdown.contains("could not be saved: it died"))
        #expect(message.markdown.contains("`/p/1` (1 file changed (+1 −0))"))
        #expect(message.buttons.joined().map(\.token) == ["ss.diff", "ss.resume"])
    }

    @Test(arguments: [
        (0, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3599, "59 min 59 s"), (3600, "1 h"),
        (3660, "1 h 1 min"),
        (43_200, "12 h"),
    ])
    func durationsAreWords(_ seconds: Int, _ words: String) {
        #expect(ReportView.duration(seconds) == words)
    }
}
