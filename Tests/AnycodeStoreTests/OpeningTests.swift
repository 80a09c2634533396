import AnycodeCore
import AnycodeStore
import Foundation
import GRDB
import Testing

@Suite struct OpeningTests {
    private func refusal(_ path: String) async -> StoreError? {
        await storeError { try Store(path: path, execution: .inline).close() }
    }

    @Test func writesSurviveReopening() async throws {
        try await withTemporaryDirectory { directory in
            for execution in [Store.Execution.inline, .writerThread] {
                let path = directory + "/\(execution).db"
                let store = try Store(path: path, execution: execution)
                try await store.write { try $0.insertSession(Sample.session()) }
                store.close()
                #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
                let again = try Store(path: path, execution: execution)
                let row = try await again.read { try $0.session("aa01".id()) }
                #expect(row == Sample.session())
                again.close()
            }
        }
    }

    @Test func nobodyElseCanReadTheDatabase() async throws {
        try await withTemporaryDirectory { directory in
            let store = try Store(path: directory + "/test.db", execution: .inline)
            defer { store.close() }
            for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
                let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/" + name)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
            }
        }
    }

    @Test func aSecondDaemonIsRefusedByProcessID() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: .inline)
            let error = await refusal(path)
            #expect(error?.code == .locked(pid: ProcessInfo.processInfo.processIdentifier))
            #expect(error?.message.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
            #expect(error?.message.contains(path) == true)
            store.close()
            #expect(await refusal(path) == nil)
        }
    }

    @Test func aLinkToADatabaseSharesItsLock() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let store = try Store(path: path, execution: .inline)
            defer { store.close() }
            try FileManager.default.createSymbolicLink(atPath: directory + "/link.db", withDestinationPath: path)
            let error = await refusal(directory + "/link.db")
            #expect(error?.code == .locked(pid: ProcessInfo.processInfo.processIdentifier))
        }
    }

    @Test func droppingAStoreFreesItsDatabase() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            _ = try Store(path: path, execution: .inline)
            #expect(await refusal(path) == nil)
        }
    }

    @Test func aNewerSchemaIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            try Store(path: path, execution: .inline).close()
            try change(path, "PRAGMA user_version = 99")
            let error = await refusal(path)
            #expect(error?.code == .newerSchema)
            #expect(error?.message.contains("schema 99") == true)
            #expect(error?.hint?.contains("mv \(path)") == true)
        }
    }

    @Test func theAncestorsDatabaseIsRefusedWithTheCommandThatMovesItAway() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/any code's.db"
            try change(path, "CREATE TABLE sessions (id TEXT); INSERT INTO sessions VALUES ('old')")
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let error = try #require(await refusal(path))
            #expect(error.code == .foreignDatabase)
            #expect(error.message.contains("earlier Anycode"))
            #expect(error.message.contains(path))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)

            let command = try #require(error.hint?.components(separatedBy: ": ").last)
            let shell = try Process.run(URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", command])
            shell.waitUntilExit()
            #expect(shell.terminationStatus == 0)
            #expect(await refusal(path) == nil)
            let moved = path + ".old/any code's.db"
            #expect(try Data(contentsOf: URL(fileURLWithPath: moved)) == before)
        }
    }

    @Test func anotherProgramsDatabaseIsRefused() async throws {
        try await withTemporaryDirectory { directory in
            for (index, sql) in ["CREATE TABLE cookies (id TEXT)", "PRAGMA application_id = 7"].enumerated() {
                let path = directory + "/\(index).db"
                try change(path, sql)
                let error = await refusal(path)
                #expect(error?.code == .foreignDatabase)
                #expect(error?.message.contains("another program") == true)
            }
        }
    }

    @Test func filesThatAreNoDatabaseAreRefusedUntouched() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/notes.txt"
            try Data("remember the milk, and some more bytes".utf8).write(to: URL(fileURLWithPath: path))
            let error = await refusal(path)
            #expect(error?.code == .foreignDatabase)
            #expect(error?.message == "The file \(path) is not a database")
            #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("remember"))
            try FileManager.default.createDirectory(atPath: directory + "/sub", withIntermediateDirectories: false)
            #expect(await refusal(directory + "/sub")?.code == .foreignDatabase)
        }
    }

    @Test func aDamagedDatabaseIsCalledThat() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            let bytes = Array("SQLite format 3\0".utf8) + [UInt8](repeating: 0x5A, count: 8_000)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let error = await refusal(path)
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test func aMissingDirectoryIsNamedWithTheRemedy() async throws {
        try await withTemporaryDirectory { directory in
            let error = await refusal(directory + "/none/test.db")
            #expect(error?.code == .failed)
            #expect(error?.hint == "Create it: mkdir -p \(directory)/none")
        }
    }

    @Test func anEmptyFileBecomesADatabase() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory + "/test.db"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            #expect(await refusal(path) == nil)
        }
    }

    /// Changes a file as a foreign program would.
    private func change(_ path: String, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }
}
