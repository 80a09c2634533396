import AnycodeCore
import Testing

@testable import AnycodeRuntime

struct SessionMachineAskTests {
    private func asked(_ event: AgentEvent) -> MachineRun {
        var run = MachineRun()
        run.toWorking()
        run.says(event)
        return run
    }

    private func form(_ fields: QuestionRequest.Field...) -> MachineRun {
        asked(.questionAsked(Sample.question(1, fields)))
    }

    /// What the agent was told to request 1.
    private func answer(_ run: MachineRun) -> QuestionAnswer? {
        run.calls.lazy.compactMap { call -> QuestionAnswer? in
            if case .answerQuestion(.number(1), let answer) = call { answer } else { nil }
        }.first
    }

    // MARK: Permissions

    @Test(arguments: [(0, "yes"), (1, "always"), (2, "no")])
    func theChosenOptionGoesToTheAgent(_ option: Int, _ id: String) {
        var run = asked(.permissionRequested(Sample.permission(1)))
        run.press(run.asks[0], .answer(option: option))
        #expect(run.calls.last == .answerPermission(.number(1), .selected(id)))
        #expect(run.resolutions.first?.by == Sample.ana)
        #expect(run.state.asks.isEmpty)
    }

    @Test func requestsBeyondWhatPeopleCanTakeAreAnsweredWithNo() {
        var run = MachineRun()
        run.toWorking()
        let most = Int64(SessionMachine.mostOpenAsks)
        for number in 1...(most + 5) { run.says(.permissionRequested(Sample.permission(number))) }
        #expect(run.state.asks.count == Int(most))
        #expect(run.calls.count { if case .answerPermission(_, .cancelled) = $0 { true } else { false } } == 5)
        #expect(run.entries.count { if case .notice(let words) = $0 { words.contains("at once") } else { false } } == 1)
        run.press(run.asks[0], .answer(option: 0))
        run.says(.permissionRequested(Sample.permission(most + 9)))
        #expect(run.state.asks.count == Int(most))
    }

    @Test func secondLateAndForeignClicksChangeNothing() {
        var run = asked(.permissionRequested(Sample.permission(1)))
        run.press(run.asks[0], .answer(option: 0), by: Sample.eve)
        #expect(run.clickNotes == ["Only Ana may answer this."])
        run.press(run.asks[0], .answer(option: 9))
        #expect(run.clickNotes == ["This button is out of date."])
        run.press(run.asks[0], .field(0, button: 0))
        #expect(run.clickNotes == ["This button is out of date."])
        #expect(run.state.asks.count == 1)
        run.press(run.asks[0], .answer(option: 0))
        run.press(run.asks[0], .answer(option: 2))
        #expect(run.clickNotes == ["This has been settled already."])
        #expect(run.calls.count { if case .answerPermission = $0 { true } else { false } } == 1)
    }

    @Test func textNeverAnswersAPermission() {
        var run = asked(.permissionRequested(Sample.permission(1)))
        run.on(.prompted(by: Sample.ana, text: "yes"))
        #expect(run.state.asks.count == 1)
        #expect(run.state.queue.map(\.text) == ["yes"])
    }

    @Test func aRequestDeliveredAgainIsNotAskedAgain() {
        var run = asked(.permissionRequested(Sample.permission(1)))
        run.says(.permissionRequested(Sample.permission(1)))
        #expect(run.asks.count == 1)
        run.press(run.asks[0], .answer(option: 0))
        run.says(.permissionRequested(Sample.permission(1)))
        run.restart()
        run.on(.acquired(Sample.health()))
        run.says(.permissionRequested(Sample.permission(1)))
        #expect(run.asks.count == 1)
        #expect(run.calls.count { if case .answerPermission = $0 { true } else { false } } == 1)
    }

