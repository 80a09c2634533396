package import AnycodeCore
import Glibc

extension LocalSandboxProvider {
    package func logTail(_ lease: LeaseID, limit: Int) async throws(SandboxError) -> String? {
        let path = try LeaseDirectory(lease, base: configuration.base).log
        return try await BlockingWork.run { _ throws(SandboxError) in Self.tail(path, limit) }
    }

    /// The file's end, from the beginning of a line on.
    private static func tail(_ path: String, _ limit: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, limit > 0 else { return nil }
        let start = max(0, Int(status.st_size) - limit)
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = pread(descriptor, &buffer, limit, start)
        guard count > 0 else { return nil }
        let bytes = buffer[..<count]
        let whole = start == 0 ? bytes : bytes.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        return String(decoding: whole, as: UTF8.self)
    }
}
