import AnycodeCore
import AnycodeStore
import Foundation
import Testing

@Suite struct GroupCommitTests {
    struct Given: Error {}

    @Test func whatManyWritersWereToldIsDurable() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: .writerThread)
            let ids = (0..<400).map { String(format: "%04d", $0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids {
                    group.addTask {
                        try await store.write { try $0.insertSession(Sample.session(id)) }
                        try await store.write { transaction in
                            try transaction.appendTranscript(id.id(), incarnation: 0, entries: [Array(id.utf8)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await expectAll(ids, in: try crashCopy(of: path))
            store.close()
            try await expectAll(ids, in: path)
        }
    }

    /// Copies what is on the disk while the store is open: what a process killed now would leave.
    private func crashCopy(of path: String) throws -> String {
        let copy = path + ".copy"
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        return copy
    }

    private func expectAll(_ ids: [String], in path: String) async throws {
        let store = try Store(path: path, execution: .inline)
        defer { store.close() }
        let live = try await store.read { try $0.liveSessions().map(\.id.rawValue) }
        let transcripts = try await store.read { transaction in
            try ids.map { try transaction.transcript($0.id()).map(\.bytes) }
        }
        #expect(Set(live) == Set(ids))
        #expect(transcripts == ids.map { [Array($0.utf8)] })
    }

    @Test(arguments: StoreKind.allCases)
    func aFailingBodyTakesBackItsOwnPartOnly(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let failures = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let error = await storeError {
                            try await store.write { transaction in
                                try transaction.insertSession(Sample.session("\(number)"))
                                if number % 3 == 0 { throw Given() }
                            }
                        }
                        return error != nil
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(failures == 34)
            let stored = try await store.read { try $0.liveSessions().compactMap { Int($0.id.rawValue) } }
            #expect(Set(stored) == Set((0..<100).filter { $0 % 3 != 0 }))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func errorsOfTheStorePassUnchangedAndOthersAreWrapped(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let own = StoreError(.notFound, "gone", hint: "look elsewhere")
            for run in [0, 1] {
                func attempt(_ error: any Error) async -> StoreError? {
                    await storeError {
                        if run == 0 { try await store.write { _ in throw error } }
                        if run == 1 { try await store.read { _ in throw error } }
                    }
                }
                let passed = await attempt(own)
                #expect(passed?.code == .notFound)
                #expect(passed?.description == "gone. look elsewhere")
                let wrapped = await attempt(Given())
                #expect(wrapped?.code == .failed)
                #expect(wrapped?.underlying is Given)
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func writesComeInOrderOfSubmission(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            try await store.write { try $0.insertSession(Sample.session()) }
            for number in UInt8(0)..<50 {
                try await store.write { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [[number]]) }
                let seen = try await store.read { try $0.transcript("aa01".id()).last?.bytes }
                #expect(seen == [number])
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func readsCannotWrite(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let error = await storeError { try await store.read { try $0.insertSession(Sample.session()) } }
            #expect(error?.code == .failed)
            try await store.write { try $0.insertSession(Sample.session()) }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aClosedStoreSaysSo(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            store.close()
            let write = await storeError { try await store.write { _ in } }
            let read = await storeError { try await store.read { _ in } }
            #expect(write?.code == .closed)
            #expect(read?.code == .closed)
            store.close()
        }
    }

    @Test func closingDoesWhatIsWaiting() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let outcomes = try await withThrowingTaskGroup(of: StoreError.Code?.self) { group in
                let store = try Store(path: path, execution: .writerThread)
                for number in 0..<200 {
                    if number == 100 {
                        group.addTask {
                            store.close()
                            return nil
                        }
                    }
                    group.addTask {
                        await storeError {
                            try await store.write { try $0.insertSession(Sample.session("\(number)")) }
                        }?.code
                    }
                }
                var outcomes: [StoreError.Code?] = []
                for try await outcome in group { outcomes.append(outcome) }
                return outcomes
            }
            let refused = outcomes.count { $0 == .closed }
            #expect(Set(outcomes).isSubset(of: [nil, .closed]))
            let store = try Store(path: path, execution: .inline)
            defer { store.close() }
            let stored = try await store.read { try $0.liveSessions().count }
            #expect(stored == 200 - refused)
        }
    }
}
