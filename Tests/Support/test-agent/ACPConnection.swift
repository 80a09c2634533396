import Synchronization
import TestJSON

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// JSON-RPC lines on standard input and output. Source: agentclientprotocol.com, protocol version 1.
final class ACPConnection: Sendable {
    private struct Pending {
        var arrived: Interrupt
        var answer: JSON?
    }

    private let output = Mutex(())
    private let pending = Mutex<[Int: Pending]>([:])
    private let lastID = Mutex(0)

    func respond(to id: JSON, result: JSON) {
        send(["jsonrpc": "2.0", "id": id, "result": result])
    }

    func respond(to id: JSON, errorCode: Int, _ message: String) {
        send(["jsonrpc": "2.0", "id": id, "error": ["code": .integer(errorCode), "message": .string(message)]])
    }

    func update(_ session: String, _ kind: String, _ members: [String: JSON]) {
        let update = JSON.object(members).with(["sessionUpdate": .string(kind)])
        send([
            "jsonrpc": "2.0", "method": "session/update",
            "params": ["sessionId": .string(session), "update": update],
        ])
    }

    /// Asks the client and waits for its answer as long as the turn is not cancelled.
    func ask(_ method: String, _ params: JSON, orUntil interrupt: Interrupt) throws(TurnEnd) -> JSON {
        let id = lastID.withLock { last in
            last += 1
            return last
        }
        let arrived = Interrupt()
        pending.withLock { $0[id] = Pending(arrived: arrived) }
        send(["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params])
        defer { pending.withLock { $0[id] = nil } }
        try interrupt.wait(for: arrived.descriptor)
        return pending.withLock { $0[id]?.answer } ?? .null
    }

    /// The client answered a question of ours; answers to nothing are dropped.
    func answered(_ message: JSON) {
        guard let id = message["id"]?.integer else { return }
        pending.withLock { pending in
            pending[id]?.answer = message["result"] ?? .null
            pending[id]?.arrived.raise()
        }
    }

    /// Calls `handle` for each message until standard input ends.
    func readMessages(_ handle: (JSON) -> Void) {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            for byte in buffer[..<count] {
                if byte != UInt8(ascii: "\n") {
                    line.append(byte)
                    continue
                }
                if !line.isEmpty { handle(parse(line)) }
                line = []
            }
        }
    }

    private func parse(_ line: [UInt8]) -> JSON {
        if let message = try? JSON(parsing: line), message.object != nil { return message }
        respond(to: .null, errorCode: -32700, "Parse error")
        return .null
    }

    private func send(_ message: JSON) {
        let bytes = Array((message.text + "\n").utf8)
        output.withLock { _ in _ = writeAll(bytes, to: STDOUT_FILENO) }
    }
}

/// False when the other end is gone.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        if count <= 0 { return false }
        rest = rest.dropFirst(count)
    }
    return true
}
