import AnycodeJSON

/// The sessions of sandbox-agent 0.1 (`/v1/sessions`), whose events the ancestor knew: `item.delta` and its like.
///
/// A value without connections or a clock. Events are numbered and replayed from any number on; a turn can be stopped only
/// by ending its session.
struct SandboxAgentSessions: Sendable {
    typealias Output = OpenCodeTranslation.Output

    enum Step: Sendable, Equatable {
        case open(request: JSON)
        case load(request: JSON, session: String)
        case again
        case prompt
        case other
    }

    struct Asked: Sendable {
        var id: String
        var isQuestion: Bool
    }

    private struct Turn: Sendable {
        var request: JSON
        var text: String
        var isCancelled = false
        var error: String?
    }

    let agent: String
    let directory: String
    var showsForms = false
    private var session = ""
    /// The server's session; another one after a turn was stopped.
    private var inner = ""
    private var generation = 1
    private var isOpen = false
    private var last: Int64 = 0
    private var turn: Turn?
    private var shown: [String: Int] = [:]
    private var calls: Set<String> = []
    private var asked: [Int64: Asked] = [:]
    private var lastAsked: Int64 = 0
    private var lastNotice = 0

    init(agent: String, directory: String, showsForms: Bool) {
        (self.agent, self.directory, self.showsForms) = (agent, directory, showsForms)
    }

    var subscription: ServerRequest? {
        isOpen ? ServerRequest("GET", "/v1/sessions/\(inner)/events/sse?offset=\(last)") : nil
    }

    // MARK: From the client

    mutating func fromClient(_ message: JSON) -> [Output] {
        let params = message["params"] ?? .null
        guard let method = message.text("method") else { return replied(message) }
        guard let id = message["id"] else { return method == "session/cancel" ? cancel() : [] }
        switch method {
        case "authenticate": return [.result(id, [:])]
        case "session/new":
            session = "anycode-\(Self.random())"
            inner = session
            return [create(.open(request: id))]
        case "session/load", "session/resume":
            let known = params.text("sessionId") ?? ""
            return [.call(.older(.load(request: id, session: known)), [ServerRequest("GET", "/v1/sessions")])]
        case "session/prompt":
            let blocks = params["prompt"]?.array ?? []
            turn = Turn(request: id, text: blocks.compactMap { $0.text("text") }.joined(separator: "\n\n"))
            return isOpen ? [post()] : [create(.again)]
        default: return [.failure(id, code: -32601, "Method not found")]
        }
    }

