import Foundation
import Synchronization

/// What a program has written so far, and who waits for more of it.
final class OutputLog: Sendable {
    private struct Waiter {
        let condition: @Sendable (_ text: String, _ hasEnded: Bool) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var bytes: [UInt8] = []
        var text = ""
        var hasEnded = false
        var waiters: [Int: Waiter] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    /// Escape sequences of terminals are left out: what a person can read.
    var text: String { state.withLock { $0.text } }

    func append(_ bytes: [UInt8]) {
        change { state in
            state.bytes += bytes
            state.text = Self.readable(state.bytes)
        }
    }

    func end() {
        change { $0.hasEnded = true }
    }

    /// Whether the condition came to hold in time.
    func wait(
        within limit: Duration, until condition: @escaping @Sendable (_ text: String, _ hasEnded: Bool) -> Bool
    ) async -> Bool {
        await withCheckedContinuation { continuation in
            let number = state.withLock { state -> Int? in
                if condition(state.text, state.hasEnded) { return nil }
                state.nextWaiter += 1
                state.waiters[state.nextWaiter] = Waiter(condition: condition, continuation: continuation)
                return state.nextWaiter
            }
            guard let number else { return continuation.resume(returning: true) }
            Deadline.after(limit) { [self] in
                let late = state.withLock { $0.waiters.removeValue(forKey: number) }
                late?.continuation.resume(returning: false)
            }
        }
    }

    private func change(_ body: @Sendable (inout State) -> Void) {
        let satisfied = state.withLock { state -> [Waiter] in
            body(&state)
            let numbers = state.waiters.keys.filter {
                state.waiters[$0]?.condition(state.text, state.hasEnded) ?? false
            }
            return numbers.compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in satisfied { waiter.continuation.resume(returning: true) }
    }

    /// ECMA-48 control sequences, carriage returns and bells removed.
    private static func readable(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == 0x1B, index < bytes.count, bytes[index] == UInt8(ascii: "[") {
                index += 1
                while index < bytes.count, !(0x40...0x7E).contains(bytes[index]) { index += 1 }
                index += 1
            } else if byte != 0x0D, byte != 0x07, byte != 0x1B {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Ends waits that last too long.
enum Deadline {
    private static let queue = DispatchQueue(label: "anycode.integration.deadlines")

    static func after(_ limit: Duration, _ body: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(limit / .milliseconds(1))), execute: body)
    }
}
