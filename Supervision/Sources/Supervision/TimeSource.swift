/// The injected clock, as durations since the tree was made.
final class TimeSource: Sendable {
    let clock: any Clock<Duration>
    private let elapsed: @Sendable () -> Duration
    private let sleeper: @Sendable (Duration) async throws -> Void

    init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let origin = clock.now
        self.clock = clock
        elapsed = { origin.duration(to: clock.now) }
        sleeper = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }

    var now: Duration { elapsed() }

    func sleep(until deadline: Duration) async throws {
        try await sleeper(deadline)
    }
}

extension Duration {
    /// The duration in seconds, for snapshots.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
