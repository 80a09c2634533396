/// A growing delay before each restart in a row.
///
/// A row ends when the child reports progress (``ChildContext/reportProgress()``) or has run for ``resetAfter``.
public struct Backoff: Sendable, Hashable {
    /// The delay before the first restart in a row.
    public var initial: Duration
    /// What each further delay is multiplied by.
    public var multiplier: Double
    /// The longest delay.
    public var cap: Duration
    /// The part of a delay, 0 to 1, that chance may take away.
    public var jitter: Double
    /// How many restarts in a row are allowed.
    ///
    /// With a number here, the child's restarts are held against it and not against the supervisor's intensity. One
    /// more has the same effect as an exceeded intensity.
    public var maxRestarts: Int?
    /// How long a child must have run to end a row without reporting progress; nil waits for a report.
    public var resetAfter: Duration?

    /// Creates a backoff: exponential, capped, jittered.
    public init(
        initial: Duration = .seconds(1),
        multiplier: Double = 2,
        cap: Duration = .seconds(30),
        jitter: Double = 0.25,
        maxRestarts: Int? = nil,
        resetAfter: Duration? = nil
    ) {
        self.initial = initial
        self.multiplier = max(1, multiplier)
        self.cap = cap
        self.jitter = min(1, max(0, jitter))
        self.maxRestarts = maxRestarts
        self.resetAfter = resetAfter
    }

    /// The delay before a restart.
    /// - Parameters:
    ///   - attempt: Which restart in a row this is, from 1.
    ///   - random: A number from 0 to 1 that decides the jitter.
    public func delay(attempt: Int, random: Double) -> Duration {
        var delay = min(initial, cap)
        var step = 1
        while step < attempt, delay < cap, multiplier > 1, delay > .zero {
            delay = min(cap, delay * multiplier)
            step += 1
        }
        return jitter == 0 ? delay : delay * (1 - jitter * min(1, max(0, random)))
    }
}
