import TestJSON

/// OpenAI's Responses API. Source: platform.openai.com/docs/api-reference/responses and responses-streaming.
struct ResponsesDialect: OpenAIDialect {
    func document(_ reply: ModelReply) -> JSON {
        response(reply, status: "completed", output: items(reply).map { $0.body(status: "completed") })
    }

    func frames(_ reply: ModelReply) -> [ModelFrame] {
        var stream = ResponsesStream()
        stream.add("response.created", ["response": response(reply, status: "in_progress", output: [])])
        stream.add("response.in_progress", ["response": response(reply, status: "in_progress", output: [])])
        let items = items(reply)
        for (index, item) in items.enumerated() {
            let place: [String: JSON] = ["output_index": .integer(index)]
            stream.add("response.output_item.added", place.with("item", item.body(status: "in_progress")))
            item.addParts(to: &stream, at: place.with("item_id", .string(item.id)))
            stream.add("response.output_item.done", place.with("item", item.body(status: "completed")))
        }
        let output = items.map { $0.body(status: "completed") }
        stream.add("response.completed", ["response": response(reply, status: "completed", output: output)])
        return stream.frames
    }

    private func items(_ reply: ModelReply) -> [ResponsesItem] {
        var items: [ResponsesItem] = []
        if let thinking = reply.thinking {
            items.append(ResponsesItem(id: "rs_\(reply.id)", content: .reasoning(thinking)))
        }
        if !reply.text.isEmpty { items.append(ResponsesItem(id: "msg_\(reply.id)", content: .message(reply.text))) }
        for call in reply.calls {
            let prefix = call.fitted.isCustom ? "ctc" : "fc"
            items.append(
                ResponsesItem(id: "\(prefix)_\(call.id)", content: .call(call.fitted, callID: "call_\(call.id)")))
        }
        return items
    }

    private func response(_ reply: ModelReply, status: String, output: [JSON]) -> JSON {
        let usage: JSON = [
            "input_tokens": .integer(ModelReply.inputTokens), "input_tokens_details": ["cached_tokens": 0],
            "output_tokens": .integer(ModelReply.outputTokens), "output_tokens_details": ["reasoning_tokens": 0],
            "total_tokens": .integer(ModelReply.inputTokens + ModelReply.outputTokens),
        ]
        return [
            "id": .string("resp_\(reply.id)"), "object": "response", "created_at": .integer(reply.created),
            "status": .string(status), "model": .string(reply.model), "output": .array(output), "error": .null,
            "incomplete_details": .null, "instructions": .null, "metadata": [:], "parallel_tool_calls": true,
            "previous_response_id": .null, "store": false, "temperature": 1, "tool_choice": "auto", "tools": [],
            "top_p": 1, "truncation": "disabled", "usage": status == "completed" ? usage : .null,
        ]
    }
}

/// Builds the numbered events of a response.
struct ResponsesStream {
    private(set) var frames: [ModelFrame] = []

    mutating func add(_ type: String, _ members: [String: JSON], isWord: Bool = false) {
        let data = JSON.object(members).with(["type": .string(type), "sequence_number": .integer(frames.count)])
        frames.append(ModelFrame(type, data, isWord: isWord))
    }
}

extension [String: JSON] {
    func with(_ key: String, _ value: JSON) -> [String: JSON] {
        merging([key: value]) { _, last in last }
    }
}
