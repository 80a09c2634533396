import Foundation
import HTTPTestSupport
import Synchronization
import TestJSON

/// sandbox-agent 0.2 as it shows itself on the wire, with an ACP agent in it that does what a word of the prompt says.
///
/// Strict as the published source is: the bearer token everywhere, the agent on the first message only, one JSON-RPC message
/// for each POST, a ring of numbered messages that is replayed whole or behind `Last-Event-ID`.
package final class FakeSandboxAgent: Sendable {
    static let agents: Set = ["claude", "codex", "opencode", "amp", "pi", "cursor", "mock"]

    struct Instance {
        let agent: String
        let created: Int
        var sequence = 0
        var ring: [(Int, String)] = []
        var readers: [EventQueue] = []
        var asked: [String: Pending] = [:]
        var isDead = false
        var prompts = 0
        var isCancelled = false
    }

    let instances = Mutex<[String: Instance]>([:])
    private let clock = Mutex(1_790_000_000_000)
    private let token: String?
    private let server = Mutex<ScriptedServer?>(nil)

    package init(token: String?) throws {
        self.token = token
        let started = try ScriptedServer { [self] in serve($0) }
        server.withLock { $0 = started }
    }

    package var port: Int { server.withLock { $0?.port ?? 0 } }

    /// Carries a connection to the port that was asked for.
    func serve(_ connection: ScriptedConnection) {
        guard let raw = connection.readRequest() else { return }
        let request = FakeRequest(raw)
        if let token, request.headers["authorization"] != "Bearer \(token)" {
            return FakeAnswer.problem(401, "token_invalid", "Authentication required").send(on: connection)
        }
        switch (request.method, request.path.count) {
        case ("GET", 2) where request.path == ["v1", "health"]: FakeAnswer.ok(["status": "ok"]).send(on: connection)
        case ("GET", 2) where request.path == ["v1", "acp"]: FakeAnswer.ok(list()).send(on: connection)
        case (_, 3) where request.path.starts(with: ["v1", "acp"]): acp(request, request.path[2], connection)
        default: FakeAnswer.problem(404, "not_found", "No such route").send(on: connection)
        }
    }

    private func list() -> JSON {
        [
            "servers": .array(
                instances.copy.map { id, instance in
                    [
                        "serverId": .string(id), "agent": .string(instance.agent),
                        "createdAtMs": .integer(instance.created),
                    ]
                })
        ]
    }

    private func acp(_ request: FakeRequest, _ id: String, _ connection: ScriptedConnection) {
        switch request.method {
        case "POST": post(request, id).send(on: connection)
        case "GET": stream(request, id, connection)
        case "DELETE":
            let gone = instances.withLock { $0.removeValue(forKey: id) }
            for reader in gone?.readers ?? [] { reader.close() }
            FakeAnswer.nothing.send(on: connection)
        default: FakeAnswer.problem(405, "method", "No").send(on: connection)
        }
    }

    private func post(_ request: FakeRequest, _ id: String) -> FakeAnswer {
        guard request.headers["content-type"]?.hasPrefix("application/json") == true else {
            return .problem(415, "unsupported_media_type", "Content-Type must be application/json")
        }
        guard request.headers["accept"]?.contains("application/json") != false else {
            return .problem(406, "not_acceptable", "Accept must allow application/json")
        }
        guard let message = request.body, message["jsonrpc"]?.string == "2.0" else {
            return .problem(400, "invalid_request", "Not a JSON-RPC envelope")
        }
        if let refusal = ensure(id, request.query["agent"]) { return refusal }
        let fake = FakeACPAgent(server: self, id: id)
        guard message["method"] != nil else {
            let key = message["id"]?.text ?? ""
            instances.withLock { $0[id]?.asked.removeValue(forKey: key) }?.settle(message["result"] ?? .null)
            return FakeAnswer(status: 202)
        }
        guard message["id"] != nil else {
            if message["method"]?.string == "session/cancel" { fake.cancel() }
            return FakeAnswer(status: 202)
        }
        return fake.answer(message)
    }

    private func ensure(_ id: String, _ agent: String?) -> FakeAnswer? {
        instances.withLock { instances in
            if let known = instances[id] {
                return agent == nil || agent == known.agent
                    ? nil : .problem(409, "conflict", "bound to \(known.agent)")
            }
            guard let agent else { return .problem(400, "invalid_request", "agent is required") }
            guard Self.agents.contains(agent) else { return .problem(400, "unsupported_agent", "no agent \(agent)") }
            instances[id] = Instance(agent: agent, created: nextTime())
            return nil
        }
    }

    func nextTime() -> Int {
        clock.withLock { clock in
            clock += 1
            return clock
        }
    }

    private func stream(_ request: FakeRequest, _ id: String, _ connection: ScriptedConnection) {
        guard request.headers["accept"]?.contains("text/event-stream") == true else {
            return FakeAnswer.problem(406, "not_acceptable", "Accept must allow text/event-stream").send(on: connection)
        }
        let queue = EventQueue()
        let last = request.headers["last-event-id"].flatMap { Int($0) }
        let isKnown = instances.withLock { instances in
            guard let ring = instances[id]?.ring else { return false }
            for (number, text) in ring where number > last ?? 0 { queue.put(Self.line(number, text)) }
            instances[id]?.readers.append(queue)
            return true
        }
        guard isKnown else {
            return FakeAnswer.problem(404, "session_not_found", "no server \(id)").send(on: connection)
        }
        connection.startChunks("text/event-stream")
        while let line = queue.next(heartbeat: ": heartbeat\n\n"), connection.chunk(line) {}
        instances.withLock { $0[id]?.readers.removeAll { $0 === queue } }
    }

    static func line(_ number: Int, _ text: String) -> String {
        "id: \(number)\nevent: message\ndata: \(text)\n\n"
    }

    // MARK: What the agent does

    /// - Parameter isLost: numbered, but neither kept nor delivered.
    func emit(_ id: String, _ message: JSON, isLost: Bool = false) {
        instances.withLock { instances in
            guard var instance = instances[id] else { return }
            instance.sequence += 1
            if !isLost {
                instance.ring.append((instance.sequence, message.text))
                if instance.ring.count > 1024 { instance.ring.removeFirst() }
                for reader in instance.readers { reader.put(Self.line(instance.sequence, message.text)) }
            }
            instances[id] = instance
        }
    }

    func cut(_ id: String) {
        let readers = instances.withLock { instances in
            defer { instances[id]?.readers = [] }
            return instances[id]?.readers ?? []
        }
        for reader in readers { reader.close() }
    }

    /// Another process takes the instance's place, and counts from one.
    func recreate(_ id: String) {
        cut(id)
        instances.withLock { instances in
            guard let old = instances[id] else { return }
            instances[id] = Instance(agent: old.agent, created: nextTime())
        }
    }
}
