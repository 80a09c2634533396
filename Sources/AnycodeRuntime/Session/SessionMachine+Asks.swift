import AnycodeCore

/// Questions and permission requests, and the answers people give.
extension SessionMachine {
    mutating func permissionRequested(_ request: PermissionRequest) {
        guard isNew(request.request) else { return }
        guard mayAsk, hasRoomToAsk() else {
            deliver(.answerPermission(request.request, .cancelled))
            return settleRequest(request.request)
        }
        ask(.permission(request))
    }

    mutating func questionAsked(_ request: QuestionRequest) {
        guard isNew(request.request) else { return }
        guard mayAsk, hasRoomToAsk() else {
            deliver(.answerQuestion(request.request, .cancelled))
            return settleRequest(request.request)
        }
        ask(.question(request))
    }

    /// Most requests of an agent that may be open at once: each rings, before everything else in the chat.
    static let mostOpenAsks = 20

    /// Whether one more may be shown; says once in a turn that it may not.
    private mutating func hasRoomToAsk() -> Bool {
        guard state.asks.count >= Self.mostOpenAsks else { return true }
        if state.crowdedTurn != state.turn {
            state.crowdedTurn = state.turn
            note("The agent asks more than \(Self.mostOpenAsks) things at once; the others are answered with no.")
        }
        return false
    }

    private var mayAsk: Bool { state.phase == .working && !state.turnIsStopping }

    private func isNew(_ request: RequestID) -> Bool {
        !state.settledRequests.contains(request) && !state.asks.contains { $0.ask.request == request }
    }

    private mutating func settleRequest(_ request: RequestID) {
        state.settledRequests.append(request)
        if state.settledRequests.count > 256 { state.settledRequests.removeFirst() }
    }

    mutating func ask(_ kind: Ask.Kind) {
        let ask = Ask(id: InteractionID(makeID()), kind: kind, token: makeID())
        state.asks.append(.init(ask: ask))
        record(.asked(ask))
        if state.phase == .working { progressed("waiting for an answer") }
    }

    mutating func withdrawn(_ request: RequestID) {
        guard let open = state.asks.first(where: { $0.ask.request == request }) else { return }
        resolve(open, Resolution(by: nil, choice: "taken back by the agent"))
    }

    /// Settles every open ask without an answer from a person. Nothing is ever allowed this way.
    mutating func cancelAsks(_ reason: String, tellAgent: Bool) {
        for open in state.asks {
            if tellAgent { answerAgent(open, permission: .cancelled, question: .cancelled) }
            resolve(open, Resolution(by: nil, choice: reason))
        }
    }

    private mutating func answerAgent(
        _ open: SessionState.OpenAsk, permission: PermissionAnswer, question: QuestionAnswer
    ) {
        switch open.ask.kind {
        case .permission(let request): deliver(.answerPermission(request.request, permission))
        case .question(let request): deliver(.answerQuestion(request.request, question))
        case .repository, .settings: break
        }
    }

    mutating func resolve(_ open: SessionState.OpenAsk, _ resolution: Resolution) {
        state.asks.removeAll { $0.ask.id == open.ask.id }
        deadlines[.person] = nil  // each answer gives the time for the next one anew
        if let request = open.ask.request { settleRequest(request) }
        record(.resolved(open.ask.id, resolution))
        if state.phase == .working, state.asks.isEmpty {
            lastSignOfLife = now
            progressed("working")
        }
    }

    // MARK: Answers

    mutating func pressed(_ id: InteractionID, _ action: ButtonAction, by person: Person, callback: String) {
        guard let open = state.asks.first(where: { $0.ask.id == id }) else {
            return act(.answerClick(callback, note: "This has been settled already."))
        }
        guard mayControl(person) else {
            return act(.answerClick(callback, note: "Only \(header.starter.name) may answer this."))
        }
        let note: String
        switch (open.ask.kind, action) {
        case (.permission(let request), .answer(let option)) where request.options.indices.contains(option):
            note = answerPermission(open, request.options[option], by: person)
        case (.repository, .answer(let option)):
            note = option == 0 ? prepareWithout(open, by: person) : cancelTask(open, by: person)
        case (.settings, .answer(let option)):
            note = answerTrust(open, allowed: option == 1, by: person)
        case (.question(let request), .answer(let option)) where request.fields.isEmpty:
            let answer: QuestionAnswer = option == 0 ? .accepted([:]) : .declined
            note = answerQuestion(open, request, answer, option == 0 ? "Done" : "Declined", by: person)
        case (.question(let request), .field(let field, let button)):
            note = pressField(open, request, field, button, by: person)
        default:
            note = "This button is out of date."
        }
        act(.answerClick(callback, note: note))
    }

    private mutating func answerPermission(
        _ open: SessionState.OpenAsk, _ option: PermissionRequest.Option, by person: Person
    ) -> String {
        answerAgent(open, permission: .selected(option.id), question: .cancelled)
        resolve(open, Resolution(by: person, choice: option.name))
        return ""
    }

    private mutating func answerQuestion(
        _ open: SessionState.OpenAsk, _ request: QuestionRequest, _ answer: QuestionAnswer, _ words: String,
        by person: Person
    ) -> String {
        answerAgent(open, permission: .cancelled, question: answer)
        resolve(open, Resolution(by: person, choice: words))
        return ""
    }

