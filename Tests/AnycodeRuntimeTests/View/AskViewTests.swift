import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct AskViewTests {
    private let limits = ChatLimits(textUnits: 1000, labelUnits: 20)

    private func messages(
        _ kind: Ask.Kind, _ fields: [Int: [String]] = [:], _ resolution: Resolution? = nil
    ) -> [OutgoingMessage] {
        var asked = Transcript.Asked(ask: Ask(id: InteractionID("i"), kind: kind, token: "tok"))
        asked.fields = fields
        asked.resolution = resolution
        return AskView.messages(asked, limits: limits)
    }

    @Test func aReminderRepeatsTheOpenQuestionUntilItIsAnswered() {
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: limits)
        let ask = Ask(id: InteractionID("i"), kind: .permission(Sample.permission(1)), token: "tok")
        transcript.apply(.asked(ask))
        transcript.apply(.reminded(ask.id))
        let open = view.render(&transcript)
        #expect(open.map(\.key) == ["head", "b1.f0", "b2.m"])
        #expect(open[2].message.markdown == "🔔 Still waiting for Ana:\n" + open[1].message.markdown)
        #expect(open[2].message.buttons == open[1].message.buttons)
        #expect(open[2].message.rings)
        transcript.apply(.resolved(ask.id, Resolution(by: Sample.ana, choice: "Allow once")))
        let settled = view.render(&transcript)
        #expect(settled[2].message.buttons.isEmpty)
        #expect(settled[2].message.markdown == "🔔 This reminder is settled.")
    }

    @Test func anOfferOfMoreTimeShowsWhoTookIt() {
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: limits)
        transcript.apply(.timeOffered(TimeOffer(id: 1, used: 1440, limit: 1800, token: "tt")))
        let open = view.render(&transcript)[1].message
        #expect(open.markdown == "⏳ The agent has used 24 min of 30 min. Give it more time?")
        #expect(open.buttons.joined().map(\.token) == ["tt.time"])
        #expect(open.rings)
        transcript.apply(.timeGranted(1, by: Sample.ana, limit: 3600))
        let taken = view.render(&transcript)[1].message
        #expect(taken.markdown.hasSuffix("→ **+30 min** (Ana): 1 h in all"))
        #expect(taken.buttons.isEmpty)
    }

    @Test func anOfferThatNobodyTookEndsWithTheSession() {
        var transcript = Transcript(header: Sample.header())
        var view = SessionView(limits: limits)
        transcript.apply(.timeOffered(TimeOffer(id: 1, used: 1440, limit: 1800, token: "tt")))
        _ = view.render(&transcript)
        transcript.apply(.finished(ReportViewTests.session(.timedOut)))
        #expect(view.render(&transcript)[1].message.buttons.isEmpty)
    }

    @Test func aPermissionShowsTheWholeCommandAndItsOptions() {
        var request = Sample.permission(1)
        request = PermissionRequest(
            request: .number(1),
            toolCall: ToolCallUpdate(id: ToolCallID("t"), title: "bash", rawInput: "{\"c\":\"rm -rf x\"}"),
            options: request.options)
        let message = messages(.permission(request))[0]
        #expect(message.markdown == "🔐 May it? `bash`\n```\n{\"c\":\"rm -rf x\"}\n```")
        #expect(message.buttons.joined().map(\.label) == ["Allow once", "Always allow", "Reject"])
        #expect(message.buttons.joined().map(\.token) == ["tok.0", "tok.1", "tok.2"])
        #expect(message.buttons.joined().map(\.style) == [.primary, .plain, .danger])
        #expect(message.rings)
    }

    private func detail(_ title: String, _ input: String, _ content: [ToolCall.Content]? = nil) -> String {
        let call = ToolCallUpdate(id: ToolCallID("t"), title: title, content: content, rawInput: input)
        return messages(.permission(PermissionRequest(request: .number(1), toolCall: call, options: [])))[0].markdown
    }

    @Test func theCommandStandsBeforeWhatTheAgentSaysOfItsTool() {
        let words = [ToolCall.Content.text("Runs a command.")]
        #expect(
            detail("shell", #"{"command":"rm -rf x","description":"Tidy up"}"#, words)
                == "🔐 May it? `shell`\n```\nrm -rf x\n```\n```\nRuns a command.\n```")
    }

    @Test func aCommandThatIsTheTitleIsNotRepeated() {
        #expect(detail("rm -rf x", #"{"command":"rm -rf x"}"#) == "🔐 May it? `rm -rf x`")
    }

    @Test func whatElseACommandIsGivenIsNotHidden() {
        let input = #"{"command":"rm -rf x","sandbox":false}"#
        #expect(detail("rm -rf x", input) == "🔐 May it? `rm -rf x`\n```\n\(input)\n```")
    }

    @Test func aDiffIsShownAndCannotBreakOutOfItsFence() {
        let diff = ToolCall.Content.diff(path: "a.md", old: "x", new: "```\nevil")
        let request = PermissionRequest(
            request: .number(1), toolCall: ToolCallUpdate(id: ToolCallID("t"), title: "edit", content: [diff]),
            options: [])
        let text = messages(.permission(request))[0].markdown
        #expect(text.contains("`a.md`\n```diff\n"))
        #expect(text.contains("+ evil"))
        #expect(text.ranges(of: "```").count == 2)
    }

    @Test func anAnsweredPermissionSaysWhoChoseWhat() {
        let by = messages(.permission(Sample.permission(1)), [:], Resolution(by: Sample.ana, choice: "Allow once"))[0]
        #expect(by.markdown.hasSuffix("→ **Allow once** (Ana)"))
        #expect(by.buttons.isEmpty)
        let nobody = messages(.permission(Sample.permission(1)), [:], Resolution(by: nil, choice: "cancelled"))[0]
        #expect(nobody.markdown.hasSuffix("→ *cancelled*"))
    }

    @Test func aFormShowsOneFieldAtATime() {
        let form = Ask.Kind.question(
            Sample.question(1, [Sample.field("colour", .single(Sample.choices("red"))), Sample.field("name", .text)]))
        let first = messages(form)
        #expect(first.count == 1)
        #expect(first[0].buttons.joined().map(\.token) == ["tok.0.0", "tok.0.1"])
        let second = messages(form, [0: ["red", FormProgress.doneMark]])
        #expect(second.count == 2)
        #expect(second[0].markdown.hasSuffix("→ **RED**"))
        #expect(second[0].buttons.isEmpty)
        #expect(second[1].markdown.contains("Answer with a message."))
        let done = messages(
            form, [0: ["red", FormProgress.doneMark], 1: ["Zoë", FormProgress.doneMark]],
            Resolution(by: Sample.ana, choice: "Zoë"))
        #expect(done.map { $0.markdown.contains("(Ana)") } == [true, true])
        #expect(done.allSatisfy { $0.buttons.isEmpty })
    }

    @Test func togglesShowWhatIsChosen() {
        let kind = QuestionRequest.FieldKind.multiple(Sample.choices("a", "b"), minimum: 1, maximum: 2)
        let message = messages(.question(Sample.question(1, [Sample.field("w", kind)])), [0: ["b"]])[0]
        #expect(message.buttons.joined().map(\.label) == ["☐ A", "☑ B", "Done", "Decline"])
        #expect(message.markdown.contains("Choose 1 to 2, then Done."))
    }

    @Test func longLabelsAreClipped() {
        let option = PermissionRequest.Option(id: "x", name: String(repeating: "👍🏽", count: 40), kind: .allowOnce)
        let request = PermissionRequest(
            request: .number(1), toolCall: ToolCallUpdate(id: ToolCallID("t")), options: [option])
        let label = messages(.permission(request))[0].buttons[0][0].label
        #expect(label.utf16.count <= 20)
        #expect(label.hasSuffix("…"))
    }

    @Test func theRepositoryQuestionKeepsItsProblemWhenSettled() {
        let open = messages(.repository(problem: "org/x is not there"))[0]
        #expect(open.buttons.joined().map(\.label) == ["Go on without a repository", "Cancel the task"])
        let settled = messages(
            .repository(problem: "org/x is not there"), [:], Resolution(by: Sample.ana, choice: "org/y"))[0]
        #expect(settled.markdown == "❓ org/x is not there\n→ **org/y** (Ana)")
    }

    @Test func aPageToOpenIsALink() {
        let request = QuestionRequest(request: .number(1), message: "Log in", fields: [], url: "https://example.com")
        #expect(messages(.question(request))[0].markdown == "❓ Log in\n<https://example.com>")
    }
}
