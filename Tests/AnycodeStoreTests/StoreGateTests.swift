import AnycodeCore
import Foundation
import GRDB
import GRDBSQLite
import Testing

@testable import AnycodeStore

/// What the store does while there is no space, or while another program holds the database.
@Suite struct StoreGateTests {
    private static let long = [UInt8](repeating: 7, count: 1_000_000)

    @Test(arguments: StoreKind.allCases)
    func aWriteWithoutSpaceWaitsUntilThereIsSome(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            try await store.write { try $0.insertSession(Sample.session()) }
            try store.limitGrowth(pages: 2)
            #expect(store.gate.trouble == nil)
            async let written: Void = store.write {
                try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [Self.long])
            }
            let trouble = await store.nextTrouble()
            #expect(trouble.code == .diskFull)
            #expect("\(trouble)".contains("the disk is full"))
            try store.limitGrowth(pages: nil)
            try await written
            try await store.gate.waitUntilPassed()
            #expect(try await store.read { try $0.transcript("aa01".id()) }.map(\.bytes) == [Self.long])
        }
    }

    @Test(arguments: [StoreKind.inlineFile, .threadedFile])
    func whatIsStoredCanBeReadWhileWritesWait(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            try await store.write { try $0.insertSession(Sample.session()) }
            try store.limitGrowth(pages: 2)
            async let written: Void = store.write {
                try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [Self.long])
            }
            _ = await store.nextTrouble()
            #expect(try await store.read { try $0.liveSessions().count } == 1)
            #expect(try await store.read { try $0.transcript("aa01".id()) }.isEmpty)
            #expect(store.gate.trouble?.code == .diskFull)
            try store.limitGrowth(pages: nil)
            try await written
        }
    }

    @Test func everyWriteOfACrowdedDiskIsStoredInTheEnd() async throws {
        try await StoreKind.threadedFile.withStore { store in
            try await store.write { transaction in
                for number in 0..<50 { try transaction.insertSession(Sample.session("\(number)")) }
            }
            try store.limitGrowth(pages: 20)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let entry = [UInt8](repeating: 7, count: 20_000)
                        try await store.write {
                            try $0.appendTranscript("\(number)".id(), incarnation: 0, entries: [entry])
                        }
                    }
                }
                _ = await store.nextTrouble()
                try store.limitGrowth(pages: nil)
                try await group.waitForAll()
            }
            let stored = try await store.read { transaction in
                try (0..<50).count { try transaction.transcript("\($0)".id()).count == 1 }
            }
            #expect(stored == 50)
        }
    }

    @Test(arguments: [StoreKind.inlineFile, .threadedFile])
    func aWriteWaitsForAProgramThatHoldsTheDatabase(_ kind: StoreKind) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: kind.execution)
            defer { store.close() }
            let other = try DatabaseQueue.holding(path)
            try other.run("BEGIN EXCLUSIVE")
            async let written: Void = store.write { try $0.insertSession(Sample.session()) }
            let trouble = await store.nextTrouble()
            #expect(trouble.code == .busy)
            #expect("\(trouble)".contains("held by another program"))
            try other.run("COMMIT")
            try await written
            #expect(try await store.read { try $0.liveSessions().count } == 1)
            #expect(store.gate.trouble == nil)
        }
    }

    @Test func aStoreThatIsClosedRefusesWhatWaits() async throws {
        try await StoreKind.threadedFile.withStore { store in
            try await store.write { try $0.insertSession(Sample.session()) }
            try store.limitGrowth(pages: 2)
            async let error = storeError {
                try await store.write { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [Self.long]) }
            }
            _ = await store.nextTrouble()
            store.close()
            #expect(await error?.code == .diskFull)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func damageIsNotWaitedFor(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let damage = StoreError(.corrupt, "The database is damaged")
            let error = await storeError { try await store.write { _ in throw damage } }
            #expect(error?.code == .corrupt)
            #expect(store.gate.trouble == nil)
        }
    }

    @Test(arguments: [
        (SQLITE_FULL, true), (SQLITE_IOERR | 3 << 8, true), (SQLITE_IOERR | 19 << 8, true), (SQLITE_BUSY, true),
        (SQLITE_IOERR, false), (SQLITE_CORRUPT, false), (SQLITE_READONLY, false),
    ])
    func onlyWhatPassesByItselfIsWaitedFor(_ code: CInt, _ isTransient: Bool) {
        #expect(StoreError(resultCode: code, message: nil).isTransient == isTransient)
    }

    @Test func aTroubleIsToldOnceAndItsEndToo() async throws {
        let gate = StoreGate()
        var told: [StoreError.Code?] = []
        for await trouble in gate.troubles {
            told.append(trouble?.code)
            switch told.count {
            case 1: gate.closed(.writing, by: StoreError(.diskFull, "full"))
            case 2:
                gate.closed(.writing, by: StoreError(.diskFull, "full"))
                gate.closed(.reading, by: StoreError(.busy, "busy"))
                gate.opened(.writing)
            case 3: gate.opened(.reading)
            default: break
            }
            if told.count == 4 { break }
        }
        #expect(told == [nil, .diskFull, .busy, nil])
    }
}

extension DatabaseQueue {
    /// Another program's connection, which may keep a transaction open.
    static func holding(_ path: String) throws -> DatabaseQueue {
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    func run(_ sql: String) throws { try writeWithoutTransaction { try $0.execute(sql: sql) } }
}

extension Store {
    /// The next trouble, or the one there is.
    func nextTrouble() async -> StoreError {
        for await case let trouble? in gate.troubles { return trouble }
        return StoreError(.failed, "The trouble was not told")
    }

    /// Lets the database grow by so many pages at most, as a full disk would; `nil` lifts the limit.
    func limitGrowth(pages: Int?) throws {
        let connection = (engine as? ThreadedEngine)?.connection ?? (engine as? InlineEngine)?.connection
        try connection?.withDatabase { database in
            let count = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            let limit = pages.map { count + $0 } ?? 1_073_741_823
            try database.execute(sql: "PRAGMA max_page_count = \(limit)")
        }
    }
}
