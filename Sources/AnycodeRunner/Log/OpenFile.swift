import CRunnerSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An open file, closed when the last reference goes.
final class OpenFile: Sendable {
    let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) throws(RunnerError) -> OpenFile {
        let descriptor = anycode_open(path, flags, mode)
        guard descriptor >= 0 else { throw .storage("open", path) }
        return OpenFile(descriptor: descriptor)
    }

    /// Opens a name in this directory, without following it when it is a link.
    func open(_ name: String, _ flags: Int32, mode: UInt32 = 0o600) throws(RunnerError) -> OpenFile {
        let descriptor = anycode_openat(descriptor, name, flags | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw .storage("open", name) }
        return OpenFile(descriptor: descriptor)
    }

    /// Bytes in the file; 0 when it cannot be told.
    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Reads up to `count` bytes; fewer at the end of the file.
    func read(at offset: Int, count: Int) throws(RunnerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .storage("read", "the log") }
            if got == 0 { break }
            filled += got
        }
        if filled < count { bytes.removeLast(count - filled) }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(RunnerError) {
        var written = 0
        while written < bytes.count {
            let put = bytes.withUnsafeBytes { buffer in
                pwrite(
                    descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written, off_t(offset + written))
            }
            if put < 0, errno == EINTR { continue }
            guard put >= 0 else { throw .storage("write", "the log") }
            written += put
        }
    }

    /// A program that writes to this file goes on behind what is there.
    func moveToEnd() { _ = lseek(descriptor, 0, SEEK_END) }

    func truncate(to size: Int) {
        // A torn tail that stays is skipped by its checksum at the next start.
        _ = ftruncate(descriptor, off_t(size))
    }
}

extension RunnerError {
    /// The failure that `errno` names.
    static func storage(_ verb: String, _ what: String) -> RunnerError {
        let number = errno
        let reason = String(cString: strerror(number))
        return RunnerError(
            .storage, "Could not \(verb) \(what): \(reason).",
            hint: number == ENOSPC ? "The sandbox's disk is full." : nil)
    }
}

func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(RunnerError) {
    var built = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
        built += built.isEmpty || built.hasSuffix("/") ? String(part) : "/" + part
        if mkdir(built, mode_t(mode)) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS || !isDirectory(built) {
            if isDirectory(built) { continue }
            throw .storage("create", built)
        }
    }
}

func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

func fileExists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}

/// Names in a directory without `.` and `..`, sorted; empty when it cannot be read.
func directoryNames(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                String(cString: $0)
            }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// The whole of a small file; nil when it cannot be read or is larger than `limit`.
func readSmallFile(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    guard let file = try? OpenFile.open(path, O_RDONLY), let bytes = try? file.read(at: 0, count: limit + 1) else {
        return nil
    }
    return bytes.count <= limit ? bytes : nil
}

/// Replaces a file so that a crash leaves either the old or the new one.
func replaceFile(_ path: String, with bytes: [UInt8]) throws(RunnerError) {
    let draft = path + ".new"
    unlink(draft)
    let file = try OpenFile.open(draft, O_WRONLY | O_CREAT | O_EXCL)
    try file.write(bytes, at: 0)
    guard rename(draft, path) == 0 else { throw .storage("replace", path) }
}
