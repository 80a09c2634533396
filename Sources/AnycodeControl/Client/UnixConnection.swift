#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A blocking connection to a Unix socket; closed when it goes.
struct UnixConnection: ~Copyable {
    struct Failure: Error, Equatable {
        let errno: Int32

        var words: String { String(cString: strerror(errno)) }
    }

    enum Reading: Equatable {
        case bytes([UInt8])
        case end
        /// Nothing came in time.
        case timedOut
    }

    private let descriptor: Int32

    init(path: String) throws(Failure) {
        #if canImport(Glibc)
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
        descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw Failure(errno: errno) }
        do {
            try Self.connect(descriptor, to: path)
        } catch {
            Self.shut(descriptor)
            throw error
        }
    }

    deinit {
        Self.shut(descriptor)
    }

    borrowing func write(_ bytes: [UInt8]) throws(Failure) {
        #if canImport(Glibc)
        let flags = Int32(MSG_NOSIGNAL)
        #else
        let flags: Int32 = 0
        #endif
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(errno: errno) }
            sent += count
        }
    }

    /// - Parameter milliseconds: How long to wait for bytes; negative waits without end.
    borrowing func read(within milliseconds: Int32) throws(Failure) -> Reading {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&poller, 1, milliseconds)
        // A signal, such as a resized terminal's, is a reason to look around, not an error.
        if ready < 0 && errno == EINTR { return .timedOut }
        guard ready >= 0 else { throw Failure(errno: errno) }
        guard ready > 0 else { return .timedOut }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count < 0 && errno == EINTR { return .timedOut }
        guard count >= 0 else { throw Failure(errno: errno) }
        return count == 0 ? .end : .bytes(Array(buffer[..<count]))
    }

    private static func connect(_ descriptor: Int32, to path: String) throws(Failure) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Failure(errno: ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                #else
                Darwin.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                #endif
            }
        }
        guard result == 0 else { throw Failure(errno: errno) }
        #if canImport(Darwin)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    private static func shut(_ descriptor: Int32) {
        #if canImport(Glibc)
        Glibc.close(descriptor)
        #else
        Darwin.close(descriptor)
        #endif
    }
}
