import AnycodeCore
import Foundation
import GRDB
import Testing

@testable import AnycodeStore

@Suite struct DiskFullTests {
    /// Lets the database grow by so many pages at most, as a full disk would; `nil` lifts the limit.
    private func limitGrowth(_ store: Store, pages: Int?) async throws {
        try await store.write { transaction in
            let count = try Int.fetchOne(transaction.database, sql: "PRAGMA page_count") ?? 0
            let limit = pages.map { count + $0 } ?? 1_073_741_823
            try transaction.database.execute(sql: "PRAGMA max_page_count = \(limit)")
        }
    }

    @Test(arguments: StoreKind.allCases)
    func theStoreGoesOnWhenThereIsSpaceAgain(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            try await store.write { try $0.insertSession(Sample.session()) }
            try await limitGrowth(store, pages: 2)
            let long = [UInt8](repeating: 7, count: 1_000_000)
            let error = await storeError {
                try await store.write { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [long]) }
            }
            #expect(error?.code == .diskFull)
            #expect(error?.isTransient == true)
            #expect(try await store.read { try $0.transcript("aa01".id()) }.isEmpty)
            try await store.write { try $0.updateSession("aa01".id(), incarnation: 0, .init(cursor: 1), at: .now) }
            try await limitGrowth(store, pages: nil)
            try await store.write { try $0.appendTranscript("aa01".id(), incarnation: 0, entries: [long]) }
            #expect(try await store.read { try $0.transcript("aa01".id()) }.map(\.bytes) == [long])
        }
    }

    @Test func onlyAcknowledgedWritesOfACrowdedDiskAreStored() async throws {
        try await StoreKind.threadedFile.withStore { store in
            try await store.write { transaction in
                for number in 0..<50 { try transaction.insertSession(Sample.session("\(number)")) }
            }
            try await limitGrowth(store, pages: 20)
            let acknowledged = await withTaskGroup(of: Int?.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let entry = [UInt8](repeating: 7, count: 20_000)
                        let error = await storeError {
                            try await store.write {
                                try $0.appendTranscript("\(number)".id(), incarnation: 0, entries: [entry])
                            }
                        }
                        return error == nil ? number : nil
                    }
                }
                return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
            }
            let stored = try await store.read { transaction in
                try (0..<50).filter { try !transaction.transcript("\($0)".id()).isEmpty }
            }
            #expect(Set(stored) == acknowledged)
            #expect(acknowledged.count < 50)
        }
    }
}
