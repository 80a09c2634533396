import AnycodeJSON
import Foundation
import Testing

@testable import AnycodeRunner

/// A client's side of a conversation with an agent behind a real runner.
struct CodexTalk {
    /// Everything that was said in a turn.
    struct Turn {
        var messages: [JSON] = []
        var answer: JSON = .null

        func updates(_ kind: String) -> [JSON] {
            messages.compactMap { $0["params"]?["update"] }.filter { $0.text("sessionUpdate") == kind }
        }

        /// What the agent said, without notices.
        var text: String {
            updates("agent_message_chunk").filter { $0["_meta"] == nil }
                .compactMap { $0["content"]?.text("text") }.joined()
        }

        var notices: String {
            updates("agent_message_chunk").filter { $0["_meta"] != nil }
                .compactMap { $0["content"]?.text("text") }.joined(separator: "\n")
        }

        /// The tool call as its updates left it.
        var call: JSON {
            var members: [JSON.Member] = []
            for update in updates("tool_call") + updates("tool_call_update") {
                for member in update.members ?? [] {
                    members.removeAll { $0.key == member.key }
                    members.append(member)
                }
            }
            return .object(members)
        }

        func requests(_ method: String) -> [JSON] {
            messages.filter { $0.text("method") == method }.compactMap { $0["params"] }
        }

        var stopReason: String? { answer["result"]?.text("stopReason") }
    }

    /// Answers a request of the agent with a result, or leaves it open.
    typealias Replies = (_ method: String, _ params: JSON) -> JSON?

    let runner: RunnerHarness
    let agent: String
    private(set) var session = ""
    private(set) var opened: JSON = .null
    private var cursor: UInt64 = 0
    private var id: Int64

    static func begin(
        _ runner: RunnerHarness, agent: String = "codex", load: String? = nil, from id: Int64 = 0
    ) async throws -> CodexTalk {
        var talk = CodexTalk(runner: runner, agent: agent, id: id)
        _ = try await talk.call(
            "initialize", ["protocolVersion": 1, "clientCapabilities": ["elicitation": ["form": [:]]]])
        var params: JSON = ["cwd": .string(runner.workspace), "mcpServers": []]
        if let load { params = .object((params.members ?? []) + [.init("sessionId", .string(load))]) }
        talk.opened = try await talk.call(load == nil ? "session/new" : "session/load", params)
        talk.session = load ?? talk.opened["result"]?.text("sessionId") ?? ""
        return talk
    }

    private init(runner: RunnerHarness, agent: String, id: Int64) {
        self.agent = agent
        self.runner = runner
        self.id = id
    }

    var lastID: Int64 { id }

    private func post(_ message: JSON, headers: [String: String] = [:]) async throws -> TestClient.Answer {
        try await runner.post(String(decoding: message.bytes, as: UTF8.self), agent: agent, headers: headers)
    }

    /// A request and its answer.
    mutating func call(_ method: String, _ params: JSON) async throws -> JSON {
        id += 1
        let answer = try await post(
            ["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params])
        return try JSON(parsing: answer.body)
    }

    func cancel() async throws {
        _ = try await post(
            ["jsonrpc": "2.0", "method": "session/cancel", "params": ["sessionId": .string(session)]])
    }

    /// A turn: sends the prompt, answers requests, acts where `at` says so, and returns when it ends.
    mutating func prompt(
        _ text: String, replies: Replies = { _, _ in nil }, at: ((JSON) -> Bool)? = nil,
        then act: ((CodexTalk) async throws -> Void)? = nil
    ) async throws -> Turn {
        id += 1
        let (id, talk) = (id, self)
        let request: JSON = [
            "jsonrpc": "2.0", "id": .integer(id), "method": "session/prompt",
            "params": ["sessionId": .string(session), "prompt": [["type": "text", "text": .string(text)]]],
        ]
        #expect(try await post(request, headers: ["Prefer": "respond-async"]).status == 202)
        let (turn, last) = try await runner.client.events("s", after: cursor) { events in
            var turn = Turn()
            var acted = false
            while true {
                let event = try await events.next()
                guard event.name == "message" else { continue }
                let message = try JSON(parsing: Array(event.data.utf8))
                turn.messages.append(message)
                if let at, let act, !acted, at(message) {
                    acted = true
                    try await act(talk)
                }
                if let method = message.text("method"), let asked = message["id"] {
                    guard let result = replies(method, message["params"] ?? .null) else { continue }
                    _ = try await talk.post(["jsonrpc": "2.0", "id": asked, "result": result])
                } else if message["id"] == .integer(id) {
                    turn.answer = message
                    return (turn, event.id)
                }
            }
        }
        cursor = last ?? cursor
        return turn
    }

    /// Chooses the option of this id in every permission request.
    static func choosing(_ option: String) -> Replies {
        { method, _ in
            guard method == "session/request_permission" else { return nil }
            return ["outcome": ["outcome": "selected", "optionId": .string(option)]]
        }
    }

    func file(_ name: String) -> String? {
        (try? Data(contentsOf: URL(filePath: runner.workspace + "/" + name))).map {
            String(decoding: $0, as: UTF8.self)
        }
    }
}
