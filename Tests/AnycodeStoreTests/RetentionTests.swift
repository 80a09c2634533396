import AnycodeCore
import AnycodeStore
import Foundation
import Testing

@Suite struct RetentionTests {
    /// Ended sessions of which one was long ago, with everything that hangs on them.
    private func fill(_ store: Store) async throws {
        try await store.write { transaction in
            for (id, isLive, ended) in [
                ("aa01", false, -100.0), ("aa02", false, -10), ("aa03", true, -100), ("aa04", false, -100),
            ] {
                var row = Sample.session(id, isLive: isLive)
                row.finishedAt = Sample.instant.addingTimeInterval(ended)
                try transaction.insertSession(row)
                try transaction.appendTranscript(
                    row.id, incarnation: 0, entries: [Array("\(id) one".utf8), Array("\(id) two".utf8)])
                try transaction.insertSave(
                    session: row.id, path: "/\(id)", bytes: 1, files: 1, base: "b", reason: "turn", at: Sample.instant)
                try transaction.insertLease(
                    LeaseRow(
                        id: LeaseID("1\(id)"), session: row.id, provider: ProviderID("local"),
                        state: id == "aa04" ? "destroying" : "destroyed", createdAt: Sample.instant,
                        updatedAt: Sample.instant))
            }
            _ = try transaction.insertInteraction(Sample.interaction("i1", session: "aa01"))
            try transaction.putSlot(Sample.slot("head", session: "aa01"))
        }
    }

    @Test(arguments: StoreKind.allCases) func oldSessionsAreForgottenWhole(kind: StoreKind) async throws {
        try await kind.withStore { store in
            try await fill(store)
            let limit = Sample.instant.addingTimeInterval(-50)
            let old = try await store.read { try $0.forgettableSessions(endedBefore: limit, limit: 9) }
            #expect(old == ["aa01".id()])
            #expect(try await store.write { try $0.forgetSession("aa01".id()) })
            try await store.read { transaction throws in
                #expect(try transaction.session("aa01".id()) == nil)
                #expect(try transaction.saves(session: "aa01".id()).isEmpty)
                #expect(try transaction.leases(session: "aa01".id()).isEmpty)
                #expect(try transaction.interactions(session: "aa01".id()).isEmpty)
                #expect(try transaction.slots(session: "aa01".id()).isEmpty)
                for id in ["aa02", "aa03", "aa04"] {
                    #expect(
                        try transaction.transcript(id.id()).map { String(decoding: $0.bytes, as: UTF8.self) } == [
                            "\(id) one", "\(id) two",
                        ])
                    #expect(try transaction.saves(session: id.id()).count == 1)
                }
                #expect(try transaction.lastSave(session: "aa02".id())?.files == 1)
            }
        }
    }

    @Test func liveSessionsAreNeverForgotten() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await fill(store)
            #expect(try await !store.write { try $0.forgetSession("aa03".id()) })
            #expect(try await store.read { try $0.session("aa03".id()) } != nil)
        }
    }
}
