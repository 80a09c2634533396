import TestJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The model behind an OpenAI chat endpoint: `OPENAI_BASE_URL`, `OPENAI_API_KEY`, `OPENAI_MODEL`.
struct ModelClient {
    struct Call {
        var id = ""
        var name = ""
        var arguments = ""
    }

    struct Answer {
        var text = ""
        var calls: [Call] = []

        /// The answer as the API wants to see it again.
        var message: JSON {
            let calls = calls.map { call -> JSON in
                [
                    "id": .string(call.id), "type": "function",
                    "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
                ]
            }
            let message: JSON = ["role": "assistant", "content": .string(text)]
            return calls.isEmpty ? message : message.with(["tool_calls": .array(calls)])
        }
    }

    private static let attempts = 4

    let environment = ProcessInfo.processInfo.environment

    /// Streams one answer; refusals that say when to come back are tried again.
    func answer(
        to messages: [JSON], tools: JSON, orUntil interrupt: Interrupt, onText: (String) -> Void,
        onThought: (String) -> Void
    ) throws(TurnEnd) -> Answer {
        let body: JSON = [
            "model": .string(environment["OPENAI_MODEL"] ?? "mock-model"), "stream": true,
            "messages": .array(messages), "tools": tools,
        ]
        for attempt in 1... {
            let exchange = try send(body, orUntil: interrupt)
            if exchange.status == 200 {
                return try read(exchange, onText: onText, onThought: onThought)
            }
            let seconds = exchange.headers["retry-after"].flatMap { Int32($0) }
            guard attempt < Self.attempts, let seconds, [429, 503, 529].contains(exchange.status) else {
                throw .failed(try refusal(exchange))
            }
            try interrupt.wait(for: nil, milliseconds: min(seconds, 30) * 1000)
        }
        throw .failed("The model gave no answer.")
    }

    private func send(_ body: JSON, orUntil interrupt: Interrupt) throws(TurnEnd) -> HTTPExchange {
        let text = environment["OPENAI_BASE_URL"] ?? "http://127.0.0.1:8765/v1"
        guard let base = URL(string: text), base.scheme == "http", let host = base.host() else {
            throw .failed("OPENAI_BASE_URL is not a plain http address.")
        }
        let headers = [
            ("content-type", "application/json"), ("accept", "text/event-stream"),
            ("authorization", "Bearer \(environment["OPENAI_API_KEY"] ?? "")"),
        ]
        let path = base.path().hasSuffix("/") ? String(base.path().dropLast()) : base.path()
        return try HTTPExchange(
            to: host, "\(base.port ?? 80)", path: path + "/chat/completions", headers: headers, body: body.text,
            orUntil: interrupt)
    }

    private func refusal(_ exchange: HTTPExchange) throws(TurnEnd) -> String {
        let body = try? JSON(parsing: Array(try exchange.body().utf8))
        let message = body?["error"]?["message"]?.string ?? "no reason given"
        return "The model answered \(exchange.status): \(message.prefix(300))"
    }

    private func read(
        _ exchange: HTTPExchange, onText: (String) -> Void, onThought: (String) -> Void
    ) throws(TurnEnd) -> Answer {
        var answer = Answer()
        var isDone = false
        try exchange.readLines { (line) throws(TurnEnd) in
            guard line.hasPrefix("data: ") else { return }
            let data = line.dropFirst("data: ".count)
            if data.hasPrefix("[DONE]") { isDone = true }
            guard let chunk = try? JSON(parsing: data.utf8), let delta = chunk["choices"]?.array?.first?["delta"] else {
                return
            }
            if let thought = delta["reasoning_content"]?.string, !thought.isEmpty { onThought(thought) }
            if let text = delta["content"]?.string, !text.isEmpty {
                answer.text += text
                onText(text)
            }
            for piece in delta["tool_calls"]?.array ?? [] { answer.add(piece) }
        }
        guard isDone else { throw .failed("The model's answer broke off.") }
        return answer
    }
}

extension ModelClient.Answer {
    fileprivate mutating func add(_ piece: JSON) {
        guard let index = piece["index"]?.integer, (0...calls.count).contains(index) else { return }
        if index == calls.count { calls.append(ModelClient.Call()) }
        if let id = piece["id"]?.string { calls[index].id = id }
        if let name = piece["function"]?["name"]?.string { calls[index].name = name }
        calls[index].arguments += piece["function"]?["arguments"]?.string ?? ""
    }
}
