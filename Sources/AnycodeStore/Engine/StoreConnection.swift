import GRDB
import Synchronization

/// The writing connection with its lock.
final class StoreConnection: Sendable {
    let file: DatabaseFile?
    private let lock: StoreLock?
    private let queue: DatabaseQueue
    private let group = GroupCommit()

    init(path: String?) throws(StoreError) {
        guard let path else {
            file = nil
            lock = nil
            queue = try DatabaseFile.openInMemory()
            return
        }
        let file = DatabaseFile(path: path)
        lock = try StoreLock(database: path)
        queue = try file.open()
        self.file = file
    }

    var commitCount: Int { group.commits.load(ordering: .relaxed) }

    /// Runs one write on the calling thread.
    func write<T>(_ body: (StoreTransaction) throws -> T) throws(StoreError) -> T {
        let result = queue.writeWithoutTransaction { database in
            Result { () throws(StoreError) in try group.runSingle(body, in: database) }
        }
        return try result.get()
    }

    /// Runs many writes on the calling thread.
    ///
    /// - Parameter isLastTry: refuse what is hindered instead of returning it.
    func write(_ writes: [PendingWrite], isLastTry: Bool) -> GroupCommit.Hindrance? {
        queue.writeWithoutTransaction { group.run(writes, in: $0, isLastTry: isLastTry) }
    }

    /// Reaches behind the store's operations, between two of them.
    func withDatabase<T>(_ body: (Database) throws -> T) rethrows -> T {
        try queue.writeWithoutTransaction(body)
    }

    /// Runs one read on the calling thread.
    func read<T>(_ body: (StoreTransaction) throws -> T) throws(StoreError) -> T {
        try queue.snapshot(body)
    }

    /// As `read`, but nothing keeps the body from writing: what keeps it (`PRAGMA query_only`, switched on and off on the
    /// only connection) makes SQLite compile every statement again.
    func readUnguarded<T>(_ body: (StoreTransaction) throws -> T) throws(StoreError) -> T {
        do {
            return try queue.unsafeRead { try body(StoreTransaction(database: $0, keys: SessionKeys())) }
        } catch {
            throw StoreError(wrapping: error)
        }
    }

    func close() {
        // Fails only for statements in use, of which there are none between two calls.
        try? queue.close()
        lock?.release()
    }
}

extension DatabaseQueue {
    /// Runs `body` in a read transaction on the calling thread.
    func snapshot<T>(_ body: (StoreTransaction) throws -> T) throws(StoreError) -> T {
        do {
            return try read { try body(StoreTransaction(database: $0, keys: SessionKeys())) }
        } catch {
            throw StoreError(wrapping: error)
        }
    }
}
