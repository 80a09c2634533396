import AnycodeJSON

/// The API of `opencode serve` 1.x, and of sandbox-agent's emulation of it, as ACP.
///
/// A value without connections or a clock. Shapes as in the OpenAPI documents of opencode 1.18.18 and of February 2026
/// (1.1.x). The server's events have no numbers and are not replayed: whenever the stream was opened, the state is read
/// again, and what was shown is known by the ids of parts.
struct OpenCodeTranslation: ServerTranslation {
    typealias Output = ServerOutput<Purpose>

    /// What a call to the server is for.
    enum Purpose: Sendable, Equatable {
        case initialize(request: JSON)
        case open(request: JSON)
        case load(request: JSON, session: String)
        case choices(request: JSON, loading: String?)
        case prompt
        case abort
        /// To a permission or question, by its id; what is gone by then was settled elsewhere.
        case answer(String)
        case reread(epoch: Int)
        case older(SandboxAgentSessions.Step)
    }

    /// From a prompt until the server is idle again.
    struct Turn: Sendable {
        var request: JSON
        /// The server took the prompt.
        var isAccepted = false
        /// Nobody knows whether it did.
        var isUnsure = false
        /// The server was idle before it was known whether it took the prompt.
        var wasIdle = false
        /// The server was seen at work on it.
        var wasBusy = false
        var isCancelled = false
        var error: JSON?
        /// The newest finished answer.
        var last: JSON?
        /// What the messages of the turn cost, by message.
        var costs: [String: Double] = [:]
    }

    /// How much of a part was shown.
    struct Shown: Sendable, Equatable {
        /// UTF-8 bytes of its text.
        var bytes = 0
        /// Whether what comes next continues what was shown: pieces of it may follow.
        var isLive = false
        var isThought = false
    }

    let directory: String
    /// The name of the agent where one server has several: sandbox-agent's emulation.
    let agent: String
    /// A server without opencode's API, but with the sessions of sandbox-agent 0.1.
    var older: SandboxAgentSessions?
    /// `/opencode` for the emulation.
    var base = ""
    var version: String?
    var showsForms = false
    var session: String?
    var settings = OpenCodeSettings()
    var turn: Turn?
    /// Prompts that came while a turn ran, or before the event stream was open.
    var queue: [(request: JSON, parts: [JSON])] = []
    var isSubscribed = false
    /// Events that wait for the state to be read.
    var waiting: [JSON]?
    private(set) var epoch = 0
    private var readsAgain = false
    var roles: [String: String] = [:]
    /// Messages of earlier turns; what comes of them is known.
    var settled: Set<String> = []
    var shown: [String: Shown] = [:]
    /// Parts of messages whose author is not known yet.
    var held: [String: [JSON]] = [:]
    var tools: [String: OpenCodeTool] = [:]
    /// Sessions of sub-agents.
    var children: Set<String> = []
    var asked: [Int64: Asked] = [:]
    /// Ids of what was answered: the state may have been read before the answer came.
    var delivered: Set<String> = []
    var cost = 0.0
    private var lastAsked: Int64 = 0
    private var lastNotice = 0

    init(directory: String, agent: String) {
        self.directory = directory
        self.agent = agent
    }

    /// Of the workspace's directory: a stream without it, or with another, carries nothing but heartbeats.
    var subscription: ServerRequest? {
        if let older { return older.subscription }
        return version == nil ? nil : request("GET", "/event")
    }

    mutating func subscribed() -> [Output] {
        if older != nil { return [] }
        isSubscribed = true
        for part in shown.keys { shown[part]?.isLive = false }
        guard session != nil else { return [] }
        return reread() + next()
    }

    mutating func unsubscribed(_ refusal: ServerAnswer?) -> [Output] {
        isSubscribed = false
        return waitingHappened()
    }

    mutating func received(_ event: ServerEvent) -> [Output] {
        if older != nil { return older?.received(event) ?? [] }
        guard var json = try? JSON(parsing: event.data) else { return [] }
        // `/global/event` wraps what `/event` sends.
        if let payload = json["payload"], json["type"] == nil { json = payload }
        // Greetings and heartbeats.
        if json.text("type")?.hasPrefix("server.") != false { return [] }
        guard waiting == nil else {
            waiting?.append(json)
            if let count = waiting?.count, count > Self.waitingLimit { (waiting, readsAgain) = ([], true) }
            return []
        }
        return happened(json)
    }

    private static let waitingLimit = 10_000

    /// What waited to be told with the state is all there is.
    mutating func ended(_ words: String) -> [Output] {
        isSubscribed = false
        return waitingHappened()
    }

    /// What waited for the state is told without it.
    private mutating func waitingHappened() -> [Output] {
        let events = waiting ?? []
        (waiting, readsAgain) = (nil, false)
        return events.flatMap { happened($0) }
    }
}

// MARK: - Calls to the server

