import Foundation
import GRDB
import Migrations
import Testing

@testable import AnycodeStore

@Suite struct MigrationTests {
    private let first = Migration(version: 1, sql: "CREATE TABLE a (x); INSERT INTO a VALUES (1);")
    private let second = Migration(version: 2, sql: "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;")

    @Test func versionsCountUpFromOne() {
        #expect(Migrations.all.map(\.version) == Array(1...Migrations.all.count))
    }

    @Test func stepsAlreadyTakenAreNotRepeated() throws {
        let queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { database in
            try SchemaMigrator.migrate(database, with: [first])
            try SchemaMigrator.migrate(database, with: [first, second])
            try SchemaMigrator.migrate(database, with: [first, second])
            #expect(try Int.fetchAll(database, sql: "SELECT y FROM a") == [2])
            #expect(try Int.fetchOne(database, sql: "PRAGMA user_version") == 2)
        }
    }

    @Test func aFailingStepLeavesTheSchemaBeforeIt() throws {
        let broken = Migration(version: 2, sql: "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);")
        let queue = try DatabaseQueue()
        try queue.writeWithoutTransaction { database in
            #expect(throws: (any Error).self) { try SchemaMigrator.migrate(database, with: [first, broken]) }
            #expect(try Int.fetchOne(database, sql: "PRAGMA user_version") == 1)
            #expect(try !database.tableExists("b"))
            try SchemaMigrator.migrate(database, with: [first, second])
            #expect(try Int.fetchOne(database, sql: "PRAGMA user_version") == 2)
        }
    }

    @Test(arguments: [Store.Execution.inline, .writerThread])
    func acknowledgedRowsSurvivePowerLoss(_ execution: Store.Execution) async throws {
        try await withTemporaryDirectory { directory in
            let store = try Store(path: directory + "/test.db", execution: execution)
            defer { store.close() }
            let settings = try await store.write { transaction in
                try ["synchronous", "journal_mode", "foreign_keys", "busy_timeout"].map {
                    try String.fetchOne(transaction.database, sql: "PRAGMA \($0)")
                }
            }
            #expect(settings == ["2", "wal", "1", "1000"])
        }
    }
}
