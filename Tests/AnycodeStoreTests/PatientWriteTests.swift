import AnycodeCore
import Foundation
import Testing

@testable import AnycodeStore

/// Writes that need not be on the disk at once.
struct PatientWriteTests {
    @Test func patientWritesShareACommit() async throws {
        let store = try Store(path: nil, execution: .writerThread)
        defer { store.close() }
        try await store.write(.soon) { try $0.setPlatformOffset(PlatformID("first"), "0") }
        let before = store.commitCount
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    try await store.write(.soon) { try $0.setPlatformOffset(PlatformID("p\(number)"), "1") }
                }
            }
            try await group.waitForAll()
        }
        #expect(store.commitCount - before < 100)
        for number in 0..<100 {
            #expect(try await store.read { try $0.platformOffset(PlatformID("p\(number)")) } == "1")
        }
    }

    @Test func aWriteThatCannotWaitTakesTheWaitingOnesAlongInTheirOrder() async throws {
        let store = try Store(path: nil, execution: .writerThread)
        defer { store.close() }
        let platform = PlatformID("p")
        for round in 0..<50 {
            try await store.write(.soon) { try $0.setPlatformOffset(platform, "patient \(round)") }
            try await store.write { try $0.setPlatformOffset(platform, "urgent \(round)") }
            #expect(try await store.read { try $0.platformOffset(platform) } == "urgent \(round)")
        }
    }

    @Test func aClosedStoreTurnsThemAwayToo() async throws {
        let store = try Store(path: nil, execution: .writerThread)
        try await store.write(.soon) { try $0.setPlatformOffset(PlatformID("p"), "1") }
        store.close()
        let error = await #expect(throws: StoreError.self) {
            try await store.write(.soon) { try $0.setPlatformOffset(PlatformID("p"), "2") }
        }
        #expect(error?.code == .closed)
    }
}