    @Test func aRequestOutsideOfATurnIsRefusedUnasked() {
        var run = MachineRun()
        run.toIdle()
        run.says(.permissionRequested(Sample.permission(1)), .questionAsked(Sample.question(2, [])))
        #expect(
            run.calls.suffix(2) == [.answerPermission(.number(1), .cancelled), .answerQuestion(.number(2), .cancelled)])
        #expect(run.asks.isEmpty)
    }

    @Test func theAgentMayTakeARequestBack() {
        var run = asked(.permissionRequested(Sample.permission(1)))
        run.says(.requestWithdrawn(.number(1)))
        #expect(run.state.asks.isEmpty)
        #expect(run.calls.allSatisfy { if case .answerPermission = $0 { false } else { true } })
        run.press(run.asks[0], .answer(option: 0))
        #expect(run.clickNotes == ["This has been settled already."])
    }

    @Test func theEndOfATurnSettlesWhatItAsked() {
        var run = asked(.permissionRequested(Sample.permission(1)))
        run.endTurn()
        #expect(run.calls.last == .answerPermission(.number(1), .cancelled))
        #expect(run.resolutions.map(\.by) == [nil])
    }

    @Test func pendingButtonsWorkAfterARestart() {
        var run = asked(.permissionRequested(Sample.permission(1)))
        run.restart()
        run.press(run.asks[0], .answer(option: 0))
        run.on(.acquired(Sample.health()))
        #expect(run.actions.contains(.deliverCalls))
        #expect(run.state.outbound == [.answerPermission(.number(1), .selected("yes"))])
    }

    @Test func settledRequestsAreForgottenInTime() {
        var run = MachineRun()
        run.toWorking()
        for number in 0..<400 {
            run.says(.permissionRequested(Sample.permission(Int64(number))))
            run.press(run.asks[number], .answer(option: 0))
        }
        #expect(run.state.settledRequests.count == 256)
    }

    // MARK: Forms

    @Test func severalFieldsAreAskedOneByOne() {
        var run = form(
            Sample.field("colour", .single(Sample.choices("red", "blue"))), Sample.field("name", .text),
            Sample.field("count", .number(integer: true)), Sample.field("sure", .boolean))
        let ask = run.asks[0]
        run.press(ask, field: 1, "Decline")
        #expect(run.clickNotes == ["This has been answered."], "a button of a field that is not asked yet")
        run.press(ask, field: 0, "BLUE")
        run.press(ask, field: 0, "RED")
        #expect(run.clickNotes == ["This has been answered."])
        run.on(.prompted(by: Sample.eve, text: "mine"))
        run.on(.prompted(by: Sample.ana, text: "Zoë"))
        run.on(.prompted(by: Sample.ana, text: "many"))
        #expect(run.replies.last == "That is no whole number.")
        run.on(.prompted(by: Sample.ana, text: "1.5"))
        run.on(.prompted(by: Sample.ana, text: " 12 "))
        #expect(answer(run) == nil)
        run.press(ask, field: 3, "Yes")
        #expect(
            answer(run)
                == .accepted([
                    "colour": .text("blue"), "name": .text("Zoë"), "count": .number(12), "sure": .boolean(true),
                ]))
        #expect(run.state.asks.isEmpty)
    }

    @Test(arguments: ["nan", "inf", "-infinity", "1e999", "", "0x", "ten"])
    func whatIsNoNumberIsRefused(_ text: String) {
        var run = form(Sample.field("n", .number(integer: false)))
        run.on(.prompted(by: Sample.ana, text: text))
        #expect(run.state.asks.count == 1)
        #expect(run.replies == ["That is no number."])
    }

    @Test func multipleChoiceKeepsItsLimits() {
        let kind = QuestionRequest.FieldKind.multiple(Sample.choices("a", "b", "c"), minimum: 2, maximum: 2)
        var run = form(Sample.field("which", kind))
        let ask = run.asks[0]
        run.press(ask, field: 0, "A")
        run.press(ask, field: 0, "Done")
        #expect(run.clickNotes == ["Choose at least 2."])
        run.press(ask, field: 0, "B")
        run.press(ask, field: 0, "C")
        #expect(run.clickNotes == ["At most 2."])
        run.press(ask, field: 0, "A")
        run.press(ask, field: 0, "C")
        run.press(ask, field: 0, "Done")
        #expect(answer(run) == .accepted(["which": .texts(["b", "c"])]))
    }

    @Test func anOptionalMultipleChoiceMayBeEmpty() {
        let kind = QuestionRequest.FieldKind.multiple(Sample.choices("a"), minimum: 0, maximum: nil)
        var run = form(Sample.field("which", kind, required: false))
        run.press(run.asks[0], field: 0, "Done")
        #expect(answer(run) == .accepted([:]))
    }

    @Test func skippingLeavesTheFieldOut() {
        var run = form(Sample.field("a", .text, required: false), Sample.field("b", .boolean))
        run.press(run.asks[0], field: 0, "Skip")
        run.press(run.asks[0], field: 1, "No")
        #expect(answer(run) == .accepted(["b": .boolean(false)]))
    }

    @Test func decliningEndsTheFormAtAnyField() {
        var run = form(Sample.field("a", .boolean), Sample.field("b", .text))
        run.press(run.asks[0], field: 0, "Yes")
        run.press(run.asks[0], field: 1, "Decline")
        #expect(answer(run) == .declined)
    }

    @Test func aQuestionWithoutFieldsIsConfirmedOrDeclined() {
        var run = form()
        run.press(run.asks[0], .answer(option: 0))
        #expect(answer(run) == .accepted([:]))
    }

    @Test func halfAFormSurvivesARestart() {
        var run = form(Sample.field("a", .boolean), Sample.field("b", .text))
        run.press(run.asks[0], field: 0, "Yes")
        run.restart()
        run.on(.prompted(by: Sample.ana, text: "x"))
        #expect(answer(run) == .accepted(["a": .boolean(true), "b": .text("x")]))
    }

    @Test func twoOpenTextQuestionsTakeNoTextByGuess() {
        var run = form(Sample.field("a", .text))
        run.says(.questionAsked(Sample.question(2, [Sample.field("b", .text)])))
        run.on(.prompted(by: Sample.ana, text: "x"))
        #expect(run.state.asks.count == 2)
        #expect(run.state.queue.map(\.text) == ["x"])
    }
}
