#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where the runner listens: `unix:/path` or `tcp:HOST:PORT`.
package enum ListenAddress: Sendable, Equatable {
    case unix(String)
    case tcp(host: String, port: Int)

    package init?(_ text: String) {
        if text.hasPrefix("unix:/") {
            self = .unix(String(text.dropFirst(5)))
            return
        }
        guard text.hasPrefix("tcp:"), let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), colon > text.index(text.startIndex, offsetBy: 4)
        else { return nil }
        let host = text[text.index(text.startIndex, offsetBy: 4)..<colon].filter { $0 != "[" && $0 != "]" }
        self = .tcp(host: host, port: port)
    }

    /// Whether only this machine can reach it.
    var isLocal: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        }
    }

    /// Removes a socket that nobody serves any more; refuses anything else in its place.
    func makeRoom() throws(RunnerError) {
        guard case .unix(let path) = self else { return }
        guard path.utf8.count < 108 else {
            throw RunnerError(.invalid, "The socket path \(path) is longer than 107 bytes.")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw RunnerError(.invalid, "\(path) exists and is no socket; it is left alone.")
        }
        guard !Self.isServed(path) else { throw RunnerError(.conflict, "Another process listens on \(path).") }
        unlink(path)
    }

    private static func isServed(_ path: String) -> Bool {
        #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return connected == 0 || errno != ECONNREFUSED && errno != ENOENT
    }

    /// A port of the loopback that nobody listened on a moment ago.
    static func freePort() throws(RunnerError) -> Int {
        #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw RunnerError(.internalError, "The sandbox has no free port for the agent's server.") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
