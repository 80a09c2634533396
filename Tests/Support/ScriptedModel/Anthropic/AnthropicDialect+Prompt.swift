import TestJSON

extension AnthropicDialect {
    func prompt(from body: JSON) throws(ModelRefusal) -> ModelPrompt {
        try prompt(from: body, needsMaxTokens: true)
    }

    /// The body of `count_tokens` has no `max_tokens`.
    func prompt(from body: JSON, needsMaxTokens: Bool) throws(ModelRefusal) -> ModelPrompt {
        guard body.object != nil else { throw .invalid("The request body is not valid JSON") }
        guard let model = body["model"]?.string else { throw .invalid("model: Field required") }
        if needsMaxTokens {
            guard let limit = body["max_tokens"] else { throw .invalid("max_tokens: Field required") }
            guard let tokens = limit.integer else { throw .invalid("max_tokens: Input should be a valid integer") }
            if tokens < 1 { throw .invalid("max_tokens: must be greater than or equal to 1") }
        }
        if let stream = body["stream"], stream.bool == nil {
            throw .invalid("stream: Input should be a valid boolean")
        }
        var prompt = ModelPrompt(model: model, isStreamed: body["stream"]?.bool ?? false, tools: try tools(of: body))
        try readMessages(of: body, into: &prompt)
        return prompt
    }

    private func tools(of body: JSON) throws(ModelRefusal) -> [OfferedTool] {
        guard let list = body["tools"] else { return [] }
        guard let items = list.array else { throw .invalid("tools: Input should be a valid list") }
        var tools: [OfferedTool] = []
        for (index, item) in items.enumerated() {
            guard let name = item["name"]?.string else { throw .invalid("tools.\(index).custom.name: Field required") }
            // The maker's own server tools, such as web_search_20250305, carry no schema and are never called here.
            if let type = item["type"]?.string, type != "custom" { continue }
            guard ToolName.isValid(name, limit: 128) else {
                throw .invalid("tools.\(index).custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'")
            }
            guard let schema = item["input_schema"] else {
                throw .invalid("tools.\(index).custom.input_schema: Field required")
            }
            guard schema["type"] == "object" else {
                throw .invalid("tools.\(index).custom.input_schema.type: Input should be 'object'")
            }
            if tools.contains(where: { $0.name == name }) { throw .invalid("tools: Tool names must be unique.") }
            tools.append(OfferedTool(name: name, schema: schema))
        }
        return tools
    }

    private func readMessages(of body: JSON, into prompt: inout ModelPrompt) throws(ModelRefusal) {
        guard let list = body["messages"] else { throw .invalid("messages: Field required") }
        guard let messages = list.array else { throw .invalid("messages: Input should be a valid list") }
        if messages.isEmpty { throw .invalid("messages: at least one message is required") }
        var openCalls: Set<String> = []
        for (index, message) in messages.enumerated() {
            let blocks = try self.blocks(of: message, at: "messages.\(index)")
            switch message["role"]?.string {
            case "assistant":
                openCalls = Set(blocks.filter { $0["type"] == "tool_use" }.compactMap { $0["id"]?.string })
            case "user":
                try checkResults(blocks, answer: openCalls, at: index)
                openCalls = []
                for block in blocks { read(block, into: &prompt) }
            // Claude Code sends its reminders so, and the API takes them.
            case "system": continue
            case nil: throw .invalid("messages.\(index).role: Field required")
            default:
                throw .invalid("messages.\(index).role: Input should be 'user' or 'assistant'")
            }
        }
        if !openCalls.isEmpty, messages.last?["role"] != "assistant" { throw unanswered(openCalls, messages.count - 1) }
    }

    private func read(_ block: JSON, into prompt: inout ModelPrompt) {
        switch block["type"]?.string {
        case "text": prompt.sawUserText(block["text"]?.string ?? "")
        case "tool_result": prompt.sawToolResult()
        case "image": prompt.images += 1
        default: return
        }
    }

    private func blocks(of message: JSON, at place: String) throws(ModelRefusal) -> [JSON] {
        switch message["content"] {
        case .string(let text): return [["type": "text", "text": .string(text)]]
        case .array(let blocks):
            for (index, block) in blocks.enumerated() { try check(block, at: "\(place).content.\(index)") }
            return blocks
        case nil: throw .invalid("\(place).content: Field required")
        default: throw .invalid("\(place).content: Input should be a valid list")
        }
    }

    private func check(_ block: JSON, at place: String) throws(ModelRefusal) {
        let required: [String]
        switch block["type"]?.string {
        case "text": required = ["text"]
        case "tool_use": required = ["id", "name", "input"]
        case "tool_result": required = ["tool_use_id"]
        case "thinking": required = ["thinking", "signature"]
        case "image", "document": required = ["source"]
        case nil: throw .invalid("\(place).type: Field required")
        default: return
        }
        guard let missing = required.first(where: { block[$0] == nil }) else { return }
        throw .invalid("\(place).\(block["type"]?.string ?? "").\(missing): Field required")
    }

    private func checkResults(_ blocks: [JSON], answer calls: Set<String>, at index: Int) throws(ModelRefusal) {
        let answered = blocks.filter { $0["type"] == "tool_result" }.compactMap { $0["tool_use_id"]?.string }
        if let stray = answered.first(where: { !calls.contains($0) }) {
            throw .invalid(
                "messages.\(index).content.0: unexpected `tool_use_id` found in `tool_result` blocks: \(stray). "
                    + "Each `tool_result` block must have a corresponding `tool_use` block in the previous message.")
        }
        let missing = calls.subtracting(answered)
        if !missing.isEmpty { throw unanswered(missing, index - 1) }
    }

    private func unanswered(_ calls: Set<String>, _ index: Int) -> ModelRefusal {
        .invalid(
            "messages.\(index): `tool_use` ids were found without `tool_result` blocks immediately after: "
                + "\(calls.sorted().joined(separator: ", ")). Each `tool_use` block must have a corresponding "
                + "`tool_result` block in the next message.")
    }
}

/// The names both makers allow for tools.
enum ToolName {
    static func isValid(_ name: String, limit: Int) -> Bool {
        !name.isEmpty && name.utf8.count <= limit
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
