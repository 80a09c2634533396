import GRDB
import GRDBSQLite

extension StoreError {
    /// Takes over store errors as they are and wraps all others.
    init(wrapping error: any Error) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            self.init(resultCode: error.resultCode.rawValue, message: error.message)
        default:
            // Another error's text may hold anything, so only its type is shown.
            self.init(.failed, "A database transaction was given up (\(type(of: error)))", underlying: error)
        }
    }

    /// - Parameter message: SQLite's own words, which name tables and columns but never values.
    init(resultCode: CInt, message: String?) {
        let words = message ?? "SQLite result \(resultCode)"
        switch resultCode & 0xFF {
        case SQLITE_FULL:
            self.init(
                .diskFull, "The database cannot grow: the disk is full",
                hint: "Free some space on its volume; the daemon goes on by itself")
        case SQLITE_BUSY, SQLITE_LOCKED:
            self.init(
                .busy, "The database is held by another program",
                hint: "Close the program that has it open, such as a sqlite3 shell")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            self.init(
                .corrupt, "The database is damaged (\(words))",
                hint: "Check it with `sqlite3 FILE 'PRAGMA integrity_check'`, "
                    + "or restore a backup made by `anycode backup`")
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_CANTOPEN:
            self.init(
                .failed, "The database cannot be written (\(words))",
                hint: "Check the rights of its file and directory")
        default:
            self.init(.failed, "The database refused a step (\(words))")
        }
    }
}
