/// One step of the schema; never edited once released.
package struct Migration: Sendable {
    /// The schema version after this step; the first is 1 and each is one more than the one before.
    package let version: Int
    package let sql: String

    package init(version: Int, sql: String) {
        self.version = version
        self.sql = sql
    }
}

/// The schema's history, embedded in the binary.
package enum Migrations {
    /// All steps, oldest first.
    package static let all: [Migration] = [
        Migration(version: 1, sql: String(decoding: PackageResources._001_initial_sql, as: UTF8.self)),
        Migration(
            version: 2, sql: String(decoding: PackageResources._002_people_and_waiting_tasks_sql, as: UTF8.self)),
        Migration(
            version: 3, sql: String(decoding: PackageResources._003_threads_and_moved_chats_sql, as: UTF8.self)),
    ]

    /// What marks a database as ours, in SQLite's `application_id`: "AnyC".
    package static let applicationID: Int64 = 0x416E_7943
}
