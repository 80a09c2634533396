import AnycodeJSON

// What the program does: its items as messages, thoughts and tool calls.
extension CodexTranslation {
    mutating func itemStarted(_ item: JSON) -> [Output] {
        guard let id = item.text("id"), let type = item.text("type") else { return [] }
        if Self.silentItems.contains(type) { return [] }
        guard let tool = CodexTool(item, in: directory) else {
            skip("item/\(type)")
            return []
        }
        tools[id] = tool
        return [update("tool_call", tool.members)]
    }

    mutating func itemCompleted(_ item: JSON) -> [Output] {
        guard let id = item.text("id"), let type = item.text("type") else { return [] }
        switch type {
        case "agentMessage", "plan": return shown(answer.completed(item.text("text"), item: id))
        case "reasoning":
            return shown(thought.completed(Self.summary(item), item: id), as: "agent_thought_chunk")
        case "contextCompaction": return notice(CodexWords.compacted)
        case let silent where Self.silentItems.contains(silent): return []
        default: break
        }
        guard let tool = CodexTool(item, in: directory) else { return [] }
        guard tools.removeValue(forKey: id) != nil else { return [update("tool_call", tool.members)] }
        return [update("tool_call_update", tool.members)]
    }

    private static let silentItems: Set<String> = [
        "agentMessage", "plan", "reasoning", "userMessage", "hookPrompt", "functionCallOutput", "contextCompaction",
        "sleep", "subAgentActivity",
    ]

    /// Raw reasoning is shown only while there is no summary of it.
    private static func summary(_ item: JSON) -> String {
        let parts = (item["summary"]?.array ?? []).compactMap(\.text)
        return (parts.isEmpty ? (item["content"]?.array ?? []).compactMap(\.text) : parts).joined(separator: "\n\n")
    }

    mutating func output(_ delta: String, item: String) -> [Output] {
        guard tools[item]?.append(delta) ?? false, let tool = tools[item] else { return [] }
        return [
            update(
                "tool_call_update",
                [
                    .init("toolCallId", .string(item)), .init("status", "in_progress"),
                    .init("content", .array([CodexTool.text(tool.output)])),
                ])
        ]
    }

    mutating func patchUpdated(_ params: JSON) -> [Output] {
        guard let id = params.text("itemId"), tools[id] != nil else { return [] }
        let item: JSON = [
            "id": .string(id), "type": "fileChange", "changes": params["changes"] ?? [], "status": "inProgress",
        ]
        guard let tool = CodexTool(item, in: directory) else { return [] }
        tools[id] = tool
        return [update("tool_call_update", tool.members)]
    }

    /// Calls that an interrupted turn leaves open.
    mutating func closeTools() -> [Output] {
        let open = tools.keys.sorted()
        tools = [:]
        return open.map { update("tool_call_update", [.init("toolCallId", .string($0)), .init("status", "failed")]) }
    }

    /// The turns of a loaded thread, as ACP replays them.
    mutating func history(_ turns: [JSON]) -> [Output] {
        var outputs: [Output] = []
        for item in turns.flatMap({ $0["items"]?.array ?? [] }) {
            guard item.text("type") == "userMessage" else {
                outputs += itemCompleted(item)
                continue
            }
            let words = (item["content"]?.array ?? []).compactMap { $0.text("text") }.joined(separator: "\n")
            outputs.append(text(words, message: item.text("id") ?? "", as: "user_message_chunk"))
        }
        answer.turnEnded()
        thought.turnEnded()
        return outputs
    }
}
