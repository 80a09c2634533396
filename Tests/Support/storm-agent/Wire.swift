import Foundation
import Synchronization
import TestJSON

/// JSON-RPC on standard input and output, and what the turn waits for.
final class Wire: Sendable {
    struct Cancelled: Error {}

    private struct State {
        var answers: [Int: JSON] = [:]
        var answered: Set<Int> = []
        var lastRequest = 0
        var isCancelled = false
    }

    private let condition = NSCondition()
    private let state = Mutex(State())

    func send(_ members: [String: JSON]) {
        let bytes = Array((JSON.object(members).with(["jsonrpc": "2.0"]).text + "\n").utf8)
        condition.lock()
        defer { condition.unlock() }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { exit(0) }
            rest = rest.dropFirst(count)
        }
    }

    func update(_ kind: String, _ members: [String: JSON]) {
        let update = JSON.object(members).with(["sessionUpdate": .string(kind)])
        send(["method": "session/update", "params": ["sessionId": "storm", "update": update]])
    }

    // MARK: The turn

    func begin() {
        change { $0.isCancelled = false }
    }

    func cancel() {
        change { $0.isCancelled = true }
    }

    /// `false` when this request was answered before.
    func answered(_ message: JSON) -> Bool {
        guard let id = message["id"]?.integer else { return true }
        return change { state in
            guard state.answered.insert(id).inserted else { return false }
            state.answers[id] = message["result"] ?? .null
            return true
        }
    }

    /// Asks, and waits for the answer; a cancelled turn waits no longer than the client needs to say so.
    func ask(_ method: String, _ params: JSON) -> JSON {
        let id = state.withLock { state in
            state.lastRequest += 1
            return state.lastRequest
        }
        send(["id": .integer(id), "method": .string(method), "params": params])
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let answer = state.withLock({ $0.answers.removeValue(forKey: id) }) { return answer }
            condition.wait()
        }
    }

    func pause(milliseconds: Int) throws(Cancelled) {
        let end = Date(timeIntervalSinceNow: Double(milliseconds) / 1000)
        condition.lock()
        defer { condition.unlock() }
        while true {
            if state.withLock(\.isCancelled) { throw Cancelled() }
            if !condition.wait(until: end) { return }
        }
    }

    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        condition.lock()
        defer { condition.unlock() }
        let result = state.withLock { body(&$0) }
        condition.broadcast()
        return result
    }
}
