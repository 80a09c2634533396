import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A task executor that runs one job at a time on the thread that calls `run`, in an order given by a seed.
///
/// The same seed and the same program give the same order of jobs, so a whole system of actors, task groups, streams and
/// manual clocks replays. What stays on the executor, and what leaves it:
///
/// - `start(_:)` and `Task(executorPreference:)` run here. Children (`async let`, `group.addTask`) inherit it, and calls to
///   ordinary actors made from here run here.
/// - **A plain `Task {}` or `Task.detached {}` does not inherit it** and runs on the global pool, also inside an actor;
///   write `Task(executorPreference: executor) {}`. `Task.immediate {}` leaves at its first suspension.
/// - `@MainActor` and actors with their own executor run where they say.
/// - `Task.sleep` and the real clocks resume from other threads, at real times: use a `ManualClock`.
/// - Anything hashed needs `SWIFT_DETERMINISTIC_HASHING=1` to be iterated in the same order by another process.
///
/// `strayJobs` counts jobs that came from other threads: a replay is only certain while it is 0.
///
/// Call it from synchronous tests. Nothing runs between two calls of `run`.
package final class SingleThreadTaskExecutor: TaskExecutor, Sendable {
    /// Which of the ready jobs runs next.
    package enum Order: Sendable, Hashable {
        case fifo
        /// Any of them, drawn from a generator with this seed.
        case seeded(UInt64)
    }

    /// Why `run` returned.
    package enum Outcome: Sendable, Hashable {
        /// The condition holds.
        case satisfied
        /// No job is ready: every task waits for a clock, a continuation or another thread, or none is left.
        case idle
        /// The given number of jobs ran.
        case exhausted
        /// `crash()` was called.
        case crashed
    }

    private struct State {
        var ready: ReadyJobs
        var home: pthread_t
        var isRunning = false
        var isCrashed = false
        var strayJobs = 0
        var refusedJobs = 0
        var trace = JobTrace()

        mutating func takeNext() -> UnownedJob? {
            guard let (job, number) = ready.take() else { return nil }
            trace.record(number)
            return job
        }
    }

    private let state: Mutex<State>

    package init(_ order: Order) {
        state = Mutex(State(ready: ReadyJobs(order), home: pthread_self()))
    }

    /// Jobs ready to run.
    package var readyJobs: Int { state.withLock { $0.ready.count } }

    /// Jobs that ran so far.
    package var finishedJobs: Int { state.withLock { $0.trace.count } }

    /// Jobs that came from a thread other than the one that drives this executor.
    package var strayJobs: Int { state.withLock { $0.strayJobs } }

    /// Jobs dropped by `crash()` and refused since.
    package var refusedJobs: Int { state.withLock { $0.refusedJobs } }

    /// A fingerprint of which jobs ran in which order: equal for equal runs.
    package var traceHash: UInt64 { state.withLock { $0.trace.hash } }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let thread = pthread_self()
        state.withLock { state in
            if pthread_equal(thread, state.home) == 0 { state.strayJobs += 1 }
            if state.isCrashed {
                state.refusedJobs += 1
            } else {
                state.ready.append(job)
            }
        }
    }

    /// Starts a task here; nothing of it runs before the next `run`.
    @discardableResult
    package func start<Success: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(executorPreference: self, operation: operation)
    }

    /// Runs ready jobs on this thread until `condition` holds, no job is ready or `jobs` of them ran.
    ///
    /// The condition is asked before each job. A default actor runs all that waits for it as one job.
    @discardableResult
    package func run(jobs: Int = .max, until condition: () -> Bool = { false }) -> Outcome {
        state.withLock { state in
            precondition(!state.isRunning, "SingleThreadTaskExecutor.run called from inside a job")
            state.isRunning = true
            state.home = pthread_self()
        }
        defer { state.withLock { $0.isRunning = false } }
        var left = jobs
        while true {
            if state.withLock({ $0.isCrashed }) { return .crashed }
            if condition() { return .satisfied }
            if left == 0 { return .exhausted }
            guard let job = state.withLock({ $0.takeNext() }) else { return .idle }
            job.runSynchronously(on: asUnownedTaskExecutor())
            left -= 1
        }
    }

    /// Starts a task and runs until it has returned.
    /// - Throws: what `operation` throws; `Stalled` when it waits for something that no ready job can bring.
    package func complete<Success: Sendable>(
        _ operation: @escaping @Sendable () async throws -> Success
    ) throws -> Success {
        let box = ResultBox<Success>()
        start {
            do {
                box.set(.success(try await operation()))
            } catch {
                box.set(.failure(error))
            }
        }
        let outcome = run(until: { box.isSet })
        guard let result = box.result else { throw Stalled(outcome: outcome) }
        return try result.get()
    }

    /// Drops all ready jobs and silently refuses every later one, as `kill -9` does to a process.
    ///
    /// No task continues after its next suspension, so no `defer`, `catch` or cancellation handler of theirs runs. Their
    /// memory is leaked, and with it what they hold: close files and databases from outside, as the kernel would. An actor
    /// whose job was dropped never answers again. Called from inside a job, the rest of that job still runs, and
    /// whatever already waits for the same actor: to stop between two given jobs, use `run(jobs:)`.
    package func crash() {
        state.withLock { state in
            state.isCrashed = true
            state.refusedJobs += state.ready.removeAll()
        }
    }

    /// The operation of `complete(_:)` did not return.
    package struct Stalled: Error, Sendable, Hashable {
        package let outcome: Outcome

        package init(outcome: Outcome) {
            self.outcome = outcome
        }
    }
}

/// A result set once by a task and read by the thread that drives it.
private final class ResultBox<Success: Sendable>: Sendable {
    private let value = Mutex<Result<Success, any Error>?>(nil)

    var result: Result<Success, any Error>? { value.withLock { $0 } }
    var isSet: Bool { result != nil }

    func set(_ result: Result<Success, any Error>) {
        value.withLock { $0 = result }
    }
}
