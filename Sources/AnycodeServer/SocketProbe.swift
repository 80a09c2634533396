#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Finds out whether somebody listens at a Unix socket.
enum SocketProbe: Equatable {
    /// Somebody does; their process, where the system tells.
    case live(pid: Int?)
    case stale
    case unknown(errno: Int32)

    static func ask(_ path: String) -> SocketProbe {
        #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return .unknown(errno: errno) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return .unknown(errno: ENAMETOOLONG) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result != 0 else { return .live(pid: peer(of: descriptor)) }
        switch errno {
        case ECONNREFUSED, ENOENT: return .stale
        // A full backlog: somebody listens, too busy to accept.
        case EAGAIN: return .live(pid: nil)
        case let code: return .unknown(errno: code)
        }
    }

    private static func peer(of descriptor: Int32) -> Int? {
        #if os(Linux)
        var credentials = PeerCredentials()
        var size = socklen_t(MemoryLayout<PeerCredentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        return credentials.pid > 0 ? Int(credentials.pid) : nil
        #else
        return nil
        #endif
    }
}
