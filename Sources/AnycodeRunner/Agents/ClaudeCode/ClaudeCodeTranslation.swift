import AnycodeJSON

/// What Claude Code says as ACP, and what an ACP client says as Claude Code's stream-json and control protocol.
///
/// A value without a process or a clock. What the program writes was seen in version 2.1.330.
struct ClaudeCodeTranslation: Sendable {
    /// What has to be done, in this order.
    enum Output: Sendable, Hashable {
        /// An ACP message for the client.
        case client(JSON)
        /// A line for the program.
        case program(JSON)
        /// The program has to be started; `started` is called when it was.
        case start(Start)
    }

    /// How the program has to be started.
    enum Start: Sendable, Hashable {
        case new
        case resume(String)
    }

    /// A `session/new` or `session/load` that waits for the program.
    struct Opening: Sendable {
        var request: JSON
        var session: String
        var isLoad: Bool
        var servers: [JSON]
    }

    enum Phase: Sendable {
        case idle
        case starting(Opening)
        case open
    }

    /// What our control requests are answered with.
    enum Control: Sendable {
        case initialize
        case mode(request: JSON, String, isOption: Bool)
        case model(request: JSON, String, isOption: Bool)
        case silent
    }

    /// Every prompt that was given since the program was last idle.
    struct Turn: Sendable {
        var prompts: [JSON] = []
        var result: JSON?
        var isCancelled = false
        /// Why the turn was ended from here, in words.
        var failure: String?
        var messagesWithText: Set<String> = []
    }

    var phase = Phase.idle
    var session = ""
    /// Folder of the session, for short titles.
    let directory: String
    /// Whether the program was started so that it may be told to ask for nothing.
    let mayBypass: Bool
    var showsForms = false
    var settings = ClaudeCodeSettings()
    var turn = Turn()
    var tools: [String: ClaudeCodeTool] = [:]
    var plan = ClaudeCodePlan()
    var usage = ClaudeCodeUsage()
    var pending: [Int64: Asked] = [:]
    var controls: [String: Control] = [:]
    /// Tool calls that were allowed for the session, as tool and input.
    var granted: Set<JSON> = []
    /// Tool calls that the person denied: what they said need not be told them as the call's output.
    var denied: Set<String> = []
    /// Message that is being streamed.
    var message: String?
    var tellsState = false
    var rateLimit: String?
    /// Messages of kinds that this version does not know, by kind.
    var skipped: [String: Int] = [:]
    private var lastRequest: Int64 = 0
    private var lastControl = 0
    private var lastNotice = 0

    init(directory: String, mayBypass: Bool) {
        self.directory = directory
        self.mayBypass = mayBypass
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }
}

// MARK: - The program's life

extension ClaudeCodeTranslation {
    /// The program runs; `instructions` go into its system prompt.
    mutating func started(session id: String, instructions: String?) -> [Output] {
        guard case .starting(var opening) = phase else { return [] }
        opening.session = id
        phase = .starting(opening)
        session = id
        var request: [JSON.Member] = [.init("subtype", "initialize"), .init("hooks", .null)]
        if let instructions { request.append(.init("appendSystemPrompt", .string(instructions))) }
        var outputs = [control(.object(request), .initialize)]
        if let servers = ClaudeCodeSettings.servers(opening.servers) {
            outputs.append(control(["subtype": "mcp_set_servers", "servers": servers], .silent))
        }
        return outputs
    }

    /// The program could not be started, or ended; its last words.
    ///
    /// True when a client still waits for a session: then the connection goes on and may start the program again.
    mutating func ended(_ words: String) -> (outputs: [Output], goesOn: Bool) {
        guard case .starting(let opening) = phase else { return ([], false) }
        phase = .idle
        controls = [:]
        let missing = words.contains("No conversation found")
        let text = words.isEmpty ? "Claude Code ended before it was ready." : "Claude Code could not start: \(words)"
        return ([failure(opening.request, code: missing ? -32002 : -32603, text)], true)
    }
}

// MARK: - Building messages

extension ClaudeCodeTranslation {
    func update(_ kind: String, _ members: [JSON.Member]) -> Output {
        .client(
            [
                "jsonrpc": "2.0", "method": "session/update",
                "params": [
                    "sessionId": .string(session),
                    "update": .object([.init("sessionUpdate", .string(kind))] + members),
                ],
            ])
    }

    func text(_ text: String, message: String?, as kind: String = "agent_message_chunk") -> Output {
        var members = [JSON.Member("content", ["type": "text", "text": .string(text)])]
        if let message { members.append(.init("messageId", .string(message))) }
        return update(kind, members)
    }

    /// Words of our own about what is going on, as a message of its own.
    mutating func notice(_ words: String) -> Output {
        lastNotice += 1
        return update(
            "agent_message_chunk",
            [
                .init("content", ["type": "text", "text": .string(words)]),
                .init("messageId", .string("notice-\(lastNotice)")),
                .init("_meta", ["anycode": ["notice": true]]),
            ])
    }

    func result(_ id: JSON, _ result: JSON) -> Output {
        .client(["jsonrpc": "2.0", "id": id, "result": result])
    }

    func failure(_ id: JSON, code: Int64, _ message: String) -> Output {
        .client(["jsonrpc": "2.0", "id": id, "error": ["code": .integer(code), "message": .string(message)]])
    }

    mutating func request(_ method: String, _ params: JSON, _ asked: Asked) -> Output {
        lastRequest += 1
        pending[lastRequest] = asked
        return .client(
            ["jsonrpc": "2.0", "id": .integer(lastRequest), "method": .string(method), "params": params])
    }

    mutating func control(_ request: JSON, _ purpose: Control) -> Output {
        lastControl += 1
        let id = "anycode-\(lastControl)"
        controls[id] = purpose
        return .program(["type": "control_request", "request_id": .string(id), "request": request])
    }

    mutating func interrupt() -> Output {
        control(["subtype": "interrupt"], .silent)
    }

    func answer(_ control: String, _ response: JSON) -> Output {
        .program(
            [
                "type": "control_response",
                "response": ["subtype": "success", "request_id": .string(control), "response": response],
            ])
    }
}
