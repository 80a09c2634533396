import TestJSON

/// One item of a response's output.
struct ResponsesItem {
    enum Content {
        case reasoning(String)
        case message(String)
        case call(FittedCall, callID: String)
    }

    let id: String
    let content: Content

    func body(status: String) -> JSON {
        let isDone = status == "completed"
        switch content {
        case .reasoning(let text):
            let summary: JSON = isDone ? [["type": "summary_text", "text": .string(text)]] : []
            return ["type": "reasoning", "id": .string(id), "summary": summary]
        case .message(let text):
            return [
                "type": "message", "id": .string(id), "role": "assistant", "status": .string(status),
                "content": isDone ? [Self.textPart(text)] : [],
            ]
        case .call(let call, let callID):
            return [
                "type": call.isCustom ? "custom_tool_call" : "function_call", "id": .string(id),
                "call_id": .string(callID), "name": .string(call.name), "status": .string(status),
                (call.isCustom ? "input" : "arguments"): .string(isDone ? call.inputText : ""),
            ]
        }
    }

    /// The events between the item's start and its end; `place` names the item.
    func addParts(to stream: inout ResponsesStream, at place: [String: JSON]) {
        switch content {
        case .reasoning(let text):
            let place = place.with("summary_index", 0)
            let part: JSON = ["type": "summary_text", "text": .string(text)]
            stream.add(
                "response.reasoning_summary_part.added", place.with("part", part.with(["text": ""])))
            addText("response.reasoning_summary_text", text, to: &stream, at: place)
            stream.add("response.reasoning_summary_part.done", place.with("part", part))
        case .message(let text):
            let place = place.with("content_index", 0)
            stream.add("response.content_part.added", place.with("part", Self.textPart("")))
            addText("response.output_text", text, to: &stream, at: place)
            stream.add("response.content_part.done", place.with("part", Self.textPart(text)))
        case .call(let call, _):
            let kind = call.isCustom ? "custom_tool_call_input" : "function_call_arguments"
            for piece in ModelReply.chunks(call.inputText) {
                stream.add("response.\(kind).delta", place.with("delta", .string(piece)))
            }
            stream.add(
                "response.\(kind).done", place.with(call.isCustom ? "input" : "arguments", .string(call.inputText)))
        }
    }

    private func addText(
        _ name: String, _ text: String, to stream: inout ResponsesStream, at place: [String: JSON]
    ) {
        for piece in ModelReply.pieces(text) {
            stream.add("\(name).delta", place.with("delta", .string(piece)), isWord: true)
        }
        stream.add("\(name).done", place.with("text", .string(text)))
    }

    private static func textPart(_ text: String) -> JSON {
        ["type": "output_text", "text": .string(text), "annotations": []]
    }
}
