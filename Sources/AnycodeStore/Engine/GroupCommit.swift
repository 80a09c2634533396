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

    /// Runs all writes, each in a savepoint, and commits them together.
    ///
    /// A body that fails takes back its own part only. A commit that fails fails them all.
    func run(_ writes: [PendingWrite], in database: Database) {
        var rest = writes[...]
        while !rest.isEmpty { runGroup(&rest, in: database) }
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

    private func runGroup(_ rest: inout ArraySlice<PendingWrite>, in database: Database) {
        do {
            try execute("BEGIN IMMEDIATE", in: database)
        } catch {
            for write in rest { write.refuse(error) }
            rest = []
            return
        }
        var done: [(write: PendingWrite, deliver: () -> Void)] = []
        do {
            while let write = rest.popFirst() {
                if let deliver = try runMember(write, in: database) { done.append((write, deliver)) }
            }
            try commit(database)
            for member in done { member.deliver() }
        } catch {
            rollback(database)
            for member in done { member.write.refuse(error) }
        }
    }

    /// Runs one member of the group; `nil` when its body failed and was taken back.
    ///
    /// Throws when the whole transaction is gone.
    private func runMember(_ write: PendingWrite, in database: Database) throws(StoreError) -> (() -> Void)? {
        let transaction = StoreTransaction(database: database, keys: keys)
        do {
            try transaction.run("SAVEPOINT member")
        } catch {
            write.refuse(error)
            throw error
        }
        switch write.attempt(transaction) {
        case .done(let deliver):
            do {
                try transaction.run("RELEASE member")
            } catch {
                write.refuse(error)
                throw error
            }
            return deliver
        case .failed(let error):
            write.refuse(error)
            // SQLite gives up the whole transaction by itself after some errors (disk full, out of memory).
            guard database.isInsideTransaction else { throw error }
            keys.forgetAll()
            try transaction.run("ROLLBACK TO member")
            try transaction.run("RELEASE member")
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
