import AnycodeJSON

/// sandbox-agent 0.2: ACP passes through it, one message for each POST, numbered server-sent events back.
///
/// A value without connections or a clock. Results are taken from the stream by their ids: a POST that ends with 504 after
/// two minutes leaves the turn running. The server keeps the last 1024 messages only and loses others without a word, so
/// the numbers are watched; a new agent process begins to count anew, so the age of the instance is, too.
struct SandboxAgentTranslation: ServerTranslation {
    typealias Output = ServerOutput<Purpose>

    enum Purpose: Sendable, Equatable {
        case post(request: JSON?)
        /// Whether the instance is still the one whose numbers are known.
        case identity
        case close
    }

    /// Our name for the one agent of a sandbox.
    static let server = "anycode"

    /// The agent's name as the server has it.
    let agent: String
    /// Requests without an answer yet, by their ids.
    private var open: [JSON] = []
    /// Answers that came to the POST and not by the stream, yet.
    private var answers: [JSON: JSON] = [:]
    /// Requests of the agent that were passed on: a replay brings them again.
    private var asked: Set<JSON> = []
    private var session = ""
    private var last: Int64 = 0
    private var createdAt: Int64?
    private var isStarted = false
    private var isChecking = false
    /// Requests in whose time the stream broke: their answers come with the next replay at the latest.
    private var unsure: Set<JSON> = []
    /// Requests in whose time messages were lost for good, and maybe their answers with them.
    private var gapped: Set<JSON> = []
    private var lastNotice = 0

    init(agent: String) {
        self.agent = agent
    }

    private var path: String { "/v1/acp/\(Self.server)" }

    var subscription: ServerRequest? {
        guard isStarted, !isChecking else { return nil }
        var request = ServerRequest("GET", path)
        if last > 0 { request.headers["Last-Event-ID"] = String(last) }
        return request
    }

    mutating func fromClient(_ message: JSON) -> [Output] {
        let isRequest = message["method"] != nil && message["id"] != nil
        if isRequest, let id = message["id"] { open.append(id) }
        if message["method"] == nil, let id = message["id"] { asked.remove(id) }
        if let known = message["params"]?.text("sessionId") { session = known }
        // Longer than the server itself waits; an answer that is given up comes by the stream.
        let request = ServerRequest(
            "POST", "\(path)?agent=\(ServerRequest.encoded(agent))", message, timeout: .seconds(130))
        return [.call(.post(request: isRequest ? message["id"] : nil), [request])]
    }

    // MARK: Answers to calls

    mutating func answered(_ purpose: Purpose, _ answers: [ServerAnswer]) -> [Output] {
        let answer = answers.first ?? ServerAnswer(status: 0)
        switch purpose {
        case .post(let id): return posted(id, answer)
        case .identity: return identified(answer)
        case .close: return []
        }
    }

    private mutating func posted(_ id: JSON?, _ answer: ServerAnswer) -> [Output] {
        let isTaken = answer.isSuccess || answer.status == 504
        var outputs: [Output] = []
        if isTaken, !isStarted {
            isStarted = true
            outputs = check()
        }
        guard let id, open.contains(id) else { return outputs }
        // Without any answer it may have been taken: the stream tells.
        if answer.isMissing, isStarted { return outputs }
        guard isTaken else {
            settle(id)
            return outputs + [.failure(id, code: -32603, Self.words(answer))]
        }
        guard let json = answer.json, json["id"] == id else { return outputs }
        answers[id] = json
        if gapped.contains(id) { return outputs + deliverHeld { $0 == id } }
        // What it said before comes by the stream, which may have lost it between its replay and now.
        return outputs + (unsure.contains(id) ? [.resubscribe] : [])
    }

    private static func words(_ answer: ServerAnswer) -> String {
        let kind = answer.json?.text("type")?.split(separator: ":").last.map(String.init) ?? ""
        switch (answer.status, kind) {
        case (401, _): return "The sandbox-agent server refuses its token: sandbox.server.command must hand it {token}."
        case (_, "agent_not_installed"): return "sandbox-agent does not have this agent: \(answer.words)"
        case (409, _): return "sandbox-agent runs another agent under this name: \(answer.words)"
        default: return "sandbox-agent refused the message: \(answer.words)"
        }
    }

