import AnycodeCore
import AnycodeStore
import Testing

@Suite struct TranscriptTests {
    @Test(arguments: StoreKind.allCases)
    func keepsEachSessionsEntriesInOrder(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("a"))
                try transaction.insertSession(Sample.session("b"))
                try transaction.insertSession(Sample.session("c"))
                try transaction.appendTranscript("a".id(), incarnation: 0, entries: [[1], [2], []])
                try transaction.appendTranscript("b".id(), incarnation: 0, entries: [[10]])
                try transaction.appendTranscript("a".id(), incarnation: 0, entries: [])
                try transaction.appendTranscript("a".id(), incarnation: 0, entries: [[3]])
                try transaction.appendTranscript("b".id(), incarnation: 0, entries: [[11], [12]])
            }
            let first = try await store.read { try $0.transcript("a".id()) }
            let second = try await store.read { try $0.transcript("b".id(), after: nil) }
            let third = try await store.read { try $0.transcript("c".id()) }
            #expect(first.map(\.bytes) == [[1], [2], [], [3]])
            #expect(second.map(\.bytes) == [[10], [11], [12]])
            #expect(third.isEmpty)
            #expect(first.map(\.sequence) == first.map(\.sequence).sorted())
        }
    }

    @Test func readsOnFromASequence() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("a"))
                try transaction.insertSession(Sample.session("b"))
                for number in UInt8(0)..<20 {
                    let id: SessionID = (number % 3 == 0 ? "b" : "a").id()
                    try transaction.appendTranscript(id, incarnation: 0, entries: [[number]])
                }
                let all = try transaction.transcript("a".id())
                for (index, entry) in all.enumerated() {
                    let rest = try transaction.transcript("a".id(), after: entry.sequence)
                    #expect(rest == Array(all[(index + 1)...]))
                }
                #expect(try transaction.transcript("a".id(), after: 0) == all)
            }
        }
    }

    @Test func holdsLongTranscripts() async throws {
        try await StoreKind.threadedFile.withStore { store in
            try await store.write { try $0.insertSession(Sample.session("a")) }
            let entries = (0..<20_000).map { Array("entry \($0)".utf8) }
            try await store.write { try $0.appendTranscript("a".id(), incarnation: 0, entries: entries) }
            let found = try await store.read { try $0.transcript("a".id()) }
            #expect(found.map(\.bytes) == entries)
        }
    }

    @Test func theCursorMovesWithItsEntries() async throws {
        try await StoreKind.inlineInMemory.withStore { store in
            try await store.write { transaction in
                try transaction.insertSession(Sample.session("a"))
                try transaction.appendTranscript(
                    "a".id(), incarnation: 0, entries: [[1], [2]], cursor: 7, at: Sample.later)
                try transaction.appendTranscript("a".id(), incarnation: 0, entries: [], cursor: 9, at: Sample.later)
                try transaction.appendTranscript("a".id(), incarnation: 0, entries: [[3]])
                #expect(try transaction.transcript("a".id()).map(\.bytes) == [[1], [2], [3]])
                #expect(try transaction.session("a".id())?.cursor == 9)
                #expect(try transaction.session("a".id())?.updatedAt == Sample.later)
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aSessionTakenBackLeavesNoTrace(_ kind: StoreKind) async throws {
        struct Given: Error {}
        try await kind.withStore { store in
            _ = await storeError {
                try await store.write { transaction in
                    try transaction.insertSession(Sample.session("a"))
                    try transaction.appendTranscript("a".id(), incarnation: 0, entries: [[1]])
                    throw Given()
                }
            }
            // Takes the row that "a" had.
            try await store.write { try $0.insertSession(Sample.session("b")) }
            let error = await storeError {
                try await store.write { try $0.appendTranscript("a".id(), incarnation: 0, entries: [[2]]) }
            }
            #expect(error?.code == .notFound)
            #expect(try await store.read { try $0.transcript("b".id()) }.isEmpty)
        }
    }
}
