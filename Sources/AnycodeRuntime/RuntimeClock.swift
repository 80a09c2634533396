#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// The two times a session lives by: one that stands still while the machine sleeps, and the calendar's.
package struct RuntimeClock: Sendable {
    /// Time since this clock was made; deadlines count in it.
    package let now: @Sendable () -> Duration
    /// Suspends for a duration of the same time; throws `CancellationError` when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void
    /// The calendar's time, for people and for rows.
    package let date: @Sendable () -> Date
    /// Time since this clock was made, the machine's sleep included; only compared with `now`.
    package let elapsed: @Sendable () -> Duration

    /// - Parameter elapsed: a time that goes on while the machine sleeps; `nil` for a world without sleep.
    package init<C: Clock<Duration>>(
        _ clock: C, date: @escaping @Sendable () -> Date, elapsed: (@Sendable () -> Duration)? = nil
    ) {
        let start = clock.now
        let now: @Sendable () -> Duration = { start.duration(to: clock.now) }
        self.now = now
        sleep = { duration in try await clock.sleep(for: duration) }
        self.date = date
        self.elapsed = elapsed ?? now
    }

    /// The machine's clocks.
    package static var system: RuntimeClock {
        let (clock, start) = (ContinuousClock(), ContinuousClock.now)
        return RuntimeClock(SuspendingClock(), date: { Date() }, elapsed: { start.duration(to: clock.now) })
    }
}
