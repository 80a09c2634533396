import AnycodeCore
import GRDB

/// The daemon's memory: one SQLite database, one writer.
///
/// What `write` returned is on the disk and survives a power cut.
package final class Store: Sendable {
    package enum Execution: Sendable {
        /// A thread of its own gathers all waiting writes and commits them together. Reads have another thread and
        /// see the last commit.
        case writerThread
        /// Everything happens on the caller, with no other thread involved: for deterministic simulation.
        case inline
        /// As `inline`, and somebody interferes at each moment: may suspend, and before a transaction throw in its
        /// place. For simulated disks that are slow or full. Reads are not kept from writing, for the sake of speed.
        case interfered(@Sendable (Moment) async throws(StoreError) -> Void)
    }

    /// A step of a call, seen from outside.
    package enum Moment: Sendable {
        case willRead, willWrite
        /// The write is committed; its caller does not know yet. What is thrown here is dropped.
        case didWrite
    }

    /// How soon a write must be on the disk.
    package enum Urgency: Sendable {
        case now
        /// Some milliseconds later is soon enough: it waits for others to share the disk's work with.
        case soon
    }

    let engine: any StoreEngine
    private let connection: StoreConnection
    /// Where work waits that cannot be done for lack of space or of the database's lock.
    package let gate = StoreGate()

    /// Opens the database, creating it or bringing its schema up to date.
    ///
    /// - Parameter path: the file; `nil` keeps everything in memory.
    package convenience init(path: String?, execution: Execution) throws(StoreError) {
        var random = SystemRandomNumberGenerator()
        try self.init(path: path, execution: execution, random: &random)
    }

    /// - Parameters:
    ///   - random: makes the instance's id when the database is new.
    ///   - pause: how an inline store waits between two tries; throws when the caller is cancelled.
    package init(
        path: String?, execution: Execution, random: inout some RandomNumberGenerator,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await ContinuousClock().sleep(for: $0) }
    ) throws(StoreError) {
        connection = try StoreConnection(path: path)
        let fresh = InstanceID(String.hexadecimal(words: [random.next(), random.next()]))
        switch execution {
        case .inline:
            engine = InlineEngine(connection, isGuarded: true, gate: gate, pause: pause) { _ in await Task.yield() }
        case .interfered(let interfere):
            engine = InlineEngine(connection, isGuarded: false, gate: gate, pause: pause, interfere: interfere)
        case .writerThread: engine = try ThreadedEngine(connection, gate: gate)
        }
        try connection.write { try $0.ensureInstanceID(fresh) }
    }

    deinit { engine.stop() }

    /// Runs `body` in a transaction; returns when it is durable. While there is no space, or another program holds the
    /// database, it waits (see ``gate``) and runs `body` again.
    ///
    /// What `body` throws takes back its own changes only. A call is not cancelled with its task: its outcome is
    /// always told. `body` must not keep the transaction.
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T {
        try await engine.write(.now, body)
    }

    /// Runs `body` in a transaction; returns when it is durable, which may be as late as `urgency` says.
    package func write<T: Sendable>(
        _ urgency: Urgency, _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T {
        try await engine.write(urgency, body)
    }

    /// Runs `body` on a snapshot that holds every write that returned before.
    package func read<T: Sendable>(
        _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T {
        try await engine.read(body)
    }

    /// Forgets all there is, as if the database had just been made: simulations begin anew without compiling every
    /// statement again.
    package func erase(random: inout some RandomNumberGenerator) throws(StoreError) {
        let fresh = InstanceID(String.hexadecimal(words: [random.next(), random.next()]))
        try connection.write { try $0.eraseAll(fresh) }
    }

    /// Does what is waiting, then closes the database and gives up its lock. Blocks meanwhile.
    package func close() {
        engine.stop()
        engine.join()
    }

    /// How many transactions were committed since the start; many writes may share one.
    package var commitCount: Int { engine.commitCount }
}

extension String {
    fileprivate static func hexadecimal(words: [UInt64]) -> String {
        words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
