import AnycodeCore
import AnycodeStore
import Foundation
import Testing

@Suite struct BackupTests {
    @Test func aBackupOfAStoreInUseOpensLikeTheOriginal() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Store(path: directory + "/test.db", execution: .writerThread)
            try await store.write { try $0.insertSession(Sample.session()) }
            let size = try DatabaseBackup(of: directory + "/test.db").write(to: directory + "/copy.db")
            try await store.write { try $0.insertSession(Sample.session("aa02")) }
            store.close()
            let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/copy.db")
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            #expect((attributes[.size] as? NSNumber)?.intValue == size && size > 0)
            #expect(!FileManager.default.fileExists(atPath: directory + "/copy.db.part"))
            let copy = try Store(path: directory + "/copy.db", execution: .inline)
            defer { copy.close() }
            #expect(try await copy.read { try $0.liveSessions() } == [Sample.session()])
        }
    }

    @Test func nothingIsOverwritten() async throws {
        try await withTemporaryDirectory { directory in
            try Store(path: directory + "/test.db", execution: .inline).close()
            try Data("mine".utf8).write(to: URL(fileURLWithPath: directory + "/copy.db"))
            let backup = DatabaseBackup(of: directory + "/test.db")
            #expect(await storeError { _ = try backup.write(to: directory + "/copy.db") }?.code == .failed)
            #expect(try Data(contentsOf: URL(fileURLWithPath: directory + "/copy.db")) == Data("mine".utf8))
            #expect(await storeError { _ = try backup.write(to: directory + "/none/copy.db") } != nil)
            let absent = DatabaseBackup(of: directory + "/absent.db")
            #expect(await storeError { _ = try absent.write(to: directory + "/x.db") }?.code == .notFound)
        }
    }
}
