import AnycodeCore
import AnycodeStore
import Testing

/// Leases, saves, settings, audit.
@Suite struct OperationsRowTests {
    @Test func leasesAreOpenUntilDestroyed() async throws {
        let row = LeaseRow(
            id: "l1".id(), session: "aa01".id(), provider: "local".id(), createdAt: Sample.instant,
            updatedAt: Sample.instant)
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                try transaction.insertLease(row)
                #expect(try transaction.lease(row.id) == row)
                try transaction.setLeaseState(row.id, "destroying", lastError: "no daemon", at: Sample.later)
                let open = try transaction.openLeases()
                #expect(open.map(\.state) == ["destroying"])
                #expect(open.map(\.lastError) == ["no daemon"])
                #expect(open.map(\.updatedAt) == [Sample.later])
                try transaction.setLeaseState(row.id, "destroyed", at: Sample.later)
                #expect(try transaction.openLeases().isEmpty)
                #expect(try transaction.leases(session: "aa01".id()).map(\.lastError) == [nil])
            }
            let error = await storeError {
                try await store.write { try $0.setLeaseState("l2".id(), "created", at: Sample.later) }
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func savesAreListedOldestFirst() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                let first = try transaction.insertSave(
                    session: "aa01".id(), path: "/p/1.patch", bytes: 10, files: 2, base: "abc", reason: "turn ended",
                    at: Sample.instant)
                let second = try transaction.insertSave(
                    session: "aa01".id(), path: "/p/2.patch", bytes: 0, files: 0, base: "abc", reason: "cancelled",
                    at: Sample.later)
                let saves = try transaction.saves(session: "aa01".id())
                #expect(saves.map(\.sequence) == [first, second])
                #expect(
                    saves.first
                        == SaveRow(
                            sequence: first, session: "aa01".id(), path: "/p/1.patch", bytes: 10, files: 2, base: "abc",
                            reason: "turn ended", createdAt: Sample.instant))
            }
        }
    }

    @Test func settingsBelongToAConversation() async throws {
        let thread = Conversation(chat: Sample.chat, thread: "t")
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.setSetting("repository", "a/b", conversation: Sample.conversation)
                try transaction.setSetting("repository", "a/c", conversation: Sample.conversation)
                try transaction.setSetting("repository", "x/y", conversation: thread)
                #expect(try transaction.setting("repository", conversation: Sample.conversation) == "a/c")
                #expect(try transaction.setting("repository", conversation: thread) == "x/y")
                try transaction.setSetting("repository", nil, conversation: thread)
                #expect(try transaction.setting("repository", conversation: thread) == nil)
            }
        }
    }

    @Test func auditKeepsWhoDidWhat() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertAudit(at: Sample.instant, actor: "uid 1000", verb: "cancel", target: "aa01")
                try transaction.insertAudit(at: Sample.later, actor: "uid 0", verb: "drain", target: nil)
                let rows = try transaction.audit(limit: 9)
                #expect(rows.map(\.verb) == ["drain", "cancel"])
                #expect(rows.map(\.target) == [nil, "aa01"])
                #expect(rows.last?.at == Sample.instant)
            }
        }
    }

    @Test func theInstanceKeepsItsID() async throws {
        try await withTemporaryDirectory { directory in
            var ids: [InstanceID] = []
            for _ in 0..<2 {
                let store = try Store(path: directory + "/test.db", execution: .inline)
                ids.append(try await store.read { try $0.instanceID() })
                store.close()
            }
            #expect(ids[0] == ids[1])
            #expect(ids[0].rawValue.count == 32)
            #expect(ids[0].rawValue.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
    }
}
