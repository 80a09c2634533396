import AnycodeCore
import Glibc

/// Asks a runner at a Unix socket whether it answers to its token: one request, no client needed.
struct RunnerHealthCheck: Sendable {
    enum Answer: Hashable, Sendable {
        case healthy
        /// Nobody listens (yet).
        case refused
        /// Someone else's token.
        case unauthorized
        case other(String)
    }

    let socket: String
    let token: Secret

    func ask(until deadline: ContinuousClock.Instant, _ work: BlockingWork) throws(SandboxError) -> Answer {
        guard let connection = Self.connection(to: socket) else { return .refused }
        let request =
            "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token.reveal())\r\n"
            + "Accept: application/json\r\nConnection: close\r\n\r\n"
        guard request.withCString({ send(connection.raw, $0, strlen($0), Int32(MSG_NOSIGNAL)) }) > 0 else {
            return .refused
        }
        var head: [UInt8] = []
        while head.count < 12 {
            guard try work.wait(for: connection, until: deadline) else { return .other("no answer") }
            guard let part = try? connection.read(512), !part.isEmpty else { break }
            head += part
        }
        return Self.answer(String(decoding: head.prefix(12), as: UTF8.self))
    }

    private static func answer(_ statusLine: String) -> Answer {
        guard statusLine.hasPrefix("HTTP/1."), let code = Int(statusLine.suffix(3)) else {
            return .other("not an HTTP answer")
        }
        return switch code {
        case 200...299: .healthy
        case 401, 403: .unauthorized
        default: .other("status \(code)")
        }
    }

    static func connection(to path: String) -> Descriptor? {
        let raw = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard raw >= 0 else { return nil }
        let connection = Descriptor(owning: raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        return connected ? connection : nil
    }
}
