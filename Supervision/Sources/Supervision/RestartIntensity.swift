/// How many restarts within how much time are too many.
///
/// The window slides: before each restart those of the last ``period`` are counted, that one included, and more than
/// ``restarts`` of them exceed the intensity.
public struct RestartIntensity: Sendable, Hashable {
    /// The number of restarts allowed within the period. 0 allows none.
    public var restarts: Int
    /// The length of the window.
    public var period: Duration

    /// Allows `restarts` restarts within each `period`.
    public init(_ restarts: Int, in period: Duration) {
        self.restarts = max(0, restarts)
        self.period = period
    }

    /// One restart in five seconds.
    public static let `default` = RestartIntensity(1, in: .seconds(5))

    /// No limit.
    public static let unlimited = RestartIntensity(.max, in: .zero)
}

extension RestartIntensity: CustomStringConvertible {
    /// In words: `3 in 60 s`.
    public var description: String {
        guard restarts < .max else { return "unlimited restarts" }
        let seconds = (period.seconds * 10).rounded() / 10
        return "\(restarts) in \(seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds))" : "\(seconds)") s"
    }
}

/// The times of recent restarts; holds at most one more than the intensity allows.
struct RestartWindow: Sendable {
    private var times: [Duration] = []
    private var head = 0

    /// Counts a restart and tells whether it exceeds the intensity.
    mutating func exceeds(_ intensity: RestartIntensity, restartingAt now: Duration) -> Bool {
        guard intensity.restarts < .max else { return false }
        guard intensity.restarts > 0 else { return true }
        while head < times.count, now - times[head] > intensity.period {
            head += 1
        }
        if head > 32, head * 2 > times.count {
            times.removeFirst(head)
            head = 0
        }
        times.append(now)
        return times.count - head > intensity.restarts
    }
}
