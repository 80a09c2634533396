import AnycodeCore
import AnycodeRuntime
import COpenSSL
import Foundation
import Glibc

/// Keeps saved patches as files, for their owner alone: `<root>/<session>/<content>.patch`; logs of turns and the agent's
/// own record of the conversation beside them.
struct PatchDirectory: Sendable {
    let root: String

    var archive: PatchArchive {
        PatchArchive(
            write: { (session, bytes) throws(ArchiveError) in try write(session, bytes) },
            read: { path in Array(try Data(contentsOf: URL(fileURLWithPath: path))) },
            writeDocument: { (session, name, bytes) throws(ArchiveError) in try write(session, named: name, bytes) },
            remove: remove)
    }

    private func remove(_ session: SessionID) throws {
        let folder = "\(root)/\(session)"
        guard FileManager.default.fileExists(atPath: folder) else { return }
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Durable when it returns: file and name are synced. The name comes from the content.
    private func write(_ session: SessionID, _ bytes: [UInt8]) throws(ArchiveError) -> String {
        let name = "\(Self.name(bytes)).patch"
        let path = "\(root)/\(session)/\(name)"
        guard access(path, F_OK) != 0 else { return path }
        return try write(session, named: name, bytes)
    }

    private func write(_ session: SessionID, named name: String, _ bytes: [UInt8]) throws(ArchiveError) -> String {
        let folder = "\(root)/\(session)"
        let path = "\(folder)/\(name)"
        guard mkdir(root, 0o700) == 0 || errno == EEXIST, mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw Self.failure(folder)
        }
        let draft = path + ".part"
        do throws(ArchiveError) {
            try Self.put(bytes, into: draft)
            guard rename(draft, path) == 0 else { throw Self.failure(path) }
            try Self.sync(folder)
        } catch {
            unlink(draft)
            throw error
        }
        return path
    }

    private static func put(_ bytes: [UInt8], into path: String) throws(ArchiveError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { throw failure(path) }
            rest = rest.dropFirst(max(0, count))
        }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func sync(_ path: String) throws(ArchiveError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    /// What the last system call says.
    private static func failure(_ path: String) -> ArchiveError {
        let code = errno
        if code == ENOSPC || code == EDQUOT { return ArchiveError(isFull: true, "the daemon's disk is full") }
        return ArchiveError(isFull: false, "\(path) cannot be written: \(String(cString: strerror(code)))")
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
