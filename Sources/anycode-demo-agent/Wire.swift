import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// JSON-RPC on standard output, and the client's answers to what was asked.
final class Wire: Sendable {
    struct Refused: Error {}

    private struct State {
        var lastID: Int64 = 0
        var waiting: [Int64: CheckedContinuation<JSON, any Error>] = [:]
    }

    private let state = Mutex(State())
    private let output = Mutex(())

    func send(_ message: [String: JSON]) {
        var message = message
        message["jsonrpc"] = "2.0"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        guard let data = try? encoder.encode(JSON.object(message)) else { return }
        let line = Array(data) + [0x0A]
        output.withLock { _ in
            var written = 0
            while written < line.count {
                let put = line.withUnsafeBytes { write(1, $0.baseAddress.map { $0 + written }, line.count - written) }
                if put < 0, errno == EINTR { continue }
                // Nobody reads any more: there is nothing left to do here.
                guard put > 0 else { exit(0) }
                written += put
            }
        }
    }

    func notify(_ method: String, _ params: JSON) {
        send(["method": .string(method), "params": params])
    }

    /// Asks the client; ends with `CancellationError` when the turn is cancelled first.
    func ask(_ method: String, _ params: JSON) async throws -> JSON {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    guard !Task.isCancelled else { return true }
                    state.waiting[id] = continuation
                    return false
                }
                guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
                send(["id": .integer(id), "method": .string(method), "params": params])
            }
        } onCancel: {
            take(id)?.resume(throwing: CancellationError())
        }
    }

    /// Hands an answer to whoever asked; late and unknown ones are dropped.
    func answered(_ id: JSON?, _ message: JSON) {
        guard case .integer(let id)? = id, let continuation = take(id) else { return }
        if let result = message["result"] {
            continuation.resume(returning: result)
        } else {
            continuation.resume(throwing: Refused())
        }
    }

    private func take(_ id: Int64) -> CheckedContinuation<JSON, any Error>? {
        state.withLock { $0.waiting.removeValue(forKey: id) }
    }
}
