import AnycodeCore
import Glibc
import Synchronization

/// Hands out ports of a range: none that is being used for a start, and none on which another program listens.
///
/// The last word has the Engine, which binds the port: another program may be faster.
final class HostPorts: Sendable {
    private struct State {
        var reserved: Set<Int> = []
        /// Where the next search begins, so that a port that was just freed rests for a while.
        var next: Int
    }

    let range: ClosedRange<Int>
    private let state: Mutex<State>
    private let looksAtMachine: Bool

    /// - Parameter looksAtMachine: Whether the ports are this machine's, so that it is asked too.
    init(_ range: ClosedRange<Int>, looksAtMachine: Bool = true) {
        self.range = range
        self.looksAtMachine = looksAtMachine
        state = Mutex(State(next: range.lowerBound))
    }

    /// Reserves a port until `release`; `nil` when all are taken.
    func reserve(except taken: Set<Int>) -> Int? {
        state.withLock { state in
            let candidates = Array(state.next...range.upperBound) + Array(range.lowerBound..<state.next)
            for port in candidates where !state.reserved.contains(port) && !taken.contains(port) {
                guard !looksAtMachine || Self.isFree(port) else { continue }
                state.reserved.insert(port)
                state.next = port == range.upperBound ? range.lowerBound : port + 1
                return port
            }
            return nil
        }
    }

    func release(_ port: Int) {
        state.withLock { _ = $0.reserved.remove(port) }
    }

    /// Whether a server could listen there now, on loopback.
    static func isFree(_ port: Int) -> Bool {
        bound(port) != nil
    }

    /// A free port of the system's choice.
    static func any() -> Int? { bound(0) }

    private static func bound(_ port: Int) -> Int? {
        guard let number = UInt16(exactly: port) else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Connections that linger do not keep a server from listening; servers do.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = number.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) + listen(descriptor, 1) + getsockname(descriptor, $0, &length)
            }
        }
        return result == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
