import AnycodeCore
import AnycodeJSON

/// Forms and pages that the agent wants answered.
enum ACPElicitation {
    /// `nil` when it cannot be shown: an unknown mode, or a required field of an unknown type.
    static func request(_ id: RequestID, _ params: JSON) -> QuestionRequest? {
        let message = ACPLimits.shorten(params.text("message") ?? "", to: ACPLimits.message)
        switch params.text("mode") {
        case "url":
            guard let url = params.text("url") else { return nil }
            return QuestionRequest(request: id, message: message, fields: [], url: url)
        case "form":
            guard let fields = fields(params["requestedSchema"] ?? .null) else { return nil }
            return QuestionRequest(request: id, message: message, fields: fields)
        default:
            return nil
        }
    }

    private static func fields(_ schema: JSON) -> [QuestionRequest.Field]? {
        let required = Set((schema["required"]?.array ?? []).compactMap(\.text))
        var fields: [QuestionRequest.Field] = []
        for property in (schema["properties"]?.members ?? []).prefix(ACPLimits.items) {
            let isRequired = required.contains(property.key)
            if let field = field(property.key, property.value, isRequired) {
                fields.append(field)
            } else if isRequired {
                return nil
            }
        }
        return fields
    }

    private static func field(_ name: String, _ schema: JSON, _ required: Bool) -> QuestionRequest.Field? {
        guard let (kind, details) = kind(schema) else { return nil }
        let detail = ([schema.text("description") ?? ""] + details).filter { !$0.isEmpty }.joined(separator: "\n")
        return QuestionRequest.Field(
            name: name, title: ACPLimits.shorten(schema.text("title") ?? name, to: ACPLimits.title),
            detail: detail.isEmpty ? nil : ACPLimits.shorten(detail, to: ACPLimits.message), kind: kind,
            required: required)
    }

    /// The kind, and a line for each choice that explains itself.
    private static func kind(_ schema: JSON) -> (QuestionRequest.FieldKind, [String])? {
        switch schema.text("type") {
        case "string":
            guard let (choices, details) = choices(schema, titled: "oneOf") else { return (.text, []) }
            return (.single(choices), details)
        case "array":
            guard let (choices, details) = choices(schema["items"] ?? .null, titled: "anyOf") else { return nil }
            let minimum = schema["minItems"]?.integer.flatMap { Int(exactly: $0) } ?? 0
            let maximum = schema["maxItems"]?.integer.flatMap { Int(exactly: $0) }
            return (.multiple(choices, minimum: max(0, minimum), maximum: maximum), details)
        case "number": return (.number(integer: false), [])
        case "integer": return (.number(integer: true), [])
        case "boolean": return (.boolean, [])
        default: return nil
        }
    }

    private static func choices(_ schema: JSON, titled: String) -> ([QuestionRequest.Choice], [String])? {
        if let options = schema[titled]?.array {
            var choices: [QuestionRequest.Choice] = []
            var details: [String] = []
            for option in options.prefix(ACPLimits.items) {
                guard let value = option.text("const") else { continue }
                let label = ACPLimits.shorten(option.text("title") ?? value, to: ACPLimits.title)
                choices.append(QuestionRequest.Choice(value: value, label: label))
                if let detail = option.text("description"), !detail.isEmpty { details.append("\(label): \(detail)") }
            }
            return choices.isEmpty ? nil : (choices, details)
        }
        let values = (schema["enum"]?.array ?? []).compactMap(\.text)
        return values.isEmpty ? nil : (values.prefix(ACPLimits.items).map { .init(value: $0, label: $0) }, [])
    }
}