extension OpenCodeTranslation {
    func request(
        _ method: String, _ path: String, _ body: JSON? = nil, timeout: Duration = .seconds(30)
    ) -> ServerRequest {
        let directory = ServerRequest.encoded(directory)
        let mark = path.contains("?") ? "&" : "?"
        return ServerRequest(method, "\(base)\(path)\(mark)directory=\(directory)", body, timeout: timeout)
    }

    /// Reads again what an event may have told while nobody listened.
    mutating func reread() -> [Output] {
        guard let session, isSubscribed else { return [] }
        guard waiting == nil else {
            readsAgain = true
            return []
        }
        waiting = []
        epoch += 1
        return [
            .call(
                .reread(epoch: epoch),
                [
                    request("GET", "/session/status"), request("GET", "/session/\(session)/message"),
                    request("GET", "/session/\(session)/children"), request("GET", "/permission"),
                    request("GET", "/question"),
                ])
        ]
    }

    mutating func answered(_ purpose: Purpose, _ answers: [ServerAnswer]) -> [Output] {
        let answer = answers.first ?? ServerAnswer(status: 0)
        switch purpose {
        case .initialize(let id): return initialized(id, answers)
        case .open(let id): return opened(id, answer)
        case .load(let id, let session): return loaded(id, session, answers)
        case .choices(let id, let loading): return chosen(id, loading, answers)
        case .prompt: return accepted(answer)
        case .abort: return reread()
        case .answer(let id):
            if answer.isSuccess { return [] }
            delivered.remove(id)
            return reread()
        case .older(let step): return older?.answered(step, answers) ?? []
        case .reread(let epoch): return epoch == self.epoch ? wasRead(answers) : []
        }
    }
}

// MARK: - The state

extension OpenCodeTranslation {
    private mutating func wasRead(_ answers: [ServerAnswer]) -> [Output] {
        guard let session, waiting != nil, answers.count == 5 else { return [] }
        // The stream breaks where the server does not answer, and is read again when it is back.
        guard !answers.contains(where: \.isMissing) else { return waitingHappened() }
        var outputs: [Output] = []
        for child in answers[2].json?.array ?? [] { if let id = child.text("id") { children.insert(id) } }
        for message in answers[1].json?.array ?? [] {
            let info = message["info"] ?? .null
            guard info.text("sessionID") ?? session == session else { continue }
            outputs += messageUpdated(info)
            for part in message["parts"]?.array ?? [] { outputs += partUpdated(part, isLive: false) }
        }
        outputs += stillAsked(answers[3].json?.array ?? [], answers[4].json?.array ?? [])
        let (events, again) = (waiting ?? [], readsAgain)
        (waiting, readsAgain) = (nil, false)
        for event in events { outputs += happened(event) }
        if again { return outputs + reread() }
        guard answers[0].isSuccess else { return outputs }
        let status = answers[0].json?[session]?.text("type") ?? "idle"
        if status != "idle" { turn?.wasBusy = true }
        guard status == "idle", turn != nil else { return outputs }
        // Events of this moment may be newer than the answer.
        return outputs + (events.isEmpty ? settle(byReading: true) : reread())
    }

    /// Permissions and questions that are open now.
    private mutating func stillAsked(_ permissions: [JSON], _ questions: [JSON]) -> [Output] {
        let open = Set((permissions + questions).compactMap { $0.text("id") })
        var outputs = withdraw { !open.contains($0) }
        for permission in permissions { outputs += permissionAsked(permission) }
        for question in questions { outputs += questionAsked(question) }
        return outputs
    }

    /// The server is idle: the turn is over, if it was seen to be worked on.
    mutating func settle(byReading: Bool = false) -> [Output] {
        guard let running = turn else { return [] }
        guard running.isAccepted else {
            turn?.wasIdle = true
            return []
        }
        let isOver = running.wasBusy || running.last != nil || running.error != nil || running.isCancelled
        guard isOver || byReading && running.isUnsure else { return [] }
        turn = nil
        cost += running.costs.values.reduce(0, +)
        settled.formUnion(roles.keys)
        (roles, shown, held) = ([:], [:], [:])
        tools = [:]
        return withdraw { _ in true } + [isOver ? OpenCodeWords.end(of: running) : OpenCodeWords.notTaken(running)]
            + next()
    }
}

// MARK: - Small tools

extension OpenCodeTranslation {
    func update(_ kind: String, _ members: [JSON.Member]) -> Output { .update(session ?? "", kind, members) }

    mutating func notice(_ words: String) -> Output {
        lastNotice += 1
        return .notice(session ?? "", words, number: lastNotice)
    }

    mutating func ask(_ method: String, _ params: [JSON.Member], _ question: Asked) -> Output {
        lastAsked += 1
        asked[lastAsked] = question
        return .request(lastAsked, method, .object([.init("sessionId", .string(session ?? ""))] + params))
    }
}
