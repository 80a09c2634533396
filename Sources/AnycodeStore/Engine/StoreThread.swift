import Dispatch
import Foundation
import Synchronization

/// What became of a job handed to a `StoreThread`.
enum StoreSubmission { case accepted, full, stopped }

/// A thread that works off whatever jobs are waiting, in batches and in order.
///
/// SQLite's calls block (a commit waits for the disk), so they have no place on the concurrency pool.
final class StoreThread<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        var isSleeping = false
        var isPausing = false
        var isStopping = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let batch: Int
    private let wakeUp = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - limit: how many jobs may wait; further ones are turned away.
    ///   - batch: how many jobs are handed over at once.
    ///   - work: called on the thread with at least one job, and with the thread itself.
    ///   - end: called on the thread after the last job.
    init(
        name: String, limit: Int, batch: Int, work: @escaping @Sendable ([Job], StoreThread) -> Void,
        end: @escaping @Sendable () -> Void
    ) {
        self.limit = limit
        self.batch = batch
        let thread = Thread {
            Thread.current.name = name
            while let jobs = self.next() { work(jobs, self) }
            end()
            self.ended.signal()
        }
        thread.start()
    }

    func submit(_ job: Job) -> StoreSubmission {
        let (submission, mustWake) = state.withLock { state -> (StoreSubmission, Bool) in
            if state.isStopping { return (.stopped, false) }
            if state.jobs.count >= limit { return (.full, false) }
            state.jobs.append(job)
            defer { state.isSleeping = false }
            return (.accepted, state.isSleeping)
        }
        if mustWake { wakeUp.signal() }
        return submission
    }

    /// Turns further jobs away; those waiting are still done.
    func stop() {
        let mustWake = state.withLock { state in
            state.isStopping = true
            defer { state.isSleeping = false }
            return state.isSleeping || state.isPausing
        }
        if mustWake { wakeUp.signal() }
    }

    /// Whether further jobs are turned away.
    var isStopping: Bool { state.withLock(\.isStopping) }

    /// Blocks the thread, which calls it from within its work, until the time is over or the thread is to stop.
    func pause(_ duration: Duration) {
        let mustWait = state.withLock { state in
            state.isPausing = !state.isStopping
            return state.isPausing
        }
        guard mustWait else { return }
        // A signal that comes too late only has the thread look once more for jobs.
        _ = wakeUp.wait(timeout: .now() + .milliseconds(Int(duration / .milliseconds(1))))
        state.withLock { $0.isPausing = false }
    }

    /// Blocks until the thread has ended. Never called from the thread itself.
    func join() {
        ended.wait()
        ended.signal()
    }

    /// The next batch; `nil` when stopped and all is done.
    private func next() -> [Job]? {
        while true {
            let jobs = state.withLock { state -> [Job]? in
                guard !state.jobs.isEmpty else {
                    state.isSleeping = !state.isStopping
                    return state.isStopping ? nil : []
                }
                return take(&state.jobs)
            }
            guard let jobs, jobs.isEmpty else { return jobs }
            wakeUp.wait()
        }
    }

    private func take(_ jobs: inout [Job]) -> [Job] {
        guard jobs.count > batch else {
            defer { jobs = [] }
            return jobs
        }
        defer { jobs.removeFirst(batch) }
        return Array(jobs.prefix(batch))
    }
}
