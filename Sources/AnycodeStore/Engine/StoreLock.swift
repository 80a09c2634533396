import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Keeps a second daemon away from a database: an advisory lock on the file `<database>.lock`, which tells the
/// holder's process id. The kernel drops the lock with the process, however it ends.
final class StoreLock: Sendable {
    private let descriptor: Mutex<Int32?>

    init(database path: String) throws(StoreError) {
        let path = Self.resolved(path)
        // Closed in child processes: sandboxes outlive the daemon and must not keep the lock.
        let descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.cannotOpen(path, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.readHolder(descriptor)
            close(descriptor)
            throw Self.held(path, by: holder)
        }
        Self.writeHolder(descriptor)
        self.descriptor = Mutex(descriptor)
    }

    deinit { release() }

    /// The file stays: removing it could let two processes lock two files of the same name.
    func release() {
        descriptor.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    /// The same file must have the same lock, whatever links lead to it.
    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func readHolder(_ descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer[..<count], as: UTF8.self).prefix { $0.isNumber })
    }

    /// Only informs; the lock holds without it, so that a full disk does not matter here.
    private static func writeHolder(_ descriptor: Int32) {
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
    }

    private static func held(_ path: String, by holder: Int32?) -> StoreError {
        let who = holder.map { "another daemon, process \($0)" } ?? "another daemon"
        return StoreError(
            .locked(pid: holder), "The database \(path) is in use by \(who)",
            hint: "Stop that one first, or set another `path` under [database]")
    }

    private static func cannotOpen(_ path: String, _ code: Int32) -> StoreError {
        let reason = String(cString: strerror(code))
        guard code == ENOENT else {
            return StoreError(
                .failed, "Cannot write beside the database \(path): \(reason)",
                hint: "Check the rights of its directory")
        }
        let directory = (path as NSString).deletingLastPathComponent
        return StoreError(
            .failed, "There is no directory \(directory) for the database",
            hint: "Create it: mkdir -p \(ShellWord.quote(directory))")
    }
}
