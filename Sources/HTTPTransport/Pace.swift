#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Lets a busy loop come round once in some milliseconds, so that what arrives meanwhile is handled together.
///
/// With many streams most of the cost of an event is waking threads: together it is paid once.
struct Pace {
    /// Open transfers from which throughput matters more than a millisecond.
    static let crowd = 64
    /// Open transfers from which it matters more than a few.
    static let bigCrowd = 512

    private var last = 0

    /// - Parameter transfers: how many are open.
    mutating func keep(_ transfers: Int) {
        guard transfers >= Self.crowd else { return }
        let step = transfers >= Self.bigCrowd ? 8_000_000 : 1_000_000
        let now = MonotonicClock.nanoseconds()
        let early = last + step - now
        if (1...step).contains(early) {
            var pause = timespec(tv_sec: 0, tv_nsec: early)
            nanosleep(&pause, nil)
            last = now + early
        } else {
            last = now
        }
    }
}
