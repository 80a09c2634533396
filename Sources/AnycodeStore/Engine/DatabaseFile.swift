import Foundation
import GRDB
import Migrations

/// The database's file: what it is before we touch it, and how we open it.
struct DatabaseFile {
    let path: String

    /// Opens the file, or creates it, and brings its schema up to date. Files that are not ours stay untouched.
    func open() throws(StoreError) -> DatabaseQueue {
        try checkHeader()
        let wasInterrupted = wasInterrupted
        var kind = Kind.fresh
        do {
            let queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            kind = try queue.inDatabase { try Self.classify($0) }
            if kind.isAcceptable {
                if wasInterrupted { try queue.inDatabase { try Self.checkIntegrity($0) } }
                try queue.writeWithoutTransaction { try Self.setUp($0) }
                return queue
            }
            try queue.close()
        } catch {
            throw StoreError(wrapping: error).about(path)
        }
        throw refusal(kind)
    }

    /// Opens a second connection, for reading, to a file that `open()` has prepared.
    func openForReading() throws(StoreError) -> DatabaseQueue {
        var configuration = Self.configuration
        configuration.readonly = true
        do {
            return try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw StoreError(wrapping: error).about(path)
        }
    }

    static func openInMemory() throws(StoreError) -> DatabaseQueue {
        do {
            let queue = try DatabaseQueue(configuration: configuration)
            try queue.writeWithoutTransaction { try SchemaMigrator.migrate($0) }
            return queue
        } catch {
            throw StoreError(wrapping: error)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = true
        configuration.label = "store"
        return configuration
    }

    private static func setUp(_ database: Database) throws {
        let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw StoreError(
                .failed, "The database's volume has no support for SQLite's write-ahead log",
                hint: "Set a `path` under [database] on a local disk")
        }
        try database.execute(sql: "PRAGMA synchronous = FULL")
        // The log shrinks to this size after a checkpoint that a burst or a long read had held up.
        try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
        try database.execute(sql: "PRAGMA temp_store = MEMORY")
        // Now that it is open, whoever holds it is waited for by the store's gate, which says so.
        try database.execute(sql: "PRAGMA busy_timeout = 1000")
        try SchemaMigrator.migrate(database)
    }
}

extension DatabaseFile {
    /// Whose database a file is.
    private enum Kind {
        case fresh, ours
        case newer(version: Int)
        case foreign(tables: [String])

        var isAcceptable: Bool {
            switch self {
            case .fresh, .ours: true
            case .newer, .foreign: false
            }
        }
    }

    private static func classify(_ database: Database) throws -> Kind {
        let application = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if application == Migrations.applicationID {
            return version > SchemaMigrator.newestVersion ? .newer(version: version) : .ours
        }
        let tables = try String.fetchAll(
            database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return application == 0 && version == 0 && tables.isEmpty ? .fresh : .foreign(tables: tables)
    }

    private func refusal(_ kind: Kind) -> StoreError {
        switch kind {
        case .newer(let version):
            StoreError(
                .newerSchema,
                "The database \(path) has schema \(version), written by a newer Anycode; this one knows schemas up to "
                    + "\(SchemaMigrator.newestVersion)",
                hint: "Install the newer version again, or move the database away to start afresh: \(moveCommand)")
        case .foreign(let tables) where tables.contains("sessions"):
            StoreError(
                .foreignDatabase,
                "The database \(path) was written by the earlier Anycode, whose sessions cannot be taken over",
                hint: "Move it away to start afresh: \(moveCommand)")
        case .foreign, .fresh, .ours:
            StoreError(
                .foreignDatabase, "The database \(path) belongs to another program",
                hint: "Set another `path` under [database], or move the file away: \(moveCommand)")
        }
    }

    /// Creates the file for nobody but its owner, or makes sure that it is a database at all.
    private func checkHeader() throws(StoreError) {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            _ = FileManager.default.createFile(
                atPath: path, contents: nil, attributes: [.posixPermissions: NSNumber(value: 0o600)])
            return
        }
        guard !isDirectory.boolValue else {
            throw StoreError(
                .foreignDatabase, "The database path \(path) is a directory",
                hint: "Name a file in `path` under [database]")
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw StoreError(.failed, "The database \(path) cannot be read", hint: "Check the rights of the file")
        }
        defer { try? handle.close() }
        let header = (try? handle.read(upToCount: 16)) ?? Data()
        guard header.isEmpty || header == Data("SQLite format 3\0".utf8) else {
            throw StoreError(
                .foreignDatabase, "The file \(path) is not a database",
                hint: "Set another `path` under [database], or move the file away: \(moveCommand)")
        }
    }

    /// Moves the database with what SQLite may have left beside it: apart they would be worth nothing.
    private var moveCommand: String {
        let files = ["", "-wal", "-shm"].map { path + $0 }.filter { FileManager.default.fileExists(atPath: $0) }
        let directory = ShellWord.quote(path + ".old")
        return "mkdir \(directory) && mv \(files.map(ShellWord.quote).joined(separator: " ")) \(directory)/"
    }
}

extension StoreError {
    /// The same error, naming the file.
    fileprivate func about(_ path: String) -> StoreError {
        StoreError(code, "\(message) [\(path)]", hint: hint, underlying: underlying)
    }
}
