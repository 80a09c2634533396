import AnycodeJSON

/// A tool call of an adapted agent in ACP's terms.
protocol ShownTool {
    var id: String { get }
    var title: String { get }
    var kind: String { get }
    var status: String { get }
    var locations: [JSON] { get }
    var content: [JSON] { get }
    var rawInput: JSON? { get }
}

extension ShownTool {
    /// Members of a `tool_call` or of its update.
    var members: [JSON.Member] {
        var members = [
            JSON.Member("toolCallId", .string(id)), .init("title", .string(title)), .init("kind", .string(kind)),
            .init("status", .string(status)),
        ]
        if !content.isEmpty { members.append(.init("content", .array(content))) }
        if !locations.isEmpty { members.append(.init("locations", .array(locations))) }
        if let rawInput { members.append(.init("rawInput", rawInput)) }
        return members
    }
}

/// Questions in ACP's terms.
enum ElicitationForm {
    /// Members of an `elicitation/create` that asks for these fields, all of them required.
    static func members(_ message: String, _ fields: [JSON.Member]) -> [JSON.Member] {
        [
            .init("mode", "form"), .init("message", .string(message)),
            .init(
                "requestedSchema",
                [
                    "type": "object", "properties": .object(fields), "required": .array(fields.map { .string($0.key) }),
                ]),
        ]
    }

    /// What a question offers, each with its description.
    static func choices(_ question: JSON) -> [JSON] {
        (question["options"]?.array ?? []).compactMap { option in
            guard let label = option.text("label") else { return nil }
            let description = option.text("description") ?? ""
            return ["const": .string(label), "title": .string(label), "description": .string(description)]
        }
    }
}
