import AnycodeJSON

/// What `codex app-server` says as ACP, and what an ACP client says as the app-server's JSON-RPC.
///
/// A value without a process or a clock. What the program writes was seen in version 0.163.0.
struct CodexTranslation: Sendable {
    /// What has to be done, in this order.
    enum Output: Sendable, Hashable {
        /// An ACP message for the client.
        case client(JSON)
        /// A line for the program.
        case program(JSON)
        /// The program is idle again.
        case turnEnded
    }

    /// What our requests to the program are for.
    enum Purpose: Sendable, Hashable {
        case initialize(request: JSON)
        case open(request: JSON, Opening)
        case models
        case turn
        case steer(Prompt)
        case interrupt
        case silent
    }

    enum Opening: Sendable, Hashable {
        case new, load, resume
    }

    struct Prompt: Sendable, Hashable {
        var request: JSON
        var input: [JSON]
    }

    /// From a prompt until the program is idle again.
    struct Turn: Sendable {
        var id: String?
        /// Only a started turn can be interrupted or steered.
        var hasStarted = false
        var requests: [JSON]
        var isCancelled = false
        var isInterrupting = false
    }

    var thread: String?
    let directory: String
    var showsForms = false
    var version: String?
    var settings = CodexSettings()
    var turn: Turn?
    /// Prompts that could not be given to the running turn.
    var queue: [Prompt] = []
    var answer = CodexStream()
    var thought = CodexStream()
    var tools: [String: CodexTool] = [:]
    var usage = CodexUsage()
    var asked: [Int64: Asked] = [:]
    /// What was said before there was a session to say it in.
    var early: [String] = []
    var told: Set<String> = []
    /// Messages of kinds that this version does not know, by kind.
    private(set) var skipped: [String: Int] = [:]
    private var purposes: [Int64: Purpose] = [:]
    private var lastRequest: Int64 = 0
    private var lastAsked: Int64 = 0
    private var lastNotice = 0

    init(directory: String) {
        self.directory = directory
    }

    /// Words about a program that ended before it was ready; nil when nobody waits for that.
    func endedEarly(_ words: String) -> Output? {
        guard thread == nil else { return nil }
        for case .open(let request, _) in purposes.values {
            return failure(request, code: -32603, words.isEmpty ? "Codex ended before it was ready." : words)
        }
        return nil
    }
}

// MARK: - Building messages

extension CodexTranslation {
    /// The purpose of the request that the program answers.
    mutating func purpose(of id: JSON?) -> Purpose? {
        id?.integer.flatMap { purposes.removeValue(forKey: $0) }
    }

    mutating func request(_ method: String, _ params: JSON, _ purpose: Purpose) -> Output {
        lastRequest += 1
        purposes[lastRequest] = purpose
        return .program(["id": .integer(lastRequest), "method": .string(method), "params": params])
    }

    mutating func ask(_ method: String, _ params: [JSON.Member], _ question: Asked) -> Output {
        lastAsked += 1
        asked[lastAsked] = question
        let session = JSON.Member("sessionId", .string(thread ?? ""))
        return .client(
            [
                "jsonrpc": "2.0", "id": .integer(lastAsked), "method": .string(method),
                "params": .object([session] + params),
            ])
    }

    func reply(_ id: JSON, _ result: JSON) -> Output {
        .program(["id": id, "result": result])
    }

    func refuse(_ id: JSON, _ message: String) -> Output {
        .program(["id": id, "error": ["code": -32601, "message": .string(message)]])
    }

    func result(_ id: JSON, _ result: JSON) -> Output {
        .client(["jsonrpc": "2.0", "id": id, "result": result])
    }

    func failure(_ id: JSON, code: Int64, _ message: String) -> Output {
        .client(["jsonrpc": "2.0", "id": id, "error": ["code": .integer(code), "message": .string(message)]])
    }

    func update(_ kind: String, _ members: [JSON.Member]) -> Output {
        .client(
            [
                "jsonrpc": "2.0", "method": "session/update",
                "params": [
                    "sessionId": .string(thread ?? ""),
                    "update": .object([.init("sessionUpdate", .string(kind))] + members),
                ],
            ])
    }

    func text(_ text: String, message: String, as kind: String = "agent_message_chunk") -> Output {
        update(
            kind,
            [
                .init("content", ["type": "text", "text": .string(text)]), .init("messageId", .string(message)),
            ])
    }

    /// Words of our own about what is going on, as a message of its own.
    mutating func notice(_ words: String) -> [Output] {
        guard thread != nil else {
            early.append(words)
            return []
        }
        lastNotice += 1
        return [
            update(
                "agent_message_chunk",
                [
                    .init("content", ["type": "text", "text": .string(words)]),
                    .init("messageId", .string("notice-\(lastNotice)")),
                    .init("_meta", ["anycode": ["notice": true]]),
                ])
        ]
    }

    /// The same, but only the first time.
    mutating func noticeOnce(_ words: String) -> [Output] {
        guard told.count < 1000, told.insert(words).inserted else { return [] }
        return notice(words)
    }

    mutating func skip(_ kind: String) {
        guard skipped.count < 100 || skipped[kind] != nil else { return }
        skipped[kind, default: 0] += 1
    }
}
