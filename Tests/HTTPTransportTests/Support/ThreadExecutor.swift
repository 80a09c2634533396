import Foundation
import Synchronization

/// Runs jobs one after the other on one thread.
final class ThreadExecutor: TaskExecutor {
    private let jobs = Mutex<(queue: [UnownedJob], isStopped: Bool)>(([], false))
    private let condition = NSCondition()
    private static let key = "executor"

    init() {
        let thread = Thread { [self] in
            Thread.current.threadDictionary[Self.key] = ObjectIdentifier(self)
            run()
        }
        thread.start()
    }

    /// Whether the calling thread is this executor's.
    var isCurrent: Bool { Thread.current.threadDictionary[Self.key] as? ObjectIdentifier == ObjectIdentifier(self) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.lock()
        jobs.withLock { $0.queue.append(job) }
        condition.signal()
        condition.unlock()
    }

    func stop() {
        condition.lock()
        jobs.withLock { $0.isStopped = true }
        condition.signal()
        condition.unlock()
    }

    private func run() {
        while true {
            condition.lock()
            while jobs.withLock({ $0.queue.isEmpty && !$0.isStopped }) { condition.wait() }
            condition.unlock()
            let job: UnownedJob? = jobs.withLock { $0.queue.isEmpty ? nil : $0.queue.removeFirst() }
            guard let job else { return }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
