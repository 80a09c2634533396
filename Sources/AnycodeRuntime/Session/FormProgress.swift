import AnycodeCore

/// How far a form of several fields is filled in, and what a button of a field does.
struct FormProgress {
    enum Effect: Hashable {
        case choose([String])
        case toggle(String)
        case done
        case skip
        case decline
    }

    struct Button: Hashable {
        let label: String
        let effect: Effect
    }

    let fields: [QuestionRequest.Field]
    /// Field number → values chosen so far; toggles of an unfinished multiple choice end with no `doneMark`.
    let answers: [Int: [String]]

    /// Ends the values of a field that is finished.
    static let doneMark = "\u{0}done"

    /// The number of the field that is being asked; equals `fields.count` when all are answered.
    var current: Int {
        fields.indices.first { !(answers[$0]?.contains(Self.doneMark) ?? false) } ?? fields.count
    }

    static func buttons(_ field: QuestionRequest.Field) -> [Button] {
        var buttons: [Button] =
            switch field.kind {
            case .single(let choices):
                choices.map { Button(label: $0.label, effect: .choose([$0.value])) }
            case .multiple(let choices, _, _):
                choices.map { Button(label: $0.label, effect: .toggle($0.value)) }
                    + [Button(label: "Done", effect: .done)]
            case .boolean:
                [Button(label: "Yes", effect: .choose(["true"])), Button(label: "No", effect: .choose(["false"]))]
            case .text, .number:
                []
            }
        if !field.required { buttons.append(Button(label: "Skip", effect: .skip)) }
        buttons.append(Button(label: "Decline", effect: .decline))
        return buttons
    }

    /// The values as people read them.
    static func words(_ values: [String], _ field: QuestionRequest.Field) -> String {
        let values = values.filter { $0 != doneMark }
        guard !values.isEmpty else { return "nothing" }
        switch field.kind {
        case .single(let choices), .multiple(let choices, _, _):
            return values.map { value in choices.first { $0.value == value }?.label ?? value }.joined(separator: ", ")
        case .boolean:
            return values == ["true"] ? "Yes" : "No"
        case .text, .number:
            return values.joined(separator: ", ")
        }
    }

    /// The field's value for the agent; `nil` for a skipped one.
    static func value(_ values: [String], _ field: QuestionRequest.Field) -> QuestionAnswer.Value? {
        let values = values.filter { $0 != doneMark }
        switch field.kind {
        case .multiple: return values.isEmpty && !field.required ? nil : .texts(values)
        case .boolean: return values.first.map { .boolean($0 == "true") }
        case .number: return values.first.flatMap(Double.init).map { .number($0) }
        case .single, .text: return values.first.map { .text($0) }
        }
    }

    /// What a written answer means for the field, or why it cannot be taken.
    static func written(_ text: String, _ field: QuestionRequest.Field) -> Result<[String], Rejection> {
        switch field.kind {
        case .text:
            return .success([text])
        case .number(let integer):
            let digits = String(text.filter { !$0.isWhitespace })
            guard let number = Double(digits), number.isFinite, !integer || number == number.rounded() else {
                return .failure(Rejection(message: integer ? "That is no whole number." : "That is no number."))
            }
            return .success([digits])
        case .single, .multiple, .boolean:
            return .failure(Rejection(message: "Please press one of the buttons."))
        }
    }

    struct Rejection: Error {
        let message: String
    }
}
