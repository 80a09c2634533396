import AnycodeCore
import AnycodeStore
import Synchronization
import Testing

@Suite struct InterferenceTests {
    private final class Log: Sendable {
        let moments = Mutex<[Store.Moment]>([])
        let fails = Mutex(false)
    }

    private func makeStore(_ log: Log) throws -> Store {
        try Store(
            path: nil,
            execution: .interfered { moment throws(StoreError) in
                log.moments.withLock { $0.append(moment) }
                if log.fails.withLock({ $0 }) { throw StoreError(.failed, "no space") }
            })
    }

    @Test func eachMomentIsTold() async throws {
        let log = Log()
        let store = try makeStore(log)
        defer { store.close() }
        try await store.write { try $0.insertSession(Sample.session()) }
        _ = try await store.read { try $0.liveSessions() }
        #expect(log.moments.withLock { $0 } == [.willWrite, .didWrite, .willRead])
    }

    @Test func aWriteThatIsInterruptedLeavesNothing() async throws {
        let log = Log()
        let store = try makeStore(log)
        defer { store.close() }
        log.fails.withLock { $0 = true }
        await #expect(throws: StoreError.self) { try await store.write { try $0.insertSession(Sample.session()) } }
        log.fails.withLock { $0 = false }
        #expect(try await store.read { try $0.liveSessions() }.isEmpty)
    }

    @Test func anErasedStoreIsAsNew() async throws {
        let store = try Store(path: nil, execution: .inline)
        defer { store.close() }
        let before = try await store.read { try $0.instanceID() }
        for _ in 0..<2 {
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                try transaction.insertAudit(at: Sample.session().createdAt, actor: "ops", verb: "drain", target: nil)
            }
            #expect(try await store.read { try $0.audit(limit: 5).map(\.sequence) } == [1])
            var random = SystemRandomNumberGenerator()
            try store.erase(random: &random)
            #expect(try await store.read { try $0.liveSessions() }.isEmpty)
        }
        #expect(try await store.read { try $0.instanceID() } != before)
    }
}
