/// The owner of work that outlives the request that began it: all of it ends with `run()`.
final class Jobs: Sendable {
    typealias Job = @Sendable () async -> Void

    private let stream: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    init() {
        // One job per agent process or clone, both limited by their owners.
        (stream, continuation) = AsyncStream.makeStream(of: Job.self, bufferingPolicy: .unbounded)
    }

    func add(_ job: @escaping Job) {
        continuation.yield(job)
    }

    func finish() {
        continuation.finish()
    }

    /// Runs jobs until `finish` was called and the last one is done.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in stream { group.addTask { await job() } }
        }
    }
}
