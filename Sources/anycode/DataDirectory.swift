import AnycodeCore
import Foundation

/// Where the daemon keeps what is not in the database: beside it, in `anycode-data`.
struct DataDirectory {
    let database: String
    let root: String

    /// Makes the directory, private to its owner.
    init(database: String) throws {
        let file = URL(fileURLWithPath: database)
        self.database = file.path
        root = file.deletingLastPathComponent().appendingPathComponent("anycode-data").path
        try Self.makePrivate(root)
    }

    var keyFile: String { root + "/instance.key" }
    var saves: String { root + "/saves" }
    var consoleJournal: String { root + "/console" }
    var crashMark: String { root + "/crashed" }
    var logFile: String { root + "/anycode.log" }

    /// Where local sandboxes live. A daemon that is root gives each one a user of its own, who could not pass root's
    /// private directories; so there they live under `/var/lib`, apart by instance.
    func sandboxes(of instance: InstanceID) throws -> String {
        guard geteuid() == 0 else { return root + "/sandboxes" }
        let path = "/var/lib/anycode/\(instance.short)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        return path
    }

    static func makePrivate(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
}
