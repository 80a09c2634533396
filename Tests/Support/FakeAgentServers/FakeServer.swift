import Foundation
import HTTPTestSupport
import Synchronization
import TestJSON

/// What a fake answers a request with.
struct FakeAnswer {
    var status = 200
    var body: JSON?
    var page: String?

    static func ok(_ body: JSON) -> FakeAnswer { FakeAnswer(body: body) }
    static let nothing = FakeAnswer(status: 204)

    /// As opencode refuses a body or a parameter.
    static func badRequest(_ why: String) -> FakeAnswer {
        FakeAnswer(status: 400, body: ["name": "BadRequest", "data": ["message": .string(why), "kind": "Body"]])
    }

    /// As sandbox-agent refuses.
    static func problem(_ status: Int, _ kind: String, _ detail: String) -> FakeAnswer {
        FakeAnswer(
            status: status,
            body: [
                "type": .string("urn:sandbox-agent:error:\(kind)"), "title": .string(kind),
                "status": .integer(status), "detail": .string(detail),
            ])
    }

    func send(on connection: ScriptedConnection) {
        let text = page ?? body?.text ?? ""
        let type = page == nil ? (status >= 400 ? "application/problem+json" : "application/json") : "text/html"
        let head = status == 204 || status == 202 ? "" : "Content-Type: \(type)\r\n"
        connection.answer("\(status) Status", headers: head + "Connection: close\r\n", text)
    }
}

/// A request as the fakes look at it.
struct FakeRequest {
    let method: String
    let path: [String]
    let query: [String: String]
    let headers: [String: String]
    let body: JSON?
    let hasBody: Bool

    init(_ request: ScriptedConnection.Request) {
        method = request.method
        let parts = request.path.split(separator: "?", maxSplits: 1)
        path = (parts.first ?? "").split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        var query: [String: String] = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            query[String(sides[0])] = sides.count > 1 ? sides[1].removingPercentEncoding ?? "" : ""
        }
        self.query = query
        headers = request.headers
        hasBody = !request.body.isEmpty
        body = try? JSON(parsing: request.body)
    }

    /// Why the body is refused: it must be an object with these members, and no others.
    func fault(required: [String] = [], allowed: [String] = []) -> String? {
        guard headers["content-type"]?.hasPrefix("application/json") == true, let members = body?.object else {
            return "Expected a JSON object"
        }
        if let missing = required.first(where: { members[$0] == nil }) { return "Missing key: \(missing)" }
        if let unknown = members.keys.sorted().first(where: { !(required + allowed).contains($0) }) {
            return "Unexpected key: \(unknown)"
        }
        return nil
    }
}

/// Events on their way to one reader.
final class EventQueue: Sendable {
    private let state = Mutex<(lines: [String], isClosed: Bool)>(([], false))
    private let signal = DispatchSemaphore(value: 0)

    func put(_ line: String) {
        state.withLock { $0.lines.append(line) }
        signal.signal()
    }

    var isEmpty: Bool { state.withLock { $0.lines.isEmpty } }

    func close() {
        state.withLock { $0.isClosed = true }
        signal.signal()
    }

    /// The next, `nil` when it was closed; a heartbeat after ten silent seconds.
    func next(heartbeat: String) -> String? {
        guard signal.wait(timeout: .now() + 10) == .success else { return heartbeat }
        return state.withLock { state in
            // What was put before the end is delivered.
            guard !state.lines.isEmpty else { return nil }
            return state.lines.removeFirst()
        }
    }
}

/// An answer that a turn waits for.
final class Pending: Sendable {
    private let value = Mutex<JSON?>(nil)
    private let signal = DispatchSemaphore(value: 0)

    func settle(_ answer: JSON) {
        value.withLock { $0 = answer }
        signal.signal()
    }

    func wait() -> JSON {
        signal.wait()
        signal.signal()
        return value.withLock { $0 ?? .null }
    }
}

extension Mutex where Value: Sendable {
    var copy: Value { withLock { $0 } }
}
