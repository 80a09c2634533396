#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The clock of the loop's deadlines.
enum MonotonicClock {
    static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }

    static func milliseconds() -> Int { nanoseconds() / 1_000_000 }
}

extension Duration {
    /// Rounded up, so that a short time is not none.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let rest = Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        return seconds > Int64(Int32.max) / 1000 ? Int(Int32.max) : Int(seconds) * 1000 + rest
    }
}
