import Synchronization

/// Requests in order of arrival, and who waits for one.
final class RequestLog: Sendable {
    typealias Condition = @Sendable (ModelRequest) -> Bool

    private struct Waiter {
        let id: UInt64
        let condition: Condition
        let continuation: CheckedContinuation<ModelRequest, any Error>
    }

    private struct State {
        var requests: [ModelRequest] = []
        var waiters: [Waiter] = []
        var cancelled: Set<UInt64> = []
        var lastID: UInt64 = 0
    }

    private let state = Mutex(State())

    var all: [ModelRequest] { state.withLock { $0.requests } }

    /// Adds a request; returns its number.
    func append(_ make: (Int) -> ModelRequest) -> Int {
        state.withLock { state in
            let number = state.requests.count + 1
            state.requests.append(make(number))
            return number
        }
    }

    /// Changes a request and wakes who waited for it to be so.
    func update(_ number: Int, _ change: (inout ModelRequest) -> Void) {
        let (request, woken) = state.withLock { state -> (ModelRequest, [Waiter]) in
            change(&state.requests[number - 1])
            let request = state.requests[number - 1]
            let woken = state.waiters.filter { $0.condition(request) }
            state.waiters.removeAll { waiter in woken.contains { $0.id == waiter.id } }
            return (request, woken)
        }
        for waiter in woken { waiter.continuation.resume(returning: request) }
    }

    /// The first request, past or coming, for which the condition holds.
    func wait(for condition: @escaping Condition) async throws -> ModelRequest {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<ModelRequest, any Error>? in
                    if state.cancelled.remove(id) != nil { return .failure(CancellationError()) }
                    if let request = state.requests.first(where: condition) { return .success(request) }
                    state.waiters.append(Waiter(id: id, condition: condition, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }
}
