import AnycodeCore
import AnycodeStore
import Foundation
import Synchronization
import Testing

@Suite struct InlineExecutionTests {
    /// What the task under test saw.
    private final class Witness: Sendable {
        let outcome = Mutex<Result<[[UInt8]], any Error>?>(nil)
        let threads = Mutex<Set<ObjectIdentifier>>([])
    }

    /// Were another thread involved, the executor would run out of jobs before the task is done.
    @Test func aSingleThreadDoesEverything() throws {
        let executor = SingleThreadExecutor()
        let store = try Store(path: nil, execution: .inline)
        defer { store.close() }
        let witness = Witness()
        Task(executorPreference: executor) {
            do {
                let entries = try await Self.appendConcurrently(store, witness)
                witness.outcome.withLock { $0 = .success(entries) }
            } catch {
                witness.outcome.withLock { $0 = .failure(error) }
            }
        }
        executor.drain()
        let outcome = witness.outcome.withLock { $0 }
        #expect(try outcome?.get() == (UInt8(0)..<20).map { [$0] })
        #expect(witness.threads.withLock { $0 } == [ObjectIdentifier(Thread.current)])
    }

    private static func appendConcurrently(_ store: Store, _ witness: Witness) async throws -> [[UInt8]] {
        try await store.write { try $0.insertSession(Sample.session()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in UInt8(0)..<20 {
                group.addTask {
                    try await store.write { transaction in
                        witness.threads.withLock { _ = $0.insert(ObjectIdentifier(Thread.current)) }
                        try transaction.appendTranscript("aa01".id(), incarnation: 0, entries: [[number]])
                    }
                }
            }
            try await group.waitForAll()
        }
        return try await store.read { try $0.transcript("aa01".id()).map(\.bytes) }
    }

    @Test func aSeedDecidesTheInstanceID() async throws {
        struct Seeded: RandomNumberGenerator {
            var state: UInt64
            mutating func next() -> UInt64 {
                state &*= 6_364_136_223_846_793_005
                state &+= 1
                return state
            }
        }
        var ids: [InstanceID] = []
        for seed: UInt64 in [1, 1, 2] {
            var random = Seeded(state: seed)
            let store = try Store(path: nil, execution: .inline, random: &random)
            ids.append(try await store.read { try $0.instanceID() })
            store.close()
        }
        #expect(ids[0] == ids[1])
        #expect(ids[0] != ids[2])
    }
}
