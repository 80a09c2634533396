import ScriptedModel
import TestJSON

/// The three APIs, each with a plain request to start from.
enum API: String, CaseIterable, Sendable {
    case anthropic = "/v1/messages"
    case responses = "/v1/responses"
    case chat = "/v1/chat/completions"

    func ask(
        _ model: ScriptedModel, _ prompt: String = "make the file", stream: Bool = false, tools: [JSON]? = nil
    ) async throws -> Answer {
        try await post(model, body(prompt, stream: stream, tools: tools))
    }

    func post(_ model: ScriptedModel, _ body: JSON, headers: [String: String] = [:]) async throws -> Answer {
        try await post(model, text: body.text, headers: headers)
    }

    func post(_ model: ScriptedModel, text: String, headers: [String: String] = [:]) async throws -> Answer {
        var all = ["content-type": "application/json"]
        if self == .anthropic {
            all["x-api-key"] = "sk-test"
            all["anthropic-version"] = "2023-06-01"
        } else {
            all["authorization"] = "Bearer sk-test"
        }
        for (name, value) in headers { all[name] = value.isEmpty ? nil : value }
        return try await send("POST", model.anthropicBaseURL + rawValue, body: text, headers: all)
    }

    func body(_ prompt: String, stream: Bool = false, tools: [JSON]? = nil) -> JSON {
        let message: JSON = ["role": "user", "content": .string(prompt)]
        let common: JSON = [
            "model": "mock-model", "stream": .bool(stream), "tools": .array(tools ?? [tool("bash", ["command"])]),
        ]
        return switch self {
        case .anthropic: common.with(["max_tokens": 1000, "messages": [message]])
        case .responses: common.with(["input": [message]])
        case .chat: common.with(["messages": [message]])
        }
    }

    /// A tool whose members are all required texts.
    func tool(_ name: String, _ members: [String]) -> JSON {
        let properties = members.map { ($0, ["type": "string"] as JSON) }
        return tool(
            name,
            schema: [
                "type": "object", "properties": .object(Dictionary(uniqueKeysWithValues: properties)),
                "required": .array(members.map(JSON.string)),
            ])
    }

    func tool(_ name: String, schema: JSON) -> JSON {
        switch self {
        case .anthropic: ["name": .string(name), "input_schema": schema]
        case .responses: ["type": "function", "name": .string(name), "parameters": schema]
        case .chat: ["type": "function", "function": ["name": .string(name), "parameters": schema]]
        }
    }

    /// The text and the calls (name, input) of an answer that was not streamed.
    func content(_ answer: Answer) -> (text: String, calls: [(id: String, name: String, input: JSON)]) {
        let json = answer.json
        switch self {
        case .anthropic:
            let blocks = json["content"]?.array ?? []
            let calls = blocks.filter { $0["type"] == "tool_use" }
            return (
                blocks.compactMap { $0["text"]?.string }.joined(),
                calls.map { ($0["id"]?.string ?? "", $0["name"]?.string ?? "", $0["input"] ?? .null) }
            )
        case .responses:
            let items = json["output"]?.array ?? []
            let calls = items.filter { $0["call_id"] != nil }
            return (
                items.flatMap { $0["content"]?.array ?? [] }.compactMap { $0["text"]?.string }.joined(),
                calls.map {
                    (
                        $0["call_id"]?.string ?? "", $0["name"]?.string ?? "",
                        parse($0["arguments"]) ?? $0["input"] ?? .null
                    )
                }
            )
        case .chat:
            let message = json["choices"]?.array?.first?["message"]
            return (
                message?["content"]?.string ?? "",
                (message?["tool_calls"]?.array ?? []).map {
                    (
                        $0["id"]?.string ?? "", $0["function"]?["name"]?.string ?? "",
                        parse($0["function"]?["arguments"]) ?? .null
                    )
                }
            )
        }
    }

    /// The request that follows an answer once its calls have results.
    func followUp(_ request: JSON, _ answer: Answer, results: [String], then text: String? = nil) -> JSON {
        let calls = content(answer).calls
        let pairs = zip(calls, results)
        switch self {
        case .anthropic:
            var blocks: [JSON] = pairs.map {
                ["type": "tool_result", "tool_use_id": .string($0.id), "content": .string($1)]
            }
            if let text { blocks.append(["type": "text", "text": .string(text)]) }
            let added: [JSON] = [
                ["role": "assistant", "content": answer.json["content"] ?? []],
                ["role": "user", "content": .array(blocks)],
            ]
            return request.with(["messages": .array((request["messages"]?.array ?? []) + added)])
        case .responses:
            var items = (request["input"]?.array ?? []) + (answer.json["output"]?.array ?? [])
            items += pairs.map {
                ["type": "function_call_output", "call_id": .string($0.id), "output": .string($1)]
            }
            if let text { items.append(["role": "user", "content": .string(text)]) }
            return request.with(["input": .array(items)])
        case .chat:
            var messages = request["messages"]?.array ?? []
            messages.append(answer.json["choices"]?.array?.first?["message"] ?? .null)
            messages += pairs.map { ["role": "tool", "tool_call_id": .string($0.id), "content": .string($1)] }
            if let text { messages.append(["role": "user", "content": .string(text)]) }
            return request.with(["messages": .array(messages)])
        }
    }

    private func parse(_ text: JSON?) -> JSON? {
        text?.string.flatMap { try? JSON(parsing: Array($0.utf8)) }
    }
}
