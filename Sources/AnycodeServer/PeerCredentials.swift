import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

#if os(Linux)
/// `struct ucred` of unix(7), which Glibc's module hides.
struct PeerCredentials: Sendable {
    var pid: pid_t = 0
    var uid: uid_t = 0
    var gid: gid_t = 0
}
#endif

/// The account behind a connection, as the kernel knows it.
enum PeerAccount {
    /// The account's name, or `uid 1000` for one without; `nil` where the system does not tell.
    static func name(of channel: any Channel) async -> String? {
        #if os(Linux)
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let asked: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(
            level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_PEERCRED))
        guard let credentials = try? await asked.get() else { return nil }
        return name(of: credentials.uid)
        #else
        return nil
        #endif
    }

    static func name(of uid: uid_t) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name
        else { return "uid \(uid)" }
        return String(cString: name)
    }
}
