import GRDB
import Synchronization

/// One caller's write, on its way into a group.
struct PendingWrite: Sendable {
    enum Attempt {
        /// Done as far as the body goes; `deliver` tells the caller once the group is durable.
        case done(deliver: () -> Void)
        case failed(StoreError)
    }

    let attempt: @Sendable (StoreTransaction) -> Attempt
    let refuse: @Sendable (StoreError) -> Void
}

/// Commits many writes with one wait for the disk.
struct GroupCommit: ~Copyable, Sendable {
    /// How many transactions were committed.
    let commits = Atomic<Int>(0)
    private let keys = SessionKeys()

    /// Writes that could not be stored for a reason that passes.
    struct Hindrance {
        let error: StoreError
        /// In their order; none was answered.
        let writes: [PendingWrite]
    }

    /// Runs all writes and commits them together.
    ///
    /// A body that fails takes back its own part only: since that is rare, the group is tried without savepoints first,
    /// and again with one for each write. A commit that fails fails them all.
    /// - Parameter isLastTry: refuse what is hindered instead of returning it.
    func run(_ writes: [PendingWrite], in database: Database, isLastTry: Bool = true) -> Hindrance? {
        var rest = writes[...]
        while !rest.isEmpty {
            if runTogether(rest, in: database) { return nil }
            guard let failure = runGroup(&rest, in: database) else { continue }
            if failure.error.isTransient, !isLastTry {
                return Hindrance(error: failure.error, writes: failure.writes + rest)
            }
            for write in failure.writes { write.refuse(failure.error) }
        }
        return nil
    }

    /// Runs one write in a transaction of its own.
    func runSingle<T>(_ body: (StoreTransaction) throws -> T, in database: Database) throws(StoreError) -> T {
        try execute("BEGIN IMMEDIATE", in: database)
        do {
            let value = try body(StoreTransaction(database: database, keys: keys))
            try commit(database)
            return value
        } catch {
            rollback(database)
            throw StoreError(wrapping: error)
        }
    }

    /// Commits all writes in one transaction; `false` when any of them, or the transaction itself, failed. Then nothing has
    /// happened, and nobody was answered.
    private func runTogether(_ writes: ArraySlice<PendingWrite>, in database: Database) -> Bool {
        let transaction = StoreTransaction(database: database, keys: keys)
        var deliveries: [() -> Void] = []
        deliveries.reserveCapacity(writes.count)
        do {
            try execute("BEGIN IMMEDIATE", in: database)
            for write in writes {
                guard case .done(let deliver) = write.attempt(transaction) else {
                    rollback(database)
                    return false
                }
                deliveries.append(deliver)
            }
            try commit(database)
        } catch {
            rollback(database)
            return false
        }
        for deliver in deliveries { deliver() }
        return true
    }

    /// Commits as many writes as it can in one transaction, each in a savepoint, and takes them, with those whose bodies
    /// failed, from `rest`.
    ///
    /// - Returns: those that failed with the whole transaction, not answered yet.
    private func runGroup(_ rest: inout ArraySlice<PendingWrite>, in database: Database) -> Hindrance? {
        var done: [(write: PendingWrite, deliver: () -> Void)] = []
        var current: PendingWrite?
        do {
            try execute("BEGIN IMMEDIATE", in: database)
        } catch {
            defer { rest = [] }
            return Hindrance(error: error, writes: Array(rest))
        }
        do {
            while let write = rest.popFirst() {
                current = write
                if let deliver = try runMember(write, in: database) { done.append((write, deliver)) }
                current = nil
            }
            try commit(database)
        } catch {
            rollback(database)
            return Hindrance(error: error, writes: done.map(\.write) + (current.map { [$0] } ?? []))
        }
        for member in done { member.deliver() }
        return nil
    }

    /// Runs one member of the group; `nil` when its body failed and was taken back.
    ///
    /// Throws, the member not answered, when the whole transaction is gone or has to wait.
    private func runMember(_ write: PendingWrite, in database: Database) throws(StoreError) -> (() -> Void)? {
        let transaction = StoreTransaction(database: database, keys: keys)
        try transaction.run("SAVEPOINT member")
        switch write.attempt(transaction) {
        case .done(let deliver):
            try transaction.run("RELEASE member")
            return deliver
        case .failed(let error):
            // SQLite gives up the whole transaction by itself after some errors (out of memory).
            guard database.isInsideTransaction, !error.isTransient else { throw error }
            keys.forgetAll()
            try transaction.run("ROLLBACK TO member")
            try transaction.run("RELEASE member")
            write.refuse(error)
            return nil
        }
    }

    private func commit(_ database: Database) throws(StoreError) {
        try execute("COMMIT", in: database)
        commits.add(1, ordering: .relaxed)
    }

    private func rollback(_ database: Database) {
        keys.forgetAll()
        guard database.isInsideTransaction else { return }
        // Cannot fail inside a transaction, other than by one that is gone already.
        try? execute("ROLLBACK", in: database)
    }

    /// Begins and ends transactions through GRDB, which keeps account of them.
    private func execute(_ sql: String, in database: Database) throws(StoreError) {
        do {
            try database.cachedStatement(sql: sql).execute()
        } catch {
            throw StoreError(wrapping: error)
        }
    }
}