    private static func random() -> String {
        (0..<8).map { _ in UInt8.random(in: 0...255) }.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func create(_ step: Step) -> Output {
        let body: JSON = ["agent": .string(agent), "directory": .string(directory)]
        return .call(.older(step), [ServerRequest("POST", "/v1/sessions/\(inner)", body, timeout: .seconds(120))])
    }

    private func post() -> Output {
        let body: JSON = ["message": .string(turn?.text ?? "")]
        return .call(.older(.prompt), [ServerRequest("POST", "/v1/sessions/\(inner)/messages", body)])
    }

    private mutating func cancel() -> [Output] {
        guard turn != nil else { return [] }
        turn?.isCancelled = true
        return [.call(.older(.other), [ServerRequest("POST", "/v1/sessions/\(inner)/terminate")])]
    }

    // MARK: Answers to calls

    mutating func answered(_ step: Step, _ answers: [ServerAnswer]) -> [Output] {
        let answer = answers.first ?? ServerAnswer(status: 0)
        switch step {
        case .open(let id):
            guard let problem = problem(answer) else {
                isOpen = true
                return [.result(id, ["sessionId": .string(session)]), .resubscribe]
            }
            return [.failure(id, code: -32603, problem)]
        case .load(let id, let known):
            let found = answer.json?["sessions"]?.array?.first { $0.text("sessionId") == known }
            guard let found, found["ended"]?.bool != true else {
                return [.failure(id, code: -32002, "There is no such session here.")]
            }
            (session, inner, isOpen) = (known, known, true)
            last = found["eventCount"]?.integer ?? 0
            return [.result(id, [:]), .resubscribe]
        case .again:
            guard let problem = problem(answer) else {
                isOpen = true
                lastNotice += 1
                let words = "ℹ️ Stopping ended the agent's conversation; this is a new one."
                return [.notice(session, words, number: lastNotice), .resubscribe, post()]
            }
            return fail(problem)
        case .prompt: return answer.isSuccess || answer.isMissing ? [] : fail(answer.words)
        case .other: return []
        }
    }

    private func problem(_ answer: ServerAnswer) -> String? {
        guard answer.isSuccess else { return "sandbox-agent could not begin a session: \(answer.words)" }
        guard answer.json?["healthy"]?.bool == false else { return nil }
        return answer.json?["error"]?.text("message") ?? "sandbox-agent could not begin a session."
    }

    private mutating func fail(_ words: String) -> [Output] {
        guard let running = turn else { return [] }
        turn = nil
        return withdraw { _ in true } + [.failure(running.request, code: -32603, words)]
    }

    // MARK: Events

    mutating func received(_ event: ServerEvent) -> [Output] {
        guard let json = try? JSON(parsing: event.data), let number = json["sequence"]?.integer, number > last,
            json.text("session_id") ?? inner == inner
        else { return [] }
        var outputs: [Output] = []
        if last > 0, number > last + 1 {
            outputs.append(
                .notification("_adapter/gap", ["from": .integer(last + 1), "to": .integer(number - 1)]))
        }
        last = number
        let data = json["data"] ?? .null
        switch json.text("type") {
        case "item.delta": return outputs + said(data.text("item_id") ?? "", data.text("delta") ?? "")
        case "item.started", "item.completed": return outputs + item(data["item"] ?? .null)
        case "turn.ended": return outputs + ended()
        case "session.ended": return outputs + over(data)
        case "error", "agent.unparsed":
            turn?.error = data.text("message") ?? data.text("error")
            return outputs
        case "permission.requested": return outputs + permission(data)
        case "question.requested": return outputs + question(data)
        case "permission.resolved", "question.resolved":
            let id = data.text("permission_id") ?? data.text("question_id")
            return outputs + withdraw { $0 == id }
        default: return outputs
        }
    }

    private mutating func said(_ item: String, _ delta: String) -> [Output] {
        guard turn != nil, !delta.isEmpty else { return [] }
        shown[item, default: 0] += delta.utf8.count
        return [.text(session, delta, message: item)]
    }

    private mutating func item(_ item: JSON) -> [Output] {
        let id = item.text("item_id") ?? ""
        let parts = item["content"]?.array ?? []
        if item.text("kind") == "message" {
            guard item.text("role") == "assistant" else { return [] }
            let text = parts.filter { $0.text("type") == "text" }.compactMap { $0.text("text") }.joined()
            let rest = OpenCodeWords.rest(of: text, after: shown[id] ?? 0)
            return text.utf8.count > shown[id] ?? 0 ? said(id, rest) : []
        }
        return parts.flatMap { part($0, status: item.text("status")) }
    }

    private mutating func part(_ part: JSON, status: String?) -> [Output] {
        guard let call = part.text("call_id") else { return [] }
        if part.text("type") == "tool_call", let name = part.text("name") {
            let input = part.text("arguments").flatMap { try? JSON(parsing: Array($0.utf8)) } ?? [:]
            let words = OpenCodeTool.words(name.lowercased(), patterns: [], metadata: input, in: directory)
            let members: [JSON.Member] = [
                .init("toolCallId", .string(call)), .init("title", .string(words.isEmpty ? name : words)),
                .init("kind", .string(OpenCodeTool.kind(name.lowercased()))), .init("status", "in_progress"),
                .init("rawInput", input),
            ]
            return calls.insert(call).inserted ? [.update(session, "tool_call", members)] : []
        }
        guard part.text("type") == "tool_result", calls.contains(call) else { return [] }
        let output = CodexTool.text(CodexTool.ends(part.text("output") ?? "", 256 * 1024))
        let members: [JSON.Member] = [
            .init("toolCallId", .string(call)), .init("status", status == "failed" ? "failed" : "completed"),
            .init("content", [output]),
        ]
        return [.update(session, "tool_call_update", members)]
    }

    private mutating func ended() -> [Output] {
        guard let running = turn else { return [] }
        if let error = running.error { return fail(error) }
        turn = nil
        let reason: JSON = running.isCancelled ? "cancelled" : "end_turn"
        return withdraw { _ in true } + [.result(running.request, ["stopReason": reason])]
    }

    /// The session is over; the next prompt begins another.
    private mutating func over(_ data: JSON) -> [Output] {
        generation += 1
        (isOpen, inner, last) = (false, "\(session)-\(generation)", 0)
        if turn?.isCancelled == false, turn?.error == nil {
            turn?.error = data.text("message") ?? "The agent ended its session."
        }
        if turn?.isCancelled == true { turn?.error = nil }
        return ended() + [.resubscribe]
    }

    // MARK: Questions

    private mutating func permission(_ data: JSON) -> [Output] {
        guard let id = data.text("permission_id") else { return [] }
        let call: JSON = [
            "toolCallId": .string(id), "title": .string(CodexTool.shortened(data.text("action") ?? "Something", 500)),
            "kind": "other", "status": "pending", "rawInput": data["metadata"] ?? .null,
        ]
        let options = [
            ("once", "Allow", "allow_once"), ("always", "Always allow", "allow_always"),
            ("reject", "Deny", "reject_once"),
        ].map { id, name, kind -> JSON in
            ["optionId": .string(id), "name": .string(name), "kind": .string(kind)]
        }
        return [
            ask(
                "session/request_permission", [.init("toolCall", call), .init("options", .array(options))],
                Asked(id: id, isQuestion: false))
        ]
    }

    private mutating func question(_ data: JSON) -> [Output] {
        guard let id = data.text("question_id") else { return [] }
        guard showsForms else { return [reject(id)] }
        let choices = (data["options"]?.array ?? []).compactMap(\.text)
        var field: [JSON.Member] = [.init("type", "string"), .init("title", "Your answer")]
        if !choices.isEmpty { field.append(.init("enum", .array(choices.map { .string($0) }))) }
        let schema: JSON = ["type": "object", "properties": ["answer": .object(field)], "required": ["answer"]]
        let prompt = JSON.string(data.text("prompt") ?? "")
        return [
            ask(
                "elicitation/create",
                [.init("mode", "form"), .init("message", prompt), .init("requestedSchema", schema)],
                Asked(id: id, isQuestion: true))
        ]
    }

    private mutating func ask(_ method: String, _ params: [JSON.Member], _ question: Asked) -> Output {
        lastAsked += 1
        asked[lastAsked] = question
        return .request(lastAsked, method, .object([.init("sessionId", .string(session))] + params))
    }

    private mutating func withdraw(_ isMeant: (String) -> Bool) -> [Output] {
        let gone = asked.filter { isMeant($0.value.id) }.keys.sorted()
        for id in gone { asked[id] = nil }
        return gone.map { .notification("$/cancel_request", ["requestId": .integer($0)]) }
    }

    private mutating func replied(_ message: JSON) -> [Output] {
        guard let id = message["id"]?.integer, let question = asked.removeValue(forKey: id) else { return [] }
        let result = message["result"] ?? .null
        guard question.isQuestion else {
            let choice = result["outcome"]?.text("optionId")
            let reply = choice == "once" || choice == "always" ? choice ?? "reject" : "reject"
            return [send("permissions/\(ServerRequest.encoded(question.id))/reply", ["reply": .string(reply)])]
        }
        guard result.text("action") == "accept", let answer = result["content"]?.text("answer") else {
            return [reject(question.id)]
        }
        return [
            send(
                "questions/\(ServerRequest.encoded(question.id))/reply", ["answers": [[.string(answer)]]])
        ]
    }

    private func send(_ path: String, _ body: JSON) -> Output {
        .call(.older(.other), [ServerRequest("POST", "/v1/sessions/\(inner)/\(path)", body)])
    }

    private func reject(_ id: String) -> Output {
        let path = "/v1/sessions/\(inner)/questions/\(ServerRequest.encoded(id))/reject"
        return .call(.older(.other), [ServerRequest("POST", path)])
    }
}
