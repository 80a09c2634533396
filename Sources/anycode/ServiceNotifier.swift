import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Tells the service manager how the daemon is, as sd_notify(3) describes: datagrams to the socket that
/// `NOTIFY_SOCKET` names. Without one, nothing is told.
struct ServiceNotifier: Sendable {
    private let path: String?
    /// How often the service manager wants a sign of life; `nil` when it wants none.
    let watchdog: Duration?

    init(environment: [String: String] = ProcessInfo.processInfo.environment, pid: Int32 = getpid()) {
        path = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        let isMeant = environment["WATCHDOG_PID"].map { Int32($0) == pid } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdog = path != nil && isMeant && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Everything is up.
    func ready() { send("READY=1") }

    /// The way down has begun.
    func stopping() { send("STOPPING=1\nSTATUS=Saving work and ending sessions") }

    /// A sign of life.
    func alive(sessions: Int) { send("WATCHDOG=1\nSTATUS=\(sessions == 1 ? "1 session" : "\(sessions) sessions")") }

    /// Best effort: a service manager that does not listen must not stop the daemon.
    private func send(_ state: String) {
        #if os(Linux)
        guard let path else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // An abstract socket's name begins with a zero and has no end mark: the length says where it ends.
        if path.hasPrefix("@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bytes = Array(state.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        #endif
    }
}
