import Synchronization
import TestJSON

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A small real agent: ACP on standard input and output, an OpenAI chat endpoint behind it.
@main
struct TestAgent {
    static func main() {
        signal(SIGPIPE, SIG_IGN)
        let agent = Agent()
        agent.connection.readMessages(agent.handle)
        agent.end()
    }
}

/// Answers the client's messages; each prompt runs on a thread of its own.
final class Agent: Sendable {
    let connection = ACPConnection()
    private let sessions = Mutex<[String: AgentSession]>([:])
    private let running = Mutex<[Interrupt]>([])

    func handle(_ message: JSON) {
        guard let method = message["method"]?.string else { return connection.answered(message) }
        let params = message["params"] ?? [:]
        guard let id = message["id"] else {
            if method == "session/cancel" { session(params)?.cancelTurn() }
            return
        }
        switch method {
        case "initialize": connection.respond(to: id, result: Self.description)
        case "authenticate": connection.respond(to: id, result: [:])
        case "session/new": newSession(id, params)
        case "session/load": load(id, params, replays: true)
        case "session/resume": load(id, params, replays: false)
        case "session/set_mode": setMode(id, params)
        case "session/prompt": prompt(id, params)
        default: connection.respond(to: id, errorCode: -32601, "Method not found: \(method)")
        }
    }

    /// Cancels what runs and waits until it has ended, so that no command is left behind.
    func end() {
        for session in sessions.withLock({ Array($0.values) }) { session.cancelTurn() }
        for ended in running.withLock({ $0 }) { _ = try? Interrupt().wait(for: ended.descriptor, milliseconds: 5000) }
    }

    private static let description: JSON = [
        "protocolVersion": 1,
        "agentCapabilities": [
            "loadSession": true, "promptCapabilities": [:], "sessionCapabilities": ["resume": [:]],
        ],
        "agentInfo": ["name": "test-agent", "title": "Test agent", "version": "1"], "authMethods": [],
    ]

    private func session(_ params: JSON) -> AgentSession? {
        guard let id = params["sessionId"]?.string else { return nil }
        return sessions.withLock { $0[id] }
    }

    private func newSession(_ id: JSON, _ params: JSON) {
        guard let directory = params["cwd"]?.string, directory.hasPrefix("/"), params["mcpServers"]?.array != nil else {
            return connection.respond(to: id, errorCode: -32602, "cwd (absolute) and mcpServers are required")
        }
        let session = AgentSession(workingDirectory: directory)
        sessions.withLock { $0[session.id] = session }
        connection.respond(to: id, result: ["sessionId": .string(session.id), "modes": session.modesDescription])
    }

    private func load(_ id: JSON, _ params: JSON, replays: Bool) {
        guard let name = params["sessionId"]?.string, let directory = params["cwd"]?.string, directory.hasPrefix("/")
        else {
            return connection.respond(to: id, errorCode: -32602, "sessionId and cwd (absolute) are required")
        }
        guard let session = AgentSession(loading: name, workingDirectory: directory) else {
            return connection.respond(to: id, errorCode: -32002, "Session not found")
        }
        sessions.withLock { $0[name] = session }
        if replays { replay(session) }
        connection.respond(to: id, result: ["modes": session.modesDescription])
    }

    private func replay(_ session: AgentSession) {
        for message in session.messages {
            guard let text = message["content"]?.string, !text.isEmpty, message["role"] != "tool" else { continue }
            let kind = message["role"] == "user" ? "user_message_chunk" : "agent_message_chunk"
            connection.update(session.id, kind, ["content": ["type": "text", "text": .string(text)]])
        }
    }

    private func setMode(_ id: JSON, _ params: JSON) {
        guard let session = session(params), let mode = params["modeId"]?.string, session.setMode(mode) else {
            return connection.respond(to: id, errorCode: -32602, "No such session or mode")
        }
        connection.respond(to: id, result: [:])
        connection.update(session.id, "current_mode_update", ["currentModeId": .string(mode)])
    }

    private func prompt(_ id: JSON, _ params: JSON) {
        guard let session = session(params) else {
            return connection.respond(to: id, errorCode: -32002, "Session not found")
        }
        guard let interrupt = session.beginTurn() else {
            return connection.respond(to: id, errorCode: -32602, "A turn is already running")
        }
        let text = (params["prompt"]?.array ?? []).compactMap { $0["text"]?.string ?? $0["uri"]?.string }
            .joined(separator: "\n")
        let ended = Interrupt()
        running.withLock { running in
            running.removeAll(where: \.isRaised)
            running.append(ended)
        }
        onThread { [connection] in
            let outcome = Self.outcome { () throws(TurnEnd) in
                try Turn(session: session, connection: connection, interrupt: interrupt).run(text)
            }
            session.endTurn()
            switch outcome {
            case .failure(.failed(let message)): connection.respond(to: id, errorCode: -32603, message)
            case .failure(.cancelled): connection.respond(to: id, result: ["stopReason": "cancelled"])
            case .success: connection.respond(to: id, result: ["stopReason": "end_turn"])
            }
            ended.raise()
        }
    }

    private static func outcome(_ body: () throws(TurnEnd) -> Void) -> Result<Void, TurnEnd> {
        do throws(TurnEnd) {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }
}
