import AnycodeJSON
import Foundation
import HTTPTestSupport
import Synchronization

@testable import AnycodeAgent

/// A runner that keeps the contract and refuses every request that does not.
///
/// What it refused is listed in `complaints`; a test that expects none checks that.
final class FakeRunner: Sendable {
    static let token = "t0k3n"

    struct State {
        var agent: String?
        var events: [[UInt8]] = []
        var firstKept = 1
        /// The agent's open requests: number of the event, the request's id.
        var pending: [(number: Int, id: JSON)] = []
        /// The client's messages that reached the agent.
        var received: [JSON] = []
        var requests: [JSON: String] = [:]
        var acknowledged: [Int64] = []
        var environment: [String: String] = [:]
        var agents: [String: [String]] = [:]
        var files: [String: [UInt8]] = [:]
        var patch: [UInt8] = []
        var applied: [[UInt8]] = []
        var prepareBodies: [JSON] = []
        var complaints: [String] = []
        /// The next answer to a message instead of the usual one.
        var nextStatus: String?
        /// Ends event streams after this many events.
        var cutAfter: Int?
        /// Paths of routes that this version of the runner does not have.
        var lacks: Set<String> = []
        /// Whether the health answer has the protocol's number.
        var tellsProtocol = true
        var isClosed = false
    }

    let state = Mutex(State())
    private let condition = NSCondition()
    /// What the agent sends when it gets a message.
    private let agent: @Sendable (JSON) -> [JSON]
    private let prepare: @Sendable (JSON) -> [JSON]
    /// Told when a stream is refused because no agent was started.
    private let refused: @Sendable () -> Void
    private let server = Mutex<ScriptedServer?>(nil)

    init(
        unix: Bool = true, refused: @escaping @Sendable () -> Void = {},
        prepare: @escaping @Sendable (JSON) -> [JSON] = { _ in [] },
        agent: @escaping @Sendable (JSON) -> [JSON] = { _ in [] }
    ) throws {
        self.agent = agent
        self.prepare = prepare
        self.refused = refused
        let started = try ScriptedServer(unix: unix) { [weak self] connection in
            while let request = connection.readRequest() {
                guard let self, self.serve(request, connection) else { return }
            }
        }
        server.withLock { $0 = started }
    }

    var url: String { server.withLock { $0?.url ?? "" } }
    var socketPath: String? { server.withLock { $0?.socketPath } }
    var complaints: [String] { state.withLock { $0.complaints } }
    var received: [JSON] { state.withLock { $0.received } }

    func stop() {
        state.withLock { $0.isClosed = true }
        wakeReaders()
        server.withLock { $0 }?.stop()
    }

    /// Appends messages of the agent to the stream.
    func emit(_ messages: [JSON]) {
        state.withLock { state in
            for message in messages {
                state.events.append(message.bytes)
                if message["method"] != nil, let id = message["id"] { state.pending.append((state.events.count, id)) }
            }
        }
        wakeReaders()
    }

    private func wakeReaders() {
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    /// `false` ends the connection.
    private func serve(_ request: ScriptedConnection.Request, _ connection: ScriptedConnection) -> Bool {
        guard request.headers["authorization"] == "Bearer \(Self.token)" else {
            return problem(connection, "401 Unauthorized", "token_invalid", "The bearer token is missing or wrong.")
        }
        let parts = request.path.split(separator: "?", maxSplits: 1).map(String.init)
        let query = RunnerQuery(parts.count > 1 ? parts[1] : "")
        let path = parts.first ?? ""
        if state.withLock({ $0.lacks.contains(path) }) {
            return problem(
                connection, "404 Not Found", "session_not_found", "There is no \(request.method) \(path) here.")
        }
        switch "\(request.method) \(path)" {
        case "POST /v1/acp/anycode": return post(request, query, connection)
        case "GET /v1/acp/anycode": return events(request, connection)
        case "DELETE /v1/acp/anycode":
            state.withLock { $0.agent = nil }
            return connection.answer("204 No Content")
        default: return FakeRunnerRoutes(runner: self).serve(request, parts.first ?? "", query, connection, prepare)
        }
    }

    func problem(_ connection: ScriptedConnection, _ status: String, _ type: String, _ detail: String) -> Bool {
        let body: JSON = [
            "type": .string("urn:anycode:runner:\(type)"), "title": .string(status),
            "status": .integer(Int64(status.prefix(3)) ?? 0), "detail": .string(detail),
        ]
        return connection.answer(
            status, headers: "Content-Type: application/problem+json\r\n", String(decoding: body.bytes, as: UTF8.self))
    }

    func complain(_ text: String) {
        state.withLock { $0.complaints.append(text) }
    }
}

// MARK: - ACP

extension FakeRunner {
    private func post(
        _ request: ScriptedConnection.Request, _ query: RunnerQuery, _ connection: ScriptedConnection
    ) -> Bool {
        guard request.headers["content-type"] == "application/json" else {
            complain("content type \(request.headers["content-type"] ?? "-")")
            return problem(connection, "415 Unsupported Media Type", "unsupported_media_type", "JSON is wanted.")
        }
        guard let message = try? JSON(parsing: request.body), let fault = ACPRules.fault(message) else {
            return accept(try? JSON(parsing: request.body), request, query, connection)
        }
        complain(fault)
        return problem(connection, "400 Bad Request", "invalid_request", fault)
    }

