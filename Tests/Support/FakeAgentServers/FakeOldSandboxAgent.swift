import Foundation
import HTTPTestSupport
import Synchronization
import TestJSON

/// sandbox-agent 0.1 with its `/v1/sessions` only: numbered universal events, replayed behind an offset.
///
/// Words of the message: WRITE asks permission, ASK asks a question, CUT breaks the stream, SLOW speaks until the session is
/// terminated.
package final class FakeOldSandboxAgent: Sendable {
    private struct Session {
        let agent: String
        var events: [String] = []
        var readers: [EventQueue] = []
        var asked: [String: Pending] = [:]
        var turns = 0
        var isEnded = false
    }

    private let sessions = Mutex<[String: Session]>([:])
    private let token: String?
    private let server = Mutex<ScriptedServer?>(nil)

    package init(token: String?) throws {
        self.token = token
        let started = try ScriptedServer { [self] in serve($0) }
        server.withLock { $0 = started }
    }

    package var port: Int { server.withLock { $0?.port ?? 0 } }

    private func serve(_ connection: ScriptedConnection) {
        guard let raw = connection.readRequest() else { return }
        let request = FakeRequest(raw)
        if let token, request.headers["authorization"] != "Bearer \(token)" {
            return FakeAnswer.problem(401, "token_invalid", "Authentication required").send(on: connection)
        }
        guard request.path.starts(with: ["v1", "sessions"]) else {
            return FakeAnswer.problem(404, "not_found", "No such route").send(on: connection)
        }
        if request.path.count == 5, request.path[3...] == ["events", "sse"] {
            return stream(request, request.path[2], connection)
        }
        answer(request).send(on: connection)
    }

    private func answer(_ request: FakeRequest) -> FakeAnswer {
        let path = Array(request.path.dropFirst(2))
        switch (request.method, path.count) {
        case ("GET", 0):
            let list = sessions.copy.map { id, session -> JSON in
                [
                    "sessionId": .string(id), "agent": .string(session.agent), "ended": .bool(session.isEnded),
                    "eventCount": .integer(session.events.count),
                ]
            }
            return .ok(["sessions": .array(list)])
        case ("POST", 1):
            let allowed = ["agentMode", "agentVersion", "directory", "model", "permissionMode", "title", "variant"]
            if let fault = request.fault(required: ["agent"], allowed: allowed) {
                return .problem(400, "invalid_request", fault)
            }
            guard sessions.copy[path[0]] == nil else { return .problem(409, "session_already_exists", path[0]) }
            sessions.withLock { $0[path[0]] = Session(agent: request.body?["agent"]?.string ?? "") }
            emit(path[0], "session.started", [:])
            return .ok(["healthy": true])
        case ("POST", 2) where path[1] == "messages":
            if let fault = request.fault(required: ["message"], allowed: ["attachments"]) {
                return .problem(400, "invalid_request", fault)
            }
            guard sessions.copy[path[0]]?.isEnded == false else { return .problem(404, "session_not_found", path[0]) }
            let text = request.body?["message"]?.string ?? ""
            let thread = Thread { [self] in turn(path[0], text) }
            thread.start()
            return .nothing
        case ("POST", 2) where path[1] == "terminate":
            sessions.withLock { $0[path[0]]?.isEnded = true }
            emit(path[0], "session.ended", ["reason": "terminated", "terminated_by": "daemon"])
            return .nothing
        case ("POST", 4): return settle(request, path)
        default: return .problem(404, "not_found", "No such route")
        }
    }

    private func settle(_ request: FakeRequest, _ path: [String]) -> FakeAnswer {
        if path[3] == "reply", let fault = request.fault(required: [path[1] == "questions" ? "answers" : "reply"]) {
            return .problem(400, "invalid_request", fault)
        }
        guard let pending = sessions.withLock({ $0[path[0]]?.asked.removeValue(forKey: path[2]) }) else {
            return .problem(404, "not_found", "no such request")
        }
        pending.settle(request.body ?? .null)
        return .nothing
    }

    private func stream(_ request: FakeRequest, _ id: String, _ connection: ScriptedConnection) {
        let queue = EventQueue()
        let offset = request.query["offset"].flatMap { Int($0) } ?? 0
        sessions.withLock { sessions in
            for event in (sessions[id]?.events ?? []).dropFirst(offset) { queue.put("data: \(event)\n\n") }
            sessions[id]?.readers.append(queue)
        }
        connection.startChunks("text/event-stream")
        while let line = queue.next(heartbeat: ": heartbeat\n\n"), connection.chunk(line) {}
    }

    private func emit(_ id: String, _ type: String, _ data: JSON) {
        sessions.withLock { sessions in
            guard var session = sessions[id] else { return }
            let event: JSON = [
                "event_id": .string("evt_\(session.events.count + 1)"), "sequence": .integer(session.events.count + 1),
                "time": "2026-01-01T00:00:00Z", "session_id": .string(id), "synthetic": false, "source": "agent",
                "type": .string(type), "data": data,
            ]
            session.events.append(event.text)
            for reader in session.readers { reader.put("data: \(event.text)\n\n") }
            sessions[id] = session
        }
    }

    // MARK: A turn

    private func turn(_ id: String, _ text: String) {
        let number = sessions.withLock { sessions in
            sessions[id]?.turns += 1
            return sessions[id]?.turns ?? 0
        }
        emit(id, "turn.started", ["phase": "started"])
        message(id, "u\(number)", "user", [text])
        if text.contains("WRITE") {
            let answer = ask(
                id, "permission.requested", ["permission_id": "p1", "action": "echo hello > hello.txt"], "p1")
            message(id, "a\(number)", "assistant", ["You said ", answer["reply"]?.string ?? "nothing"])
        } else if text.contains("ASK") {
            let asked: JSON = ["question_id": "q1", "prompt": "Which?", "options": ["A", "B"], "status": "requested"]
            message(id, "a\(number)", "assistant", ["You chose ", ask(id, "question.requested", asked, "q1").text])
        } else if text.contains("SLOW") {
            for step in 1...1000 where sessions.copy[id]?.isEnded == false {
                emit(id, "item.delta", ["item_id": .string("a\(number)"), "delta": .string("\(step) ")])
                Thread.sleep(forTimeInterval: 0.02)
            }
            return
        } else {
            if text.contains("CUT") {
                let readers = sessions.withLock { sessions in
                    defer { sessions[id]?.readers = [] }
                    return sessions[id]?.readers ?? []
                }
                for reader in readers { reader.close() }
            }
            message(id, "a\(number)", "assistant", ["This is prompt \(number) ", "of this session."])
        }
        emit(id, "turn.ended", ["phase": "ended"])
    }

    private func ask(_ id: String, _ type: String, _ data: JSON, _ key: String) -> JSON {
        let pending = Pending()
        sessions.withLock { $0[id]?.asked[key] = pending }
        emit(id, type, data)
        return pending.wait()
    }

    private func message(_ id: String, _ item: String, _ role: String, _ pieces: [String]) {
        func shown(_ text: String, _ status: String) -> JSON {
            [
                "item": [
                    "item_id": .string(item), "kind": "message", "role": .string(role), "status": .string(status),
                    "content": [["type": "text", "text": .string(text)]],
                ]
            ]
        }
        emit(id, "item.started", shown("", "in_progress"))
        for piece in pieces where role == "assistant" {
            emit(id, "item.delta", ["item_id": .string(item), "delta": .string(piece)])
        }
        emit(id, "item.completed", shown(pieces.joined(), "completed"))
    }
}
