import Foundation
import Synchronization

/// Listens outside of all sandboxes for what agents say of themselves; outlives every daemon and runner.
package final class Ledger: Sendable {
    private let listener: Int32
    private let books = Mutex<[Int: Testimony]>([:])

    /// - Parameter path: the Unix socket, which every user may connect to.
    package init(path: String) throws {
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw POSIXError(.ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, chmod(path, 0o777) == 0, listen(listener, 256) == 0 else { throw POSIXError(.EADDRINUSE) }
        let thread = Thread { [self] in accept() }
        thread.start()
    }

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    package subscript(job: Int) -> Testimony { books.withLock { $0[job] ?? Testimony() } }

    /// A runner was killed with these lines in its log.
    package func keep(_ lines: Set<String>, of job: Int) {
        books.withLock { $0[job, default: Testimony()].kept = lines }
    }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 { break }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let thread = Thread { [self] in read(descriptor) }
            thread.stackSize = 256 * 1024
            thread.start()
        }
        close(listener)
    }

    /// An agent works on one job only.
    private func read(_ descriptor: Int32) {
        var rest: [UInt8] = []
        var job: Int?
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest += buffer[..<count]
            while let end = rest.firstIndex(of: 0x0A) {
                let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ").map(String.init)
                rest.removeSubrange(...end)
                job = words.dropFirst().first.flatMap(Self.job) ?? job
                if let job { books.withLock { $0[job, default: Testimony()].take(words) } }
            }
        }
        close(descriptor)
    }

    /// `7` of `j7t1n3` and of `words-j7t1q1`.
    static func job(of name: String) -> Int? {
        let name = name.hasPrefix("words-") ? name.dropFirst(6) : name[...]
        guard name.first == "j" else { return nil }
        return Int(name.dropFirst().prefix { $0.isNumber })
    }
}
