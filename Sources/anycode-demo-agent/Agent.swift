#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The agent's side of ACP: sessions, and at most one turn in each.
actor Agent {
    private let wire = Wire()
    private let pace: Duration
    private var sessions: [String: Session] = [:]
    private var turns: [String: Task<Void, Never>] = [:]
    private var clientTakesForms = false

    init(pace: Duration) {
        self.pace = pace
    }

    func receive(_ line: String) {
        guard let message = try? JSONDecoder().decode(JSON.self, from: Data(line.utf8)), message.isObject else {
            return wire.send(["id": nil, "error": ["code": -32700, "message": "This is no JSON object."]])
        }
        let id = message["id"]
        guard let method = message["method"]?.string else { return wire.answered(id, message) }
        let params = message["params"] ?? [:]
        guard let id else { return notified(method, params) }
        do {
            guard let result = try request(method, params, id) else { return }
            wire.send(["id": id, "result": result])
            if method == "session/new" || method == "session/load" {
                announce(result["sessionId"] ?? params["sessionId"])
            }
        } catch {
            wire.send(["id": id, "error": ["code": .integer(error.code), "message": .string(error.message)]])
        }
    }

    /// Cancels what runs and waits for it.
    func stop() async {
        for turn in turns.values { turn.cancel() }
        for turn in turns.values { await turn.value }
    }

    private struct Failure: Error {
        var code: Int64
        var message: String
    }

    private func notified(_ method: String, _ params: JSON) {
        if method == "session/cancel", let id = params["sessionId"]?.string { turns[id]?.cancel() }
    }

    /// The result, or nil when the turn answers later.
    private func request(_ method: String, _ params: JSON, _ id: JSON) throws(Failure) -> JSON? {
        switch method {
        case "initialize":
            clientTakesForms = params["clientCapabilities"]?["elicitation"]?["form"]?.isObject ?? false
            return Self.introduction
        case "authenticate": return [:]
        case "session/new": return try newSession(params)
        case "session/load": return try loadSession(params)
        case "session/set_mode": return try setMode(params)
        case "session/prompt":
            try prompt(params, id)
            return nil
        default: throw Failure(code: -32601, message: "There is no method \(method).")
        }
    }

    private static let introduction: JSON = [
        "protocolVersion": 1,
        "agentInfo": ["name": "anycode-demo-agent", "title": "Demo agent", "version": .string(Program.version)],
        "agentCapabilities": ["loadSession": true, "promptCapabilities": ["embeddedContext": false]],
        "authMethods": [],
    ]

    private func newSession(_ params: JSON) throws(Failure) -> JSON {
        guard let directory = params["cwd"]?.string, directory.hasPrefix("/") else {
            throw Failure(code: -32602, message: "“cwd” has to be an absolute path.")
        }
        let number = UInt64.random(in: 0 ... .max)
        let session = Session(id: "demo-" + String(number, radix: 36), directory: directory)
        open(session)
        return ["sessionId": .string(session.id), "modes": modes(session)]
    }

    private func loadSession(_ params: JSON) throws(Failure) -> JSON {
        guard let id = params["sessionId"]?.string, var session = sessions[id] ?? Session.load(id) else {
            throw Failure(code: -32002, message: "This session is not known here.")
        }
        if let directory = params["cwd"]?.string, directory.hasPrefix("/") { session.directory = directory }
        let updates = Updates(wire: wire, session: id, pace: .zero)
        for said in session.history {
            updates.send(
                said.byUser ? "user_message_chunk" : "agent_message_chunk", ["content": Updates.text(said.text)])
        }
        open(session)
        return ["modes": modes(session)]
    }

    private func open(_ session: Session) {
        sessions[session.id] = session
        session.save()
    }

    /// Tells the slash commands, once the client knows the session.
    private func announce(_ session: JSON?) {
        guard let id = session?.string else { return }
        let command: JSON = [
            "name": "greeting", "description": "Use these words in the welcome section", "input": ["hint": "words"],
        ]
        Updates(wire: wire, session: id, pace: .zero)
            .send("available_commands_update", ["availableCommands": [command]])
    }

    private func modes(_ session: Session) -> JSON {
        [
            "currentModeId": .string(session.mode),
            "availableModes": [
                ["id": "ask", "name": "Ask", "description": "Asks before it edits files or runs commands"],
                ["id": "auto", "name": "Auto", "description": "Edits and runs without asking"],
            ],
        ]
    }

    private func setMode(_ params: JSON) throws(Failure) -> JSON {
        guard let id = params["sessionId"]?.string, sessions[id] != nil else {
            throw Failure(code: -32002, message: "This session is not known here.")
        }
        guard let mode = params["modeId"]?.string, ["ask", "auto"].contains(mode) else {
            throw Failure(code: -32602, message: "The modes are ask and auto.")
        }
        sessions[id]?.mode = mode
        sessions[id]?.save()
        Updates(wire: wire, session: id, pace: .zero).send("current_mode_update", ["currentModeId": .string(mode)])
        return [:]
    }

    private func prompt(_ params: JSON, _ request: JSON) throws(Failure) {
        guard let id = params["sessionId"]?.string, let session = sessions[id] else {
            throw Failure(code: -32002, message: "This session is not known here.")
        }
        guard turns[id] == nil else { throw Failure(code: -32600, message: "This session is in the middle of a turn.") }
        let text = (params["prompt"]?.array ?? []).compactMap { $0["text"]?.string }.joined(separator: "\n")
        let turn = Turn(session: session, prompt: text, wire: wire, takesForms: clientTakesForms, pace: pace)
        // Kept until it ends; `stop` waits for it.
        turns[id] = Task { await finish(turn, request) }
    }

    private func finish(_ turn: Turn, _ request: JSON) async {
        var turn = turn
        let outcome = await turn.run()
        // A mode chosen meanwhile stays.
        let mode = sessions[turn.session.id]?.mode
        turn.session.mode = mode ?? turn.session.mode
        sessions[turn.session.id] = turn.session
        turn.session.save()
        turns[turn.session.id] = nil
        switch outcome {
        case .stopped(let reason): wire.send(["id": request, "result": ["stopReason": .string(reason)]])
        case .failed(let message): wire.send(["id": request, "error": ["code": -32603, "message": .string(message)]])
        }
    }
}
