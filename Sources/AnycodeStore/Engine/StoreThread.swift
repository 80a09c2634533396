import Dispatch
import Foundation
import Synchronization

/// What became of a job handed to a `StoreThread`.
enum StoreSubmission { case accepted, full, stopped }

/// A thread that works off whatever jobs are waiting, in batches and in order.
///
/// SQLite's calls block (a commit waits for the disk), so they have no place on the concurrency pool. Patient jobs wait
/// until the last batch is some milliseconds old, or until one comes that is not: most of the cost of a small commit is
/// the disk's and the waking of threads, which a batch pays once.
final class StoreThread<Job: Sendable>: Sendable {
    fileprivate struct State {
        var jobs: [Job] = []
        /// Whether one of the jobs is not patient.
        var isUrgent = false
        var isSleeping = false
        var isPausing = false
        /// Whether it sleeps only because all jobs are patient.
        var isPacing = false
        var notBefore = DispatchTime(uptimeNanoseconds: 0)
        var isStopping = false
    }

    /// From the beginning of one batch to the next of patient jobs.
    private static var pace: DispatchTimeInterval { .milliseconds(16) }

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

    func submit(_ job: Job, isPatient: Bool = false) -> StoreSubmission {
        let (submission, mustWake) = state.withLock { state -> (StoreSubmission, Bool) in
            if state.isStopping { return (.stopped, false) }
            if state.jobs.count >= limit { return (.full, false) }
            state.jobs.append(job)
            if !isPatient { state.isUrgent = true }
            return (.accepted, state.wakes())
        }
        if mustWake { wakeUp.signal() }
        return submission
    }

    /// Turns further jobs away; those waiting are still done.
    func stop() {
        let mustWake = state.withLock { state in
            state.isStopping = true
            return state.wakes() || state.isPausing
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

    fileprivate enum Step {
        case work([Job])
        case sleep(until: DispatchTime)
        case end
    }

    /// The next batch; `nil` when stopped and all is done.
    private func next() -> [Job]? {
        while true {
            switch state.withLock({ $0.step(batch: batch, pace: Self.pace) }) {
            case .work(let jobs): return jobs
            case .sleep(let time): _ = wakeUp.wait(timeout: time)
            case .end: return nil
            }
        }
    }
}

extension StoreThread.State {
    /// Whether the thread sleeps though there is something to do now; the caller wakes it.
    mutating func wakes() -> Bool {
        guard isSleeping || isPacing && (isUrgent || isStopping) else { return false }
        (isSleeping, isPacing) = (false, false)
        return true
    }

    mutating func step(batch: Int, pace: DispatchTimeInterval) -> StoreThread.Step {
        (isSleeping, isPacing) = (false, false)
        guard !jobs.isEmpty else {
            if isStopping { return .end }
            isSleeping = true
            return .sleep(until: .distantFuture)
        }
        let now = DispatchTime.now()
        if !isUrgent, !isStopping, now < notBefore {
            isPacing = true
            return .sleep(until: notBefore)
        }
        notBefore = now + pace
        return .work(take(batch))
    }

    private mutating func take(_ batch: Int) -> [Job] {
        guard jobs.count > batch else {
            isUrgent = false
            defer { jobs = [] }
            return jobs
        }
        defer { jobs.removeFirst(batch) }
        return Array(jobs.prefix(batch))
    }
}
