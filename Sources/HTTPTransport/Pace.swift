#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Lets a busy loop come round once in a millisecond, so that what arrives meanwhile is handled together.
///
/// With many streams most of the cost of an event is waking threads: together it is paid once.
struct Pace {
    /// Open transfers from which throughput matters more than a millisecond.
    static let crowd = 64
    private static let step = 1_000_000

    private var last = 0

    mutating func keep() {
        let now = MonotonicClock.nanoseconds()
        let early = last + Self.step - now
        if (1...Self.step).contains(early) {
            var pause = timespec(tv_sec: 0, tv_nsec: early)
            nanosleep(&pause, nil)
            last = now + early
        } else {
            last = now
        }
    }
}
