import TestJSON

extension ResponsesDialect {
    func prompt(from body: JSON) throws(ModelRefusal) -> ModelPrompt {
        let model = try model(of: body)
        var prompt = ModelPrompt(model: model, isStreamed: body["stream"]?.bool ?? false, tools: try tools(of: body))
        switch body["input"] {
        case .string(let text): prompt.sawUserText(text)
        case .array(let items): try read(items, into: &prompt)
        case nil: throw missing("input")
        default: throw wrongType("input", expected: "a string or an array")
        }
        return prompt
    }

    private func tools(of body: JSON) throws(ModelRefusal) -> [OfferedTool] {
        guard let list = body["tools"] else { return [] }
        guard let items = list.array else { throw wrongType("tools", expected: "an array") }
        var tools: [OfferedTool] = []
        for (index, item) in items.enumerated() {
            guard let type = item["type"]?.string else { throw missing("tools[\(index)].type") }
            // Of the built-in tools only the two that take calls by name matter.
            guard type == "function" || type == "custom" else { continue }
            guard let name = item["name"]?.string else { throw missing("tools[\(index)].name") }
            try checkName(name, "tools[\(index)].name")
            if type == "function", let parameters = item["parameters"], parameters.object == nil {
                throw wrongType("tools[\(index)].parameters", expected: "an object")
            }
            tools.append(OfferedTool(name: name, schema: type == "custom" ? nil : item["parameters"] ?? [:]))
        }
        return tools
    }

    private func read(_ items: [JSON], into prompt: inout ModelPrompt) throws(ModelRefusal) {
        var called: Set<String> = []
        var answered: Set<String> = []
        for (index, item) in items.enumerated() {
            let type = item["type"]?.string ?? "message"
            switch type {
            case "message": try read(message: item, at: "input[\(index)]", into: &prompt)
            case "function_call", "custom_tool_call", "local_shell_call":
                called.insert(try callID(item, at: index))
            case "function_call_output", "custom_tool_call_output", "local_shell_call_output":
                let id = try callID(item, at: index)
                guard item["output"] != nil else { throw missing("input[\(index)].output") }
                guard called.contains(id) else {
                    throw .invalid("No tool call found for function call output with call_id \(id).", param: "input")
                }
                answered.insert(id)
                prompt.sawToolResult()
            case "reasoning", "item_reference", "web_search_call", "compaction", "additional_tools": continue
            default:
                throw unsupported(
                    type, "input[\(index)].type",
                    ["message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"])
            }
        }
        if let open = called.subtracting(answered).min() {
            throw .invalid("No tool output found for function call \(open).", param: "input")
        }
    }

    private func callID(_ item: JSON, at index: Int) throws(ModelRefusal) -> String {
        guard let id = item["call_id"]?.string else { throw missing("input[\(index)].call_id") }
        return id
    }

    private func read(message: JSON, at place: String, into prompt: inout ModelPrompt) throws(ModelRefusal) {
        guard let role = message["role"]?.string else { throw missing("\(place).role") }
        let roles = ["assistant", "system", "developer", "user"]
        guard roles.contains(role) else { throw unsupported(role, "\(place).role", roles) }
        switch message["content"] {
        case .string(let text):
            if role == "user" { prompt.sawUserText(text) }
        case .array(let parts):
            for (index, part) in parts.enumerated() {
                let partPlace = "\(place).content[\(index)]"
                guard let type = part["type"]?.string else { throw missing("\(partPlace).type") }
                let types =
                    role == "assistant"
                    ? ["output_text", "refusal"] : ["input_text", "input_image", "input_file", "input_audio"]
                guard types.contains(type) else { throw unsupported(type, "\(partPlace).type", types) }
                if type == "input_image" { prompt.images += 1 }
                if role == "user", type == "input_text" { prompt.sawUserText(part["text"]?.string ?? "") }
            }
        case nil: throw missing("\(place).content")
        default: throw wrongType("\(place).content", expected: "a string or an array")
        }
    }
}