    /// Answers that the stream may have lost.
    private mutating func deliverHeld(_ isMeant: (JSON) -> Bool = { _ in true }) -> [Output] {
        let held = open.filter(isMeant).compactMap { id in answers[id].map { (id, $0) } }
        for (id, _) in held { settle(id) }
        return held.map { .client($0.1) }
    }

    private mutating func settle(_ id: JSON) {
        open.removeAll { $0 == id }
        answers[id] = nil
        unsure.remove(id)
        gapped.remove(id)
    }

    // MARK: The stream

    /// Asks how old the instance is, before the stream is opened with its numbers.
    private mutating func check() -> [Output] {
        isChecking = true
        return [.call(.identity, [ServerRequest("GET", "/v1/acp")])]
    }

    private mutating func identified(_ answer: ServerAnswer) -> [Output] {
        isChecking = false
        let instance = answer.json?["servers"]?.array?.first {
            ($0.text("serverId") ?? $0.text("server_id")) == Self.server
        }
        let age = (instance?["createdAtMs"] ?? instance?["created_at_ms"])?.integer
        var outputs: [Output] = []
        if let age {
            if let known = createdAt, known != age, last > 0 { outputs = restarted() }
            createdAt = age
        }
        return outputs + [.resubscribe]
    }

    /// The numbers known are those of another process.
    private mutating func restarted() -> [Output] {
        last = 0
        asked = []
        let lost = open
        (open, answers, unsure, gapped) = ([], [:], [], [])
        let words = "The agent was restarted in its sandbox, and what it was doing is lost."
        return lost.map {
            .client([
                "jsonrpc": "2.0", "id": $0,
                "error": ["code": -32603, "message": .string(words), "data": ["reason": "agent_exited"]],
            ])
        }
    }

    mutating func subscribed() -> [Output] { [] }

    mutating func unsubscribed(_ refusal: ServerAnswer?) -> [Output] {
        guard isStarted else { return [] }
        unsure.formUnion(open)
        // A server that gives no stream says nothing more than its answers.
        return (refusal == nil ? [] : deliverHeld()) + check()
    }

    mutating func received(_ event: ServerEvent) -> [Output] {
        guard event.name == "message", let message = try? JSON(parsing: event.data), message.isObject else { return [] }
        var outputs: [Output] = []
        if let number = event.id.flatMap({ Int64($0) }) {
            if number <= last {
                // Asked for what is newer, it sends what is older: it counts anew.
                guard number == 1 else { return [] }
                outputs = restarted()
            }
            if number > last + 1 { outputs += missed(from: last + 1, to: number - 1) }
            last = number
        }
        return outputs + passed(message)
    }

    private mutating func missed(from: Int64, to: Int64) -> [Output] {
        gapped.formUnion(open)
        return [.notification("_adapter/gap", ["from": .integer(from), "to": .integer(to)])] + deliverHeld()
    }

    private mutating func passed(_ message: JSON) -> [Output] {
        guard let method = message.text("method") else {
            guard let id = message["id"], open.contains(id) else { return [] }
            settle(id)
            return [.client(message)]
        }
        if method == "_adapter/agent_exited" { return exited(message) }
        if let id = message["id"] {
            // Answered or not, the client has it already.
            guard asked.insert(id).inserted else { return [] }
        }
        return [.client(message)]
    }

    /// The server's agent ended; the server itself forgets nothing of it, nor does it tell who waits.
    private mutating func exited(_ message: JSON) -> [Output] {
        let lost = restarted()
        (isStarted, createdAt) = (false, nil)
        return [.client(message)] + lost + [
            .call(.close, [ServerRequest("DELETE", path, timeout: .seconds(10))])
        ]
    }

    mutating func ended(_ words: String) -> [Output] { [] }
}
