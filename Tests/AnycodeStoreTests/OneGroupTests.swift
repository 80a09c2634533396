import AnycodeCore
import Dispatch
import GRDB
import Synchronization
import Testing

@testable import AnycodeStore

/// What happens to writes that are certain to share a group.
@Suite struct OneGroupTests {
    struct Given: Error {}

    private final class Outcomes: Sendable {
        let codes = Mutex<[Int: StoreError.Code?]>([:])
    }

    /// Holds the writer up until all of `bodies` wait, lets them go as one group, and closes the store.
    ///
    /// - Returns: how each body's write ended, and how many commits the group took.
    private func commitTogether(
        _ store: Store, _ bodies: [@Sendable (StoreTransaction) throws -> Void]
    ) -> (codes: [StoreError.Code?], commits: Int) {
        let executor = SingleThreadExecutor()
        let entered = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let outcomes = Outcomes()
        Task(executorPreference: executor) {
            try await store.write { _ in
                entered.signal()
                gate.wait()
            }
        }
        executor.drain()
        entered.wait()
        for (index, body) in bodies.enumerated() {
            Task(executorPreference: executor) {
                let error = await storeError { try await store.write(body) }
                outcomes.codes.withLock { $0[index] = .some(error?.code) }
            }
        }
        // Returns when every task waits for the store.
        executor.drain()
        let before = store.commitCount
        gate.signal()
        store.close()
        executor.drain()
        let codes = outcomes.codes.withLock { codes in bodies.indices.map { codes[$0] ?? .failed } }
        // One commit was the one that held the writer up.
        return (codes, store.commitCount - before - 1)
    }

    private func insertSession(_ number: Int) -> @Sendable (StoreTransaction) throws -> Void {
        { try $0.insertSession(Sample.session("\(number)")) }
    }

    @Test func waitingWritesShareOneCommit() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: .writerThread)
            let (codes, commits) = commitTogether(store, (0..<400).map(insertSession))
            #expect(codes.allSatisfy { $0 == nil })
            #expect(commits == 1)
            #expect(try await sessions(in: path) == Set(0..<400))
        }
    }

    @Test func aFailingMemberLeavesTheOthers() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: .writerThread)
            let (codes, commits) = commitTogether(
                store,
                (0..<30).map { number in
                    { transaction in
                        try transaction.insertSession(Sample.session("\(number)"))
                        if number % 3 == 0 { throw Given() }
                    }
                })
            #expect(codes == (0..<30).map { $0 % 3 == 0 ? .failed : nil })
            #expect(commits == 1)
            #expect(try await sessions(in: path) == Set((0..<30).filter { $0 % 3 != 0 }))
        }
    }

    @Test func aFailingCommitFailsTheWholeGroup() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: .writerThread)
            var bodies = (0..<9).map(insertSession)
            bodies.append { transaction in
                // Puts the check of the missing session off until the commit.
                try transaction.database.execute(sql: "PRAGMA defer_foreign_keys = ON")
                _ = try transaction.insertInteraction(Sample.interaction("i1", session: "missing"))
            }
            let (codes, commits) = commitTogether(store, bodies)
            #expect(codes.allSatisfy { $0 == .failed })
            #expect(commits == 0)
            #expect(try await sessions(in: path).isEmpty)
        }
    }

    private func sessions(in path: String) async throws -> Set<Int> {
        let store = try Store(path: path, execution: .inline)
        defer { store.close() }
        return Set(try await store.read { try $0.liveSessions().compactMap { Int($0.id.rawValue) } })
    }
}
