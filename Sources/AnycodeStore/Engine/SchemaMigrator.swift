import GRDB
import Migrations

/// Brings a schema forward, one committed step at a time; SQLite's `user_version` counts the steps.
enum SchemaMigrator {
    static var newestVersion: Int { Migrations.all.last?.version ?? 0 }

    static func migrate(_ database: Database, with migrations: [Migration] = Migrations.all) throws {
        let current = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        for migration in migrations where migration.version > current {
            try database.inTransaction(.immediate) {
                try database.execute(sql: migration.sql)
                try database.execute(sql: "PRAGMA user_version = \(migration.version)")
                return .commit
            }
        }
    }
}
