import Foundation
import HTTPTestSupport
import Synchronization
import TestJSON

/// `opencode serve` as it shows itself on the wire, without a model: a word in the prompt says what happens.
///
/// Strict as the published OpenAPI is: unknown and missing members of bodies are refused, the event bus is that of one
/// directory, nothing is replayed, and pieces of text are not kept before their part is whole.
package final class FakeOpencode: Sendable {
    /// Which release it plays.
    package enum Release: String, Sendable {
        /// Pieces of text are inside of `message.part.updated`, which always has the whole text.
        case old = "1.1.49"
        /// Pieces are events of their own.
        case current = "1.18.18"
        /// Everything is below `/api`; a page answers the rest.
        case next = "2.1.0"
    }

    struct Session {
        var id: String
        var directory: String
        var parent: String?
        var messages: [JSON] = []
        var status = "idle"
        var isAborted = false
    }

    struct World {
        var count = 0
        var sessions: [String: Session] = [:]
        var readers: [String: [EventQueue]] = [:]
        var permissions: [String: (shown: JSON, pending: Pending)] = [:]
        var questions: [String: (shown: JSON, pending: Pending)] = [:]
        var requests: [String] = []
    }

    let release: Release
    let base: [String]
    private let password: String?
    private let home: String
    let world = Mutex(World())
    private let server = Mutex<ScriptedServer?>(nil)

    /// - Parameters:
    ///   - base: `/opencode` as in sandbox-agent's emulation.
    ///   - home: the directory of requests that name none.
    package init(release: Release, password: String?, home: String, base: String = "") throws {
        self.release = release
        self.base = base.split(separator: "/").map(String.init)
        self.password = password
        self.home = home
        let started = try ScriptedServer { [self] in serve($0) }
        server.withLock { $0 = started }
    }

    package var port: Int { server.withLock { $0?.port ?? 0 } }

    private func serve(_ connection: ScriptedConnection) {
        guard let raw = connection.readRequest() else { return }
        let request = FakeRequest(raw)
        world.withLock { $0.requests.append("\(request.method) \(raw.path)") }
        guard isAllowed(request) else { return FakeAnswer(status: 401, body: nil).send(on: connection) }
        guard request.path.starts(with: base) else { return FakeAnswer(status: 404).send(on: connection) }
        let path = Array(request.path.dropFirst(base.count))
        let directory = request.query["directory"] ?? request.headers["x-opencode-directory"] ?? home
        if release != .next, request.method == "GET", path == ["event"] { return stream(directory, connection) }
        answer(request, path, directory).send(on: connection)
    }

    private func isAllowed(_ request: FakeRequest) -> Bool {
        guard let password else { return true }
        let expected = Data("opencode:\(password)".utf8).base64EncodedString()
        return request.headers["authorization"] == "Basic \(expected)"
    }

    private func stream(_ directory: String, _ connection: ScriptedConnection) {
        let queue = EventQueue()
        queue.put(Self.line("server.connected", [:], id: "evt_0"))
        world.withLock { $0.readers[directory, default: []].append(queue) }
        connection.startChunks("text/event-stream")
        let heartbeat = Self.line("server.heartbeat", [:], id: "evt_0")
        while let line = queue.next(heartbeat: heartbeat), connection.chunk(line) {}
        world.withLock { world in world.readers[directory]?.removeAll { $0 === queue } }
    }

    private static func line(_ type: String, _ properties: JSON, id: String) -> String {
        let event: JSON = ["id": .string(id), "type": .string(type), "properties": properties]
        return "data: \(event.text)\n\n"
    }

    // MARK: The world

    func id(_ prefix: String) -> String {
        let number = world.withLock { world in
            world.count += 1
            return world.count
        }
        return "\(prefix)_\(String(format: "%08d", number))"
    }

    /// To those who listen now, to the session's directory; to nobody else, and never again.
    func publish(_ type: String, _ properties: JSON, in session: String) {
        let event = Self.line(type, properties, id: id("evt"))
        let readers = world.withLock { world in
            world.sessions[session].flatMap { world.readers[$0.directory] } ?? []
        }
        for reader in readers { reader.put(event) }
    }

    /// Ends the streams of everybody who listens to the directory.
    func cut(_ session: String) {
        let readers = world.withLock { world -> [EventQueue] in
            guard let directory = world.sessions[session]?.directory else { return [] }
            return world.readers.removeValue(forKey: directory) ?? []
        }
        for reader in readers { reader.close() }
    }

    /// Waits until everybody who listens was sent everything.
    func waitUntilRead(_ session: String) {
        let readers = world.withLock { world in
            world.sessions[session].flatMap { world.readers[$0.directory] } ?? []
        }
        while readers.contains(where: { !$0.isEmpty }) { Thread.sleep(forTimeInterval: 0.01) }
        // Taken from the queue is not yet written.
        Thread.sleep(forTimeInterval: 0.1)
    }

    /// Waits until somebody listens again.
    func waitForReader(_ session: String) {
        func isAlone() -> Bool {
            world.withLock { world in
                guard let directory = world.sessions[session]?.directory else { return false }
                return world.readers[directory, default: []].isEmpty
            }
        }
        while isAlone() { Thread.sleep(forTimeInterval: 0.01) }
    }

    func change(_ session: String, _ body: (inout Session) -> Void) {
        world.withLock { world in
            if var found = world.sessions[session] {
                body(&found)
                world.sessions[session] = found
            }
        }
    }

    func setStatus(_ session: String, _ status: String) {
        change(session) { $0.status = status }
        publish(
            "session.status", ["sessionID": .string(session), "status": ["type": .string(status)]], in: session)
        if status == "idle" { publish("session.idle", ["sessionID": .string(session)], in: session) }
    }
}