    private mutating func pressField(
        _ open: SessionState.OpenAsk, _ request: QuestionRequest, _ field: Int, _ button: Int, by person: Person
    ) -> String {
        let form = FormProgress(fields: request.fields, answers: open.answers)
        guard field == form.current, request.fields.indices.contains(field) else { return "This has been answered." }
        let buttons = FormProgress.buttons(request.fields[field])
        guard buttons.indices.contains(button) else { return "This button is out of date." }
        let chosen = open.answers[field] ?? []
        switch buttons[button].effect {
        case .choose(let values): return fill(open, request, field, values + [FormProgress.doneMark], by: person)
        case .skip: return fill(open, request, field, [FormProgress.doneMark], by: person)
        case .decline: return answerQuestion(open, request, .declined, "Declined", by: person)
        case .toggle(let value): return toggle(open, request, field, value, chosen, by: person)
        case .done: return finishChoice(open, request, field, chosen, by: person)
        }
    }

    private mutating func toggle(
        _ open: SessionState.OpenAsk, _ request: QuestionRequest, _ field: Int, _ value: String, _ chosen: [String],
        by person: Person
    ) -> String {
        let without = chosen.filter { $0 != value }
        if without.count == chosen.count, case .multiple(_, _, let maximum?) = request.fields[field].kind,
            chosen.count >= maximum
        {
            return "At most \(maximum)."
        }
        _ = fill(open, request, field, without.count == chosen.count ? chosen + [value] : without, by: person)
        return ""
    }

    private mutating func finishChoice(
        _ open: SessionState.OpenAsk, _ request: QuestionRequest, _ field: Int, _ chosen: [String], by person: Person
    ) -> String {
        guard case .multiple(_, let minimum, _) = request.fields[field].kind else { return "" }
        let least = max(minimum, request.fields[field].required ? 1 : 0)
        guard chosen.count >= least else { return "Choose at least \(least)." }
        return fill(open, request, field, chosen + [FormProgress.doneMark], by: person)
    }

    /// Takes a field's values in; answers the agent when it was the last field.
    private mutating func fill(
        _ open: SessionState.OpenAsk, _ request: QuestionRequest, _ field: Int, _ values: [String], by person: Person
    ) -> String {
        guard let place = state.asks.firstIndex(where: { $0.ask.id == open.ask.id }) else { return "" }
        state.asks[place].answers[field] = values
        deadlines[.person] = nil
        record(.answeredField(open.ask.id, field: field, selection: values, by: person))
        let words = FormProgress.words(values, request.fields[field])
        let form = FormProgress(fields: request.fields, answers: state.asks[place].answers)
        guard form.current == request.fields.count else { return "" }
        var answers: [String: QuestionAnswer.Value] = [:]
        for (number, field) in request.fields.enumerated() {
            answers[field.name] = FormProgress.value(form.answers[number] ?? [], field)
        }
        return answerQuestion(state.asks[place], request, .accepted(answers), words, by: person)
    }

    // MARK: Written answers

    /// The ask that plain text answers, if there is exactly one.
    var textAsk: SessionState.OpenAsk? {
        let open = state.asks.filter(\.acceptsText)
        return open.count == 1 ? open[0] : nil
    }

    mutating func written(_ text: String, for open: SessionState.OpenAsk, by person: Person) {
        guard mayControl(person) else { return reply("Only \(header.starter.name) may answer this.") }
        switch open.ask.kind {
        case .permission, .settings: break
        case .repository: prepareOther(open, text, by: person)
        case .question(let request):
            let field = FormProgress(fields: request.fields, answers: open.answers).current
            switch FormProgress.written(text, request.fields[field]) {
            case .success(let values): _ = fill(open, request, field, values + [FormProgress.doneMark], by: person)
            case .failure(let rejection): reply(rejection.message)
            }
        }
    }

    private mutating func prepareOther(_ open: SessionState.OpenAsk, _ text: String, by person: Person) {
        guard let source = RepositoryDetection.only(in: text) else {
            return reply("That is no repository. Write `org/repo` or a URL.")
        }
        resolve(open, Resolution(by: person, choice: source.spelling))
        prepareAgain(source)
    }

    private mutating func prepareWithout(_ open: SessionState.OpenAsk, by person: Person) -> String {
        resolve(open, Resolution(by: person, choice: "no repository"))
        prepareAgain(nil)
        return ""
    }

    private mutating func prepareAgain(_ source: RequestedSource?) {
        state.source = source
        state.phase = .preparing
        progressed(source.map { "cloning \($0.spelling)" } ?? "preparing an empty workspace")
        act(.prepare(source))
    }

    private mutating func cancelTask(_ open: SessionState.OpenAsk, by person: Person) -> String {
        resolve(open, Resolution(by: person, choice: "Cancel the task"))
        end(.cancelled, "by \(person.name)", rings: true)
        return ""
    }
}

extension SessionState.OpenAsk {
    /// Whether plain text answers it.
    var acceptsText: Bool {
        switch ask.kind {
        case .permission, .settings: return false
        case .repository: return true
        case .question(let request):
            let field = FormProgress(fields: request.fields, answers: answers).current
            guard request.fields.indices.contains(field) else { return false }
            switch request.fields[field].kind {
            case .text, .number: return true
            case .single, .multiple, .boolean: return false
            }
        }
    }
}

extension Ask {
    /// The agent's request, if an agent asked.
    var request: RequestID? {
        switch kind {
        case .permission(let request): request.request
        case .question(let request): request.request
        case .repository, .settings: nil
        }
    }
}
