import TestJSON

extension ChatDialect {
    func prompt(from body: JSON) throws(ModelRefusal) -> ModelPrompt {
        let model = try model(of: body)
        var prompt = ModelPrompt(model: model, isStreamed: body["stream"]?.bool ?? false, tools: try tools(of: body))
        if body["stream_options"] != nil, !prompt.isStreamed {
            throw .invalid(
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param: "stream_options")
        }
        prompt.wantsStreamedUsage = body["stream_options"]?["include_usage"]?.bool ?? false
        try readMessages(of: body, into: &prompt)
        return prompt
    }

    private func tools(of body: JSON) throws(ModelRefusal) -> [OfferedTool] {
        guard let list = body["tools"] else { return [] }
        guard let items = list.array else { throw wrongType("tools", expected: "an array of objects") }
        if items.isEmpty {
            throw .invalid("[] is too short - 'tools'", param: "tools", code: "empty_array")
        }
        var tools: [OfferedTool] = []
        for (index, item) in items.enumerated() {
            guard let type = item["type"]?.string else { throw missing("tools[\(index)].type") }
            guard type == "function" || type == "custom" else {
                throw unsupported(type, "tools[\(index)].type", ["function", "custom"])
            }
            guard let name = item[type]?["name"]?.string else { throw missing("tools[\(index)].\(type).name") }
            try checkName(name, "tools[\(index)].\(type).name")
            tools.append(OfferedTool(name: name, schema: item["function"]?["parameters"] ?? [:]))
        }
        return tools
    }

    private func readMessages(of body: JSON, into prompt: inout ModelPrompt) throws(ModelRefusal) {
        guard let list = body["messages"] else { throw missing("messages") }
        guard let messages = list.array else { throw wrongType("messages", expected: "an array of objects") }
        if messages.isEmpty {
            throw .invalid(
                "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array "
                    + "instead.", param: "messages", code: "empty_array")
        }
        var open: Set<String> = []
        for (index, message) in messages.enumerated() {
            let place = "messages[\(index)]"
            guard let role = message["role"]?.string else { throw missing("\(place).role") }
            if role != "tool", !open.isEmpty { throw unanswered(open, place) }
            switch role {
            case "user":
                for text in try texts(of: message, at: place) { prompt.sawUserText(text) }
            case "assistant":
                open = try calls(of: message, at: place)
            case "tool":
                guard let id = message["tool_call_id"]?.string else { throw missing("\(place).tool_call_id") }
                guard message["content"] != nil else { throw missing("\(place).content") }
                guard open.remove(id) != nil else {
                    throw .invalid(
                        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                            + "with 'tool_calls'.", param: "\(place).role")
                }
                prompt.sawToolResult()
            case "system", "developer": _ = try texts(of: message, at: place)
            default:
                throw unsupported(
                    role, "\(place).role", ["system", "assistant", "user", "function", "tool", "developer"])
            }
        }
        if !open.isEmpty { throw unanswered(open, "messages") }
    }

    private func texts(of message: JSON, at place: String) throws(ModelRefusal) -> [String] {
        switch message["content"] {
        case .string(let text): return [text]
        case .array(let parts):
            if let index = parts.firstIndex(where: { $0["type"]?.string == nil }) {
                throw missing("\(place).content[\(index)].type")
            }
            return parts.filter { $0["type"] == "text" }.compactMap { $0["text"]?.string }
        case nil: throw missing("\(place).content")
        default: throw wrongType("\(place).content", expected: "a string or an array of objects")
        }
    }

    private func calls(of message: JSON, at place: String) throws(ModelRefusal) -> Set<String> {
        let calls = message["tool_calls"]?.array ?? []
        if calls.isEmpty, message["content"] == nil { throw missing("\(place).content") }
        var ids: Set<String> = []
        for (index, call) in calls.enumerated() {
            guard let id = call["id"]?.string else { throw missing("\(place).tool_calls[\(index)].id") }
            let function = call["function"] ?? call["custom"]
            guard function?["name"]?.string != nil else {
                throw missing("\(place).tool_calls[\(index)].function.name")
            }
            ids.insert(id)
        }
        return ids
    }

    private func unanswered(_ calls: Set<String>, _ place: String) -> ModelRefusal {
        .invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                + "'tool_call_id'. The following tool_call_ids did not have response messages: "
                + calls.sorted().joined(separator: ", "), param: place)
    }
}
