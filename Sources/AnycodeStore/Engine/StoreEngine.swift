import GRDB
import Synchronization

/// Where the store's work happens.
protocol StoreEngine: Sendable {
    var commitCount: Int { get }
    func write<T: Sendable>(
        _ urgency: Store.Urgency, _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T
    func read<T: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> T) async throws(StoreError) -> T
    /// Turns further work away.
    func stop()
    /// Blocks until all is done and closed.
    func join()
}

extension StoreError {
    static var closedStore: StoreError { StoreError(.closed, "The database is closed: the daemon is stopping") }
}

/// Works on the caller's thread. Is interrupted around each step, as a store with a thread of its own would be, so that a
/// simulated kill may come between a decision and its commit, and between a commit and what follows.
final class InlineEngine: StoreEngine {
    let connection: StoreConnection
    private let gate: StoreGate
    private let pause: @Sendable (Duration) async throws -> Void
    private let isClosed = Mutex(false)
    /// Whether reads cannot write.
    private let isGuarded: Bool
    private let interfere: @Sendable (Store.Moment) async throws(StoreError) -> Void

    init(
        _ connection: StoreConnection, isGuarded: Bool, gate: StoreGate,
        pause: @escaping @Sendable (Duration) async throws -> Void,
        interfere: @escaping @Sendable (Store.Moment) async throws(StoreError) -> Void
    ) {
        self.connection = connection
        self.isGuarded = isGuarded
        self.gate = gate
        self.pause = pause
        self.interfere = interfere
    }

    var commitCount: Int { connection.commitCount }

    func write<T: Sendable>(
        _ urgency: Store.Urgency, _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T {
        let result = try await trying(.writing, .willWrite) { () throws(StoreError) in try connection.write(body) }
        try? await interfere(.didWrite)
        return result
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> T) async throws(StoreError) -> T {
        try await trying(.reading, .willRead) { () throws(StoreError) in
            try isGuarded ? connection.read(body) : connection.readUnguarded(body)
        }
    }

    /// Tries as often as it takes; gives up only when the caller is cancelled.
    private func trying<T>(
        _ side: StoreGate.Side, _ moment: Store.Moment, _ body: () throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        var pauses = StoreGate.Pauses()
        while true {
            do throws(StoreError) {
                try await interfere(moment)
                try checkOpen()
                let value = try body()
                gate.opened(side)
                return value
            } catch {
                guard error.isTransient else { throw error }
                gate.closed(side, by: error)
                do { try await pause(pauses.take()) } catch _ { throw error }
            }
        }
    }

    func stop() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        if !wasClosed { connection.close() }
    }

    func join() {}

    private func checkOpen() throws(StoreError) {
        guard !isClosed.withLock({ $0 }) else { throw .closedStore }
    }
}
