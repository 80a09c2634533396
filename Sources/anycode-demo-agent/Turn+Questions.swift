extension Turn {
    struct Choice: Sendable {
        var id: String
        var title: String
    }

    /// Asks for one of several choices or words of the person's own; nil when the person declined.
    ///
    /// Clients without forms get no question: the first choice is taken.
    func choose(_ message: String, _ choices: [Choice]) async throws -> String? {
        guard takesForms else { return choices.first?.id }
        let offered = choices + [Choice(id: "other", title: "Something else, in my own words")]
        let content = try await form(
            message, ["choice": ["type": "string", "title": "Choice", "oneOf": options(offered)]], required: ["choice"])
        guard let choice = content?["choice"]?.string else { return nil }
        return choice == "other" ? try await askText("Which words, then?") : choice
    }

    func chooseSeveral(_ message: String, _ choices: [Choice]) async throws -> [String]? {
        guard takesForms else { return choices.first.map { [$0.id] } }
        let property: JSON = [
            "type": "array", "title": "Choices", "minItems": 1, "items": ["anyOf": options(choices)],
        ]
        let content = try await form(message, ["choices": property], required: ["choices"])
        return content?["choices"]?.array?.compactMap(\.string)
    }

    func askText(_ message: String) async throws -> String? {
        guard takesForms else { return "Hello" }
        let content = try await form(
            message, ["text": ["type": "string", "title": "Text", "minLength": 1]], required: ["text"])
        return content?["text"]?.string
    }

    /// The content of an accepted form; nil when it was declined or the client refused to show it.
    private func form(_ message: String, _ properties: [String: JSON], required: [JSON]) async throws -> JSON? {
        let answer: JSON
        do {
            answer = try await wire.ask(
                "elicitation/create",
                [
                    "sessionId": .string(session.id), "mode": "form", "message": .string(message),
                    "requestedSchema": [
                        "type": "object", "properties": .object(properties), "required": .array(required),
                    ],
                ])
        } catch is Wire.Refused {
            return nil
        }
        switch answer["action"]?.string {
        case "accept": return answer["content"] ?? [:]
        case "cancel": throw CancellationError()
        default: return nil
        }
    }

    private func options(_ choices: [Choice]) -> JSON {
        .array(choices.map { ["const": .string($0.id), "title": .string($0.title)] })
    }
}
