import TestJSON

/// OpenAI's chat completions. Source: platform.openai.com/docs/api-reference/chat and chat-streaming.
struct ChatDialect: OpenAIDialect {
    func document(_ reply: ModelReply) -> JSON {
        var message: JSON = [
            "role": "assistant", "content": reply.text.isEmpty ? .null : .string(reply.text), "refusal": .null,
        ]
        if let thinking = reply.thinking { message = message.with(["reasoning_content": .string(thinking)]) }
        if !reply.calls.isEmpty {
            message = message.with([
                "tool_calls": .array(reply.calls.map { toolCall($0, arguments: $0.fitted.inputText) })
            ])
        }
        let choice: JSON = [
            "index": 0, "message": message, "logprobs": .null, "finish_reason": finishReason(reply),
        ]
        return envelope(reply, "chat.completion").with(["choices": [choice], "usage": usage])
    }

    func frames(_ reply: ModelReply) -> [ModelFrame] {
        var frames = [chunk(reply, ["role": "assistant", "content": "", "refusal": .null])]
        frames += reply.thinkingPieces.map { chunk(reply, ["reasoning_content": .string($0)], isWord: true) }
        frames += reply.pieces.map { chunk(reply, ["content": .string($0)], isWord: true) }
        for (index, call) in reply.calls.enumerated() {
            let start = toolCall(call, arguments: "").with(["index": .integer(index)])
            frames.append(chunk(reply, ["tool_calls": [start]]))
            for piece in ModelReply.chunks(call.fitted.inputText) {
                let delta: JSON = ["index": .integer(index), "function": ["arguments": .string(piece)]]
                frames.append(chunk(reply, ["tool_calls": [delta]]))
            }
        }
        frames.append(chunk(reply, [:], finishReason: finishReason(reply)))
        if reply.reportsStreamedUsage {
            let last = envelope(reply, "chat.completion.chunk").with(["choices": [], "usage": usage])
            frames.append(ModelFrame(nil, last))
        }
        frames.append(ModelFrame(nil, "[DONE]"))
        return frames
    }

    private let usage: JSON = [
        "prompt_tokens": .integer(ModelReply.inputTokens), "completion_tokens": .integer(ModelReply.outputTokens),
        "total_tokens": .integer(ModelReply.inputTokens + ModelReply.outputTokens),
    ]

    private func finishReason(_ reply: ModelReply) -> JSON {
        reply.calls.isEmpty ? "stop" : "tool_calls"
    }

    private func toolCall(_ call: ModelReply.Call, arguments: String) -> JSON {
        [
            "id": .string("call_\(call.id)"), "type": "function",
            "function": ["name": .string(call.fitted.name), "arguments": .string(arguments)],
        ]
    }

    private func chunk(
        _ reply: ModelReply, _ delta: JSON, finishReason: JSON = .null, isWord: Bool = false
    ) -> ModelFrame {
        let choice: JSON = ["index": 0, "delta": delta, "logprobs": .null, "finish_reason": finishReason]
        return ModelFrame(nil, envelope(reply, "chat.completion.chunk").with(["choices": [choice]]), isWord: isWord)
    }

    private func envelope(_ reply: ModelReply, _ object: String) -> JSON {
        [
            "id": .string("chatcmpl-\(reply.id)"), "object": .string(object), "created": .integer(reply.created),
            "model": .string(reply.model),
        ]
    }
}
