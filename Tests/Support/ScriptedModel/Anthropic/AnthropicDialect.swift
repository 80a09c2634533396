import TestJSON

/// Anthropic's Messages API, version 2023-06-01. Source: docs.anthropic.com/en/api, errors and streaming pages.
struct AnthropicDialect: ModelDialect {
    func refusal(status: Int) -> ModelRefusal {
        let (type, message) =
            switch status {
            case 400: ("invalid_request_error", "The request is invalid.")
            case 401: ("authentication_error", "invalid x-api-key")
            case 403: ("permission_error", "Your API key does not have permission to use the specified resource.")
            case 404: ("not_found_error", "Not found")
            case 413: ("request_too_large", "Request exceeds the maximum size")
            case 429:
                ("rate_limit_error", "This request would exceed your account's rate limit. Please try again later.")
            case 529: ("overloaded_error", "Overloaded")
            default: ("api_error", "Internal server error")
            }
        return ModelRefusal(status: status, type: type, message: message)
    }

    func refusal(key: String?) -> ModelRefusal {
        ModelRefusal(
            status: 401, type: "authentication_error",
            message: key == nil ? "x-api-key header is required" : "invalid x-api-key")
    }

    func errorBody(_ refusal: ModelRefusal, requestID: String) -> JSON {
        [
            "type": "error",
            "error": ["type": .string(refusal.type), "message": .string(refusal.message)],
            "request_id": .string(requestID),
        ]
    }

    func document(_ reply: ModelReply) -> JSON {
        var content: [JSON] = []
        if let thinking = reply.thinking {
            content.append(["type": "thinking", "thinking": .string(thinking), "signature": .string(Self.signature)])
        }
        if !reply.text.isEmpty { content.append(["type": "text", "text": .string(reply.text)]) }
        content += reply.calls.map { call in
            [
                "type": "tool_use", "id": .string("toolu_\(call.id)"), "name": .string(call.fitted.name),
                "input": call.fitted.input,
            ]
        }
        return message(
            reply, content: content, stopReason: stopReason(reply), outputTokens: ModelReply.outputTokens)
    }

    func frames(_ reply: ModelReply) -> [ModelFrame] {
        var stream = AnthropicStream()
        stream.add("message_start", ["message": message(reply, content: [], stopReason: .null, outputTokens: 1)])
        stream.add("ping")
        if reply.thinking != nil {
            stream.block(["type": "thinking", "thinking": "", "signature": ""]) { block in
                for piece in reply.thinkingPieces {
                    block.delta(["type": "thinking_delta", "thinking": .string(piece)], isWord: true)
                }
                block.delta(["type": "signature_delta", "signature": .string(Self.signature)])
            }
        }
        if !reply.text.isEmpty {
            stream.block(["type": "text", "text": ""]) { block in
                for piece in reply.pieces { block.delta(["type": "text_delta", "text": .string(piece)], isWord: true) }
            }
        }
        for call in reply.calls {
            let start: JSON = [
                "type": "tool_use", "id": .string("toolu_\(call.id)"), "name": .string(call.fitted.name), "input": [:],
            ]
            stream.block(start) { block in
                for piece in ModelReply.chunks(call.fitted.inputText) {
                    block.delta(["type": "input_json_delta", "partial_json": .string(piece)])
                }
            }
        }
        stream.add(
            "message_delta",
            [
                "delta": ["stop_reason": stopReason(reply), "stop_sequence": .null],
                "usage": ["output_tokens": .integer(ModelReply.outputTokens)],
            ])
        stream.add("message_stop")
        return stream.frames
    }

    private static let signature = "c2NyaXB0ZWQ="

    private func stopReason(_ reply: ModelReply) -> JSON {
        reply.calls.isEmpty ? "end_turn" : "tool_use"
    }

    private func message(_ reply: ModelReply, content: [JSON], stopReason: JSON, outputTokens: Int) -> JSON {
        [
            "id": .string("msg_\(reply.id)"), "type": "message", "role": "assistant", "model": .string(reply.model),
            "content": .array(content), "stop_reason": stopReason, "stop_sequence": .null,
            "usage": [
                "input_tokens": .integer(ModelReply.inputTokens), "output_tokens": .integer(outputTokens),
                "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
            ],
        ]
    }
}

/// Builds the events of a message: numbered blocks, each with a start, deltas and a stop.
private struct AnthropicStream {
    private(set) var frames: [ModelFrame] = []
    private var blocks = 0

    mutating func add(_ type: String, _ members: [String: JSON] = [:], isWord: Bool = false) {
        frames.append(ModelFrame(type, .object(members).with(["type": .string(type)]), isWord: isWord))
    }

    mutating func delta(_ delta: JSON, isWord: Bool = false) {
        add("content_block_delta", ["index": .integer(blocks), "delta": delta], isWord: isWord)
    }

    mutating func block(_ start: JSON, deltas: (inout AnthropicStream) -> Void) {
        add("content_block_start", ["index": .integer(blocks), "content_block": start])
        deltas(&self)
        add("content_block_stop", ["index": .integer(blocks)])
        blocks += 1
    }
}
