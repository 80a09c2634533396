/// What a turn shows of itself.
struct Updates: Sendable {
    let wire: Wire
    let session: String
    let pace: Duration

    static func text(_ text: String) -> JSON {
        ["type": "text", "text": .string(text)]
    }

    func send(_ kind: String, _ fields: [String: JSON]) {
        var update = fields
        update["sessionUpdate"] = .string(kind)
        wire.notify("session/update", ["sessionId": .string(session), "update": .object(update)])
    }

    /// Streams a text word by word.
    func stream(_ text: String, thought: Bool = false) async throws {
        let kind = thought ? "agent_thought_chunk" : "agent_message_chunk"
        var word = ""
        for character in text {
            word.append(character)
            guard character.isWhitespace else { continue }
            try await chunk(kind, word)
            word = ""
        }
        if !word.isEmpty { try await chunk(kind, word) }
    }

    private func chunk(_ kind: String, _ text: String) async throws {
        try Task.checkCancellation()
        send(kind, ["content": Self.text(text)])
        if pace > .zero { try await Task.sleep(for: pace) }
    }

    func plan(_ steps: [String], done: Int) {
        let entries = steps.enumerated().map { index, step -> JSON in
            let status = index < done ? "completed" : index == done ? "in_progress" : "pending"
            return ["content": .string(step), "priority": "medium", "status": .string(status)]
        }
        send("plan", ["entries": .array(entries)])
    }

    func usage(tokens: Int) {
        let cost: JSON = ["amount": .number(Double(tokens) * 0.000_003), "currency": "USD"]
        send("usage_update", ["used": .integer(Int64(tokens)), "size": 200_000, "cost": cost])
    }
}
