#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Writing whole buffers to file descriptors.
enum DescriptorOutput {
    /// Writes all bytes, waiting where the descriptor makes it wait; `false` when that is impossible.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var start = 0
        return bytes.withUnsafeBytes { buffer in
            while start < buffer.count, let base = buffer.baseAddress {
                #if canImport(Glibc)
                let count = Glibc.write(descriptor, base + start, buffer.count - start)
                #else
                let count = Darwin.write(descriptor, base + start, buffer.count - start)
                #endif
                if count >= 0 {
                    start += count
                } else if errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
