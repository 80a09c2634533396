import Foundation
import GRDB

/// Copies a database as it is at one moment, whether a daemon uses it or not. Neither waits for the other.
package struct DatabaseBackup: Sendable {
    package let database: String

    package init(of database: String) {
        self.database = database
    }

    /// Writes the copy, which nobody but its owner can read. Complete and durable when it returns; blocks meanwhile.
    ///
    /// - Returns: its size in bytes.
    package func write(to path: String) throws(StoreError) -> Int {
        guard FileManager.default.fileExists(atPath: database) else {
            throw StoreError(.notFound, "There is no database \(database)")
        }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw StoreError(.failed, "\(path) is there already", hint: "Name a new file, or move that one away")
        }
        let draft = path + ".part"
        do {
            try Self.makePrivate(draft)
            try copy(to: draft)
            try Self.sync(draft)
            try Self.move(draft, to: path)
        } catch {
            try? FileManager.default.removeItem(atPath: draft)
            throw StoreError(wrapping: error)
        }
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
        return size?.intValue ?? 0
    }

    private func copy(to draft: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(30)
        let queue = try DatabaseQueue(path: database, configuration: configuration)
        try queue.inDatabase { try $0.execute(sql: "VACUUM INTO ?", arguments: [draft]) }
        try queue.close()
    }

    /// SQLite writes into an empty file that is there; so its mode is right from the first byte.
    private static func makePrivate(_ path: String) throws {
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: NSNumber(value: 0o600)]
        guard FileManager.default.createFile(atPath: path, contents: nil, attributes: attributes) else {
            throw StoreError(.failed, "\(path) cannot be written", hint: "Check the rights of its directory")
        }
    }

    private static func sync(_ path: String) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        defer { try? handle.close() }
        try handle.synchronize()
    }

    private static func move(_ draft: String, to path: String) throws {
        try FileManager.default.moveItem(atPath: draft, toPath: path)
    }
}
