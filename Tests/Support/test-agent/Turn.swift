import TestJSON

/// One prompt: asks the model and runs its tools until it has said its last word.
struct Turn {
    private static let mostAnswers = 50
    private static let mostOutputForModel = 30_000

    let session: AgentSession
    let connection: ACPConnection
    let interrupt: Interrupt
    let model = ModelClient()

    func run(_ prompt: String) throws(TurnEnd) {
        session.append(["role": "user", "content": .string(prompt)])
        defer { session.closeOpenCalls() }
        for _ in 0..<Self.mostAnswers {
            let answer = try model.answer(
                to: session.messages, tools: Tool.offered, orUntil: interrupt,
                onText: { say("agent_message_chunk", $0) }, onThought: { say("agent_thought_chunk", $0) })
            session.append(answer.message)
            if answer.calls.isEmpty { return }
            for call in answer.calls { try run(call) }
        }
        throw .failed("The model called tools \(Self.mostAnswers) times in one turn.")
    }

    private func say(_ kind: String, _ text: String) {
        connection.update(session.id, kind, ["content": ["type": "text", "text": .string(text)]])
    }

    private func run(_ call: ModelClient.Call) throws(TurnEnd) {
        guard let tool = Tool(call) else {
            return answer(call, "Unknown tool or bad arguments: \(call.name)")
        }
        let description: JSON = [
            "toolCallId": .string(call.id), "title": .string(tool.title), "kind": .string(tool.kind),
            "status": "pending", "rawInput": tool.input,
        ]
        connection.update(session.id, "tool_call", description.object ?? [:])
        do throws(TurnEnd) {
            if session.needsPermission(for: tool.name), try !isAllowed(tool, description) {
                update(call, "failed", "rejected by the user")
                return answer(call, "The user rejected this.")
            }
            update(call, "in_progress", nil)
            let result = try tool.run(in: session.workingDirectory, orUntil: interrupt)
            update(call, result.isError ? "failed" : "completed", result.text, diff: result.diff)
            answer(call, String(result.text.prefix(Self.mostOutputForModel)))
        } catch {
            update(call, "failed", "cancelled")
            throw error
        }
    }

    private func isAllowed(_ tool: Tool, _ description: JSON) throws(TurnEnd) -> Bool {
        let options: [JSON] = [
            ["optionId": "once", "name": "Allow once", "kind": "allow_once"],
            ["optionId": "always", "name": "Allow always", "kind": "allow_always"],
            ["optionId": "no", "name": "Reject", "kind": "reject_once"],
        ]
        let params: JSON = [
            "sessionId": .string(session.id), "toolCall": description, "options": .array(options),
        ]
        let outcome = try connection.ask("session/request_permission", params, orUntil: interrupt)["outcome"]
        guard outcome?["outcome"] == "selected" else { throw .cancelled }
        if outcome?["optionId"] == "always" { session.alwaysAllow(tool.name) }
        return outcome?["optionId"] == "once" || outcome?["optionId"] == "always"
    }

    private func update(_ call: ModelClient.Call, _ status: String, _ text: String?, diff: JSON? = nil) {
        var content: [JSON] = []
        if let text { content.append(["type": "content", "content": ["type": "text", "text": .string(text)]]) }
        if let diff { content.append(diff) }
        var members: [String: JSON] = ["toolCallId": .string(call.id), "status": .string(status)]
        if !content.isEmpty { members["content"] = .array(content) }
        connection.update(session.id, "tool_call_update", members)
    }

    private func answer(_ call: ModelClient.Call, _ text: String) {
        session.append(["role": "tool", "tool_call_id": .string(call.id), "content": .string(text)])
    }
}
