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
    }

    let engine: any StoreEngine

    /// Opens the database, creating it or bringing its schema up to date.
    ///
    /// - Parameter path: the file; `nil` keeps everything in memory.
    package convenience init(path: String?, execution: Execution) throws(StoreError) {
        var random = SystemRandomNumberGenerator()
        try self.init(path: path, execution: execution, random: &random)
    }

    /// - Parameter random: makes the instance's id when the database is new.
    package init(
        path: String?, execution: Execution, random: inout some RandomNumberGenerator
    ) throws(StoreError) {
        let connection = try StoreConnection(path: path)
        let fresh = InstanceID(String.hexadecimal(words: [random.next(), random.next()]))
        switch execution {
        case .inline: engine = InlineEngine(connection)
        case .writerThread: engine = try ThreadedEngine(connection)
        }
        try connection.write { try $0.ensureInstanceID(fresh) }
    }

    deinit { engine.stop() }

    /// Runs `body` in a transaction; returns when it is durable.
    ///
    /// What `body` throws takes back its own changes only. A call is not cancelled with its task: its outcome is
    /// always told. `body` must not keep the transaction.
    package func write<T: Sendable>(
        _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T {
        try await engine.write(body)
    }

    /// Runs `body` on a snapshot that holds every write that returned before.
    package func read<T: Sendable>(
        _ body: @escaping @Sendable (StoreTransaction) throws -> T
    ) async throws(StoreError) -> T {
        try await engine.read(body)
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
