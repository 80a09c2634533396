import GRDB
import GRDBSQLite

extension StoreError {
    /// Takes over store errors as they are and wraps all others.
    init(wrapping error: any Error) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            self.init(resultCode: error.extendedResultCode.rawValue, message: error.message)
        default:
            // Another error's text may hold anything, so only its type is shown.
            self.init(.failed, "A database transaction was given up (\(type(of: error)))", underlying: error)
        }
    }

    /// SQLITE_IOERR_WRITE and SQLITE_IOERR_SHMSIZE, which C defines by expressions: https://www.sqlite.org/rescode.html
    private static let failedWrite = SQLITE_IOERR | 3 << 8
    private static let failedGrowth = SQLITE_IOERR | 19 << 8

    /// - Parameter message: SQLite's own words, which name tables and columns but never values.
    init(resultCode: CInt, message: String?) {
        let words = message ?? "SQLite result \(resultCode)"
        // SQLite knows only one of the ways in which a volume takes no more; a spent quota is a failed write.
        if resultCode == Self.failedWrite || resultCode == Self.failedGrowth {
            self.init(
                .diskFull, "The database cannot be written: its disk is full, over its quota, or fails",
                hint: "Free some space on its volume; the daemon goes on by itself")
            return
        }
        switch resultCode & 0xFF {
        case SQLITE_FULL:
            self.init(
                .diskFull, "The database cannot grow: the disk is full",
                hint: "Free some space on its volume; the daemon goes on by itself")
        case SQLITE_BUSY, SQLITE_LOCKED:
            self.init(
                .busy, "The database is held by another program",
                hint: "Close the program that has it open, such as a sqlite3 shell; the daemon goes on by itself")
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
