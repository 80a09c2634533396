import Synchronization

/// A clock that moves only when told to.
///
/// Wait until the code under test sleeps, then advance:
///
///     async let result = retry(clock: clock)
///     try await clock.waitForSleepers(count: 1)
///     clock.advance(by: .seconds(1))
///
/// On a `SingleThreadTaskExecutor` no waiting is needed: run it until idle, then `advanceToNextDeadline()`.
package final class ManualClock: Clock, Sendable {
    /// Time since the clock was made.
    package struct Instant: InstantProtocol, Sendable, Hashable {
        package let offset: Duration

        package init(offset: Duration) {
            self.offset = offset
        }

        package func advanced(by duration: Duration) -> Instant {
            Instant(offset: offset + duration)
        }

        package func duration(to other: Instant) -> Duration {
            other.offset - offset
        }

        package static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private let state = Mutex(SleepBook())

    package init() {}

    package var now: Instant { state.withLock { $0.now } }

    package var minimumResolution: Duration { .nanoseconds(1) }

    /// How many sleep now.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// When the first sleeper is due; nil when nobody sleeps.
    package var nextDeadline: Instant? { state.withLock { $0.nextDeadline } }

    /// Suspends until the clock was advanced to `deadline`; returns at once when that is past.
    /// - Throws: `CancellationError` when the task is cancelled before.
    package func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let ticket = state.withLock { $0.newTicket() }
        // Unsafe, for a simulated crash abandons sleepers: a checked continuation would report that as misuse.
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                let wakings = state.withLock { $0.sleep(ticket, until: deadline, continuation) }
                wakings.resume()
            }
        } onCancel: {
            state.withLock { $0.cancel(ticket) }.resume()
        }
    }

    /// Moves the time on and wakes the sleepers that are due: earliest deadline first, then who slept first.
    package func advance(by duration: Duration) {
        advance(to: now.advanced(by: duration))
    }

    /// Moves the time on to `instant`; never back.
    package func advance(to instant: Instant) {
        state.withLock { $0.advance(to: instant) }.resume()
    }

    /// Moves the time to the first deadline and wakes those due then; returns by how much, nil when nobody sleeps.
    @discardableResult
    package func advanceToNextDeadline() -> Duration? {
        let (moved, wakings) = state.withLock { book -> (Duration?, Wakings) in
            guard let deadline = book.nextDeadline else { return (nil, Wakings()) }
            let before = book.now
            let wakings = book.advance(to: deadline)
            return (before.duration(to: book.now), wakings)
        }
        wakings.resume()
        return moved
    }

    /// Suspends until at least `count` sleep at the same time.
    /// - Throws: `CancellationError` when the task is cancelled before.
    package func waitForSleepers(count: Int) async throws {
        let ticket = state.withLock { $0.newTicket() }
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                state.withLock { $0.watch(ticket, count: count, continuation) }.resume()
            }
        } onCancel: {
            state.withLock { $0.cancel(ticket) }.resume()
        }
    }
}
