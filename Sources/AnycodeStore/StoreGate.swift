import Synchronization

/// Holds the store's work back while there is no space, or while another program holds the database.
///
/// What cannot be stored now waits and is tried again, longer apart each time: nothing is acknowledged and nothing that
/// depends on it happens meanwhile. Damage and mistakes are not waited for.
package final class StoreGate: Sendable {
    /// Writing and reading go their own ways.
    enum Side: Hashable, Comparable, Sendable { case writing, reading }

    private struct State {
        var troubles: [Side: StoreError] = [:]
        var observers: [Int: AsyncStream<StoreError?>.Continuation] = [:]
        var nextObserver = 0

        var trouble: StoreError? { troubles.min { $0.key < $1.key }?.value }
    }

    private let state = Mutex(State())

    /// Why nothing can be stored or read now; `nil` while all is well.
    package var trouble: StoreError? { state.withLock(\.trouble) }

    /// The trouble as it is now, then each time it comes, changes or passes; one that lasts is told once.
    package var troubles: AsyncStream<StoreError?> {
        let (stream, observer) = AsyncStream.makeStream(of: StoreError?.self, bufferingPolicy: .bufferingNewest(1))
        let (number, trouble) = state.withLock { state in
            state.nextObserver += 1
            state.observers[state.nextObserver] = observer
            return (state.nextObserver, state.trouble)
        }
        observer.onTermination = { [weak self] _ in
            self?.state.withLock { $0.observers[number] = nil }
        }
        observer.yield(trouble)
        return stream
    }

    /// Returns once there is no trouble.
    package func waitUntilPassed() async throws(CancellationError) {
        for await trouble in troubles where trouble == nil { return }
        throw CancellationError()
    }

    func closed(_ side: Side, by error: StoreError) { set(side, error) }

    func opened(_ side: Side) {
        guard state.withLock({ $0.troubles[side] != nil }) else { return }
        set(side, nil)
    }

    private func set(_ side: Side, _ error: StoreError?) {
        let (trouble, observers) = state.withLock { state in
            let before = state.trouble?.code
            state.troubles[side] = error
            return (state.trouble, before == state.trouble?.code ? [] : Array(state.observers.values))
        }
        for observer in observers { observer.yield(trouble) }
    }

    /// The pauses between two tries.
    struct Pauses {
        private var next: Duration = .milliseconds(100)

        mutating func take() -> Duration {
            defer { next = min(next * 2, .seconds(5)) }
            return next
        }
    }
}
