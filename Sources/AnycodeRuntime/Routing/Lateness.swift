#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Tells a message that comes late from a clock that is off. A value for each platform.
///
/// What was held up while the daemon was away arrives at one moment, however far apart it was written. Where the clocks
/// differ, messages are as far apart on arrival as when they were written: two that are equally "late", a minute or more
/// apart, show by how much.
struct Lateness {
    /// How old a task may be without being asked about, in seconds.
    static let limit: TimeInterval = 600

    /// By how much the platform's clock is behind ours, as far as it is known, in seconds.
    private(set) var offset: TimeInterval = 0
    private var last: (lag: TimeInterval, receivedAt: Date)?

    /// Looks at a message.
    ///
    /// - Returns: by how much the clocks differ, in seconds, when this message has just shown it.
    mutating func observe(sentAt: Date, receivedAt: Date) -> TimeInterval? {
        let lag = receivedAt.timeIntervalSince(sentAt)
        offset = min(offset, max(0, lag))
        defer { last = (lag, receivedAt) }
        guard offset == 0, lag > Self.limit, let last, last.lag > Self.limit, abs(lag - last.lag) < 30,
            receivedAt.timeIntervalSince(last.receivedAt) >= 60
        else { return nil }
        offset = min(lag, last.lag)
        return offset
    }

    /// How old a message is that was sent then, in seconds; `nil` when it is in time.
    func age(sentAt: Date, now: Date) -> TimeInterval? {
        let age = now.timeIntervalSince(sentAt) - offset
        return age > Self.limit ? age : nil
    }
}
