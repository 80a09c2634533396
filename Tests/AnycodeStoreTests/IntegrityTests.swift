import AnycodeCore
import AnycodeStore
import Foundation
import Testing

/// Damage is looked for where the last daemon did not stop cleanly.
@Suite struct IntegrityTests {
    /// A database with some pages, one of which is then overwritten.
    private func damage(_ path: String) async throws {
        let store = try Store(path: path, execution: .inline)
        try await store.write { transaction in
            for number in 0..<200 {
                try transaction.insertSession(Sample.session("aa\(number)"))
            }
        }
        store.close()
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        let size = try handle.seekToEnd()
        for page in stride(from: size / 2 / 4_096 * 4_096, to: size - 4_096, by: 4_096) {
            try handle.seek(toOffset: page)
            try handle.write(contentsOf: [UInt8](repeating: 0xFF, count: 4_096))
        }
        try handle.close()
    }

    @Test func damageIsFoundAfterAnUncleanStop() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            try await damage(path)
            _ = FileManager.default.createFile(atPath: path + "-wal", contents: nil)
            let error = await storeError { try Store(path: path, execution: .inline).close() }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains(path) == true)
            #expect(error?.hint?.contains("anycode backup") == true)
        }
    }

    @Test func aSoundDatabaseOpensAfterAnUncleanStop() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: .inline)
            try await store.write { try $0.insertSession(Sample.session()) }
            store.close()
            _ = FileManager.default.createFile(atPath: path + "-wal", contents: nil)
            let again = try Store(path: path, execution: .inline)
            #expect(try await again.read { try $0.liveSessions().count } == 1)
            again.close()
        }
    }
}
