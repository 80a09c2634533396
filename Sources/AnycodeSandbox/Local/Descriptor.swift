import CSandboxSystem
import Glibc

/// An open file descriptor, closed when the last holder lets go.
final class Descriptor: Sendable {
    let raw: Int32

    init(owning raw: Int32) {
        self.raw = raw
    }

    deinit {
        close(raw)
    }

    /// A pipe, close-on-exec at both ends.
    static func pipe() throws(SystemError) -> (read: Descriptor, write: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard anycode_sandbox_pipe(&ends) == 0 else { throw SystemError("pipe") }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }

    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemError) -> Descriptor {
        let raw = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard raw >= 0 else { throw SystemError("open \(path)") }
        return Descriptor(owning: raw)
    }

    /// A counter that polls as readable once raised: wakes blocking waits.
    static func event() throws(SystemError) -> Descriptor {
        let raw = anycode_event()
        guard raw >= 0 else { throw SystemError("eventfd") }
        return Descriptor(owning: raw)
    }

    /// A process, whoever its parent is; polls as readable once it has ended.
    static func process(_ pid: Int32) throws(SystemError) -> Descriptor {
        let raw = anycode_pidfd_open(pid)
        guard raw >= 0 else { throw SystemError("pidfd_open") }
        return Descriptor(owning: raw)
    }

    func duplicate(from lowest: Int32 = 0) throws(SystemError) -> Descriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, lowest)
        guard copy >= 0 else { throw SystemError("fcntl") }
        return Descriptor(owning: copy)
    }

    func write(_ bytes: [UInt8]) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(raw, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw SystemError("write") }
            rest = rest.dropFirst(written)
        }
    }

    /// What one `read` gives; empty at the end.
    func read(_ most: Int = 65536) throws(SystemError) -> [UInt8] {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
                let got = Glibc.read(raw, buffer.baseAddress, most)
                failure = got < 0 ? errno : 0
                count = max(0, got)
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw SystemError("read", failure) }
            return bytes
        }
    }
}
