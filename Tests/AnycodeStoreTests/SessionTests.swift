import AnycodeCore
import AnycodeStore
import Testing

@Suite struct SessionTests {
    @Test(arguments: StoreKind.allCases)
    func returnsWhatWasInserted(_ kind: StoreKind) async throws {
        var row = Sample.session(in: Conversation(chat: Sample.chat, thread: "t"))
        row.cursor = 5
        row.incarnation = 3
        row.bootAttempts = 2
        row.finishedAt = Sample.later
        try await kind.withStore { [row] store in
            try await store.write { try $0.insertSession(row) }
            let found = try await store.read { try $0.session(row.id) }
            #expect(found == row)
            let missing = try await store.read { try $0.session("none".id()) }
            #expect(missing == nil)
        }
    }

    @Test func changesOnlyWhatTheUpdateNames() async throws {
        var row = Sample.session()
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { [row] in try $0.insertSession(row) }
            let steps: [(SessionUpdate, (inout SessionRow) -> Void)] = [
                (SessionUpdate(), { _ in }),
                (SessionUpdate(state: "working"), { $0.state = "working" }),
                (SessionUpdate(cursor: 9), { $0.cursor = 9 }),
                (SessionUpdate(snapshot: [1, 2]), { $0.snapshot = [1, 2] }),
                (
                    SessionUpdate(isLive: false, finishedAt: Sample.later),
                    { ($0.isLive, $0.finishedAt) = (false, Sample.later) }
                ),
                (SessionUpdate(isLive: true), { $0.isLive = true }),
            ]
            for (update, apply) in steps {
                apply(&row)
                row.updatedAt = Sample.later
                try await store.write { try $0.updateSession("aa01".id(), incarnation: 0, update, at: Sample.later) }
                let found = try await store.read { try $0.session("aa01".id()) }
                #expect(found == row)
            }
        }
    }

    @Test func adoptionRaisesIncarnationAndBootAttempts() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                _ = try transaction.adoptSession("aa01".id(), at: Sample.instant)
                let row = try transaction.adoptSession("aa01".id(), at: Sample.later)
                #expect(row.incarnation == 2)
                #expect(row.bootAttempts == 2)
                #expect(row.updatedAt == Sample.later)
                try transaction.clearBootAttempts("aa01".id(), incarnation: 2)
                #expect(try transaction.session("aa01".id())?.bootAttempts == 0)
            }
        }
    }

    @Test func olderIncarnationsCannotWrite() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session())
                _ = try transaction.adoptSession("aa01".id(), at: Sample.instant)
            }
            let writes: [@Sendable (StoreTransaction) throws -> Void] = [
                { try $0.updateSession("aa01".id(), incarnation: 0, SessionUpdate(state: "x"), at: Sample.later) },
                { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [[1]]) },
                { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: []) },
                { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [[1]], cursor: 1, at: Sample.later) },
                { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [], cursor: 1, at: Sample.later) },
                { try $0.clearBootAttempts("aa01".id(), incarnation: 0) },
            ]
            for write in writes {
                let error = await storeError { try await store.write(write) }
                #expect(error?.code == .staleIncarnation)
            }
            let row = try #require(try await store.read { try $0.session("aa01".id()) })
            #expect(row.state == "pending")
            #expect(row.bootAttempts == 1)
            #expect(try await store.read { try $0.transcript("aa01".id()) }.isEmpty)
        }
    }

    @Test func missingSessionsAreNamed() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            let writes: [@Sendable (StoreTransaction) throws -> Void] = [
                { _ = try $0.adoptSession("feedbeef99".id(), at: Sample.instant) },
                { try $0.updateSession("feedbeef99".id(), incarnation: 1, SessionUpdate(), at: Sample.later) },
                { try $0.appendTranscript("feedbeef99".id(), incarnation: 1, entries: [[1]]) },
            ]
            for write in writes {
                let error = await storeError { try await store.write(write) }
                #expect(error?.code == .notFound)
                #expect(error?.message == "There is no session feedbeef")
            }
        }
    }

    @Test func findsSessionsByPrefixNewestFirst() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                for id in ["ab1", "ab2", "ac1", "b"] { try transaction.insertSession(Sample.session(id)) }
                #expect(try transaction.sessions(idPrefix: "ab", limit: 9).map(\.id.rawValue) == ["ab2", "ab1"])
                #expect(try transaction.sessions(idPrefix: "a", limit: 2).map(\.id.rawValue) == ["ac1", "ab2"])
                #expect(try transaction.sessions(idPrefix: "", limit: 9).count == 4)
                #expect(try transaction.sessions(idPrefix: "%", limit: 9).isEmpty)
                #expect(try transaction.recentSessions(limit: 2).map(\.id.rawValue) == ["b", "ac1"])
            }
        }
    }

    @Test func countsLiveSessionsByChatAndListsThemByConversation() async throws {
        let thread = Conversation(chat: Sample.chat, thread: "t")
        let elsewhere = Conversation(chat: ChatID(platform: "console".id(), value: "c2"))
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("1"))
                try transaction.insertSession(Sample.session("2", isLive: false))
                try transaction.insertSession(Sample.session("3", in: thread))
                try transaction.insertSession(Sample.session("4", in: elsewhere))
                #expect(try transaction.liveSessions().map(\.id.rawValue) == ["1", "3", "4"])
                #expect(try transaction.liveSessions(in: Sample.conversation).map(\.id.rawValue) == ["1"])
                #expect(try transaction.liveSessions(in: thread).map(\.id.rawValue) == ["3"])
                #expect(try transaction.countLiveSessions(inChat: Sample.chat) == 2)
            }
        }
    }
}
