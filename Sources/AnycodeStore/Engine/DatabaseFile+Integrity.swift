import Foundation
import GRDB

extension DatabaseFile {
    /// Whether the last daemon did not stop cleanly: a clean stop folds the write-ahead log into the database and
    /// removes it.
    var wasInterrupted: Bool { FileManager.default.fileExists(atPath: path + "-wal") }

    /// Reads the whole database and refuses a damaged one, before more is built on it.
    static func checkIntegrity(_ database: Database) throws {
        let problems = try String.fetchAll(database, sql: "PRAGMA quick_check(3)")
        guard problems != ["ok"] else { return }
        throw StoreError(
            .corrupt, "The database is damaged: \(problems.first ?? "it cannot be checked")",
            hint: "Restore a backup made by `anycode backup`, or save what is left: "
                + "`sqlite3 FILE .recover | sqlite3 NEW-FILE`")
    }
}