    private func accept(
        _ message: JSON?, _ request: ScriptedConnection.Request, _ query: RunnerQuery, _ connection: ScriptedConnection
    ) -> Bool {
        guard let message, let name = query["agent"] else {
            return problem(connection, "400 Bad Request", "invalid_request", "No message or no agent.")
        }
        if let status = state.withLock({ $0.nextStatus.take() }) {
            let type = status.hasPrefix("424") ? "agent_not_installed" : "other"
            return problem(connection, status, type, "Scripted \(status.prefix(3)).")
        }
        let (conflict, repeated) = state.withLock { state in
            let conflict = state.agent != nil && state.agent != name
            state.agent = state.agent ?? name
            var repeated = false
            if let id = message["id"], let method = message.text("method") {
                repeated = state.requests[id] != nil
                state.requests[id] = method
            } else if let id = message["id"] {
                repeated = !state.pending.contains { $0.id == id }
                state.pending.removeAll { $0.id == id }
            }
            if !conflict, !repeated { state.received.append(message) }
            return (conflict, repeated)
        }
        if conflict { return problem(connection, "409 Conflict", "conflict", "Another agent runs.") }
        if !repeated { emit(agent(message)) }
        let isRequest = message["method"] != nil && message["id"] != nil
        if isRequest != (request.headers["prefer"] == "respond-async") {
            complain("Prefer \(request.headers["prefer"] ?? "-") on \(message.text("method") ?? "an answer")")
        }
        return connection.answer("202 Accepted")
    }

    private func events(_ request: ScriptedConnection.Request, _ connection: ScriptedConnection) -> Bool {
        if request.headers["accept"] != "text/event-stream" { complain("accept \(request.headers["accept"] ?? "-")") }
        let cursor = Int(request.headers["last-event-id"] ?? "0") ?? -1
        let (known, last, cut) = state.withLock { ($0.agent != nil, $0.events.count, $0.cutAfter.take()) }
        guard known else {
            defer { refused() }
            return problem(connection, "404 Not Found", "session_not_found", "There is no server yet.")
        }
        guard cursor >= 0, cursor <= last else {
            return problem(connection, "409 Conflict", "conflict", "Event \(cursor) was never sent.")
        }
        connection.startChunks("text/event-stream")
        connection.chunk(": connected\n\n")
        for (number, _) in state.withLock({ $0.pending }) where number <= cursor {
            let event = state.withLock { $0.events[number - 1] }
            connection.chunk("event: pending\ndata: \(String(decoding: event, as: UTF8.self))\n\n")
        }
        return follow(cursor, cut, connection)
    }

    private func follow(_ cursor: Int, _ cut: Int?, _ connection: ScriptedConnection) -> Bool {
        var next = cursor + 1
        var left = cut ?? .max
        while true {
            condition.lock()
            while state.withLock({ !$0.isClosed && $0.events.count < next }) { condition.wait() }
            condition.unlock()
            let (fresh, first, isClosed) = state.withLock { state in
                (Array(state.events.dropFirst(next - 1)), state.firstKept, state.isClosed)
            }
            if isClosed { return false }
            for event in fresh {
                defer { next += 1 }
                if next < first {
                    if next == cursor + 1 {
                        connection.chunk("event: gap\ndata: {\"from\":\(next),\"to\":\(first - 1)}\n\n")
                    }
                    continue
                }
                if left == 0 {
                    connection.chunk("")
                    return true
                }
                left -= 1
                let data = String(decoding: event, as: UTF8.self)
                guard connection.chunk("id: \(next)\nevent: message\ndata: \(data)\n\n") else { return false }
            }
        }
    }
}

/// Query parameters, percent-decoded.
struct RunnerQuery {
    private let values: [String: String]

    init(_ text: String) {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            values[parts[0]] = parts.count > 1 ? parts[1].removingPercentEncoding : ""
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }
}

extension Optional {
    mutating func take() -> Self {
        defer { self = nil }
        return self
    }
}
