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

    package init<C: Clock<Duration>>(_ clock: C, date: @escaping @Sendable () -> Date) {
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { duration in try await clock.sleep(for: duration) }
        self.date = date
    }
}
