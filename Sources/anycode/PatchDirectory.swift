import AnycodeCore
import AnycodeRuntime
import COpenSSL
import Foundation

/// Keeps saved patches as files, `<root>/<session>/<content>.patch`, and logs of turns beside them.
struct PatchDirectory: Sendable {
    let root: String

    var archive: PatchArchive {
        PatchArchive(
            write: { session, bytes in try write(session, bytes) },
            read: { path in Array(try Data(contentsOf: URL(fileURLWithPath: path))) },
            writeDocument: { session, name, bytes in try write(session, named: name, bytes) }, remove: remove)
    }

    private func remove(_ session: SessionID) throws {
        let folder = "\(root)/\(session)"
        guard FileManager.default.fileExists(atPath: folder) else { return }
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Durable when it returns: file and name are synced. The name comes from the content.
    private func write(_ session: SessionID, _ bytes: [UInt8]) throws -> String {
        let name = "\(Self.name(bytes)).patch"
        let path = "\(root)/\(session)/\(name)"
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        return try write(session, named: name, bytes)
    }

    private func write(_ session: SessionID, named name: String, _ bytes: [UInt8]) throws -> String {
        let folder = "\(root)/\(session)"
        try DataDirectory.makePrivate(folder)
        let path = "\(folder)/\(name)"
        let draft = path + ".part"
        guard
            FileManager.default.createFile(atPath: draft, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path]) }
        try Self.sync(draft)
        guard rename(draft, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        try Self.sync(folder)
        return path
    }

    private static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    private static func name(_ bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil)
        return digest.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
