import Synchronization
import Testing

@testable import Supervision

/// The tree runs where it is told to, and nowhere else.
@Suite struct ExecutorTests {
    /// Runs jobs on threads of the global pool's choosing, and says so while it does.
    final class CountingExecutor: TaskExecutor {
        let jobs = Atomic<Int>(0)

        func enqueue(_ job: consuming ExecutorJob) {
            jobs.add(1, ordering: .relaxed)
            let job = UnownedJob(job)
            Task.detached { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }

    /// Fails where the current task does not prefer the given executor.
    static func expectOn(_ executor: any TaskExecutor, _ place: String) {
        withUnsafeCurrentTask { task in
            #expect(task?.unownedTaskExecutor == executor.asUnownedTaskExecutor(), "\(place)")
        }
    }

    actor Placed: Child {
        let executor: any TaskExecutor
        let clock: ManualClock
        init(_ executor: any TaskExecutor, _ clock: ManualClock) {
            self.executor = executor
            self.clock = clock
        }

        func run() async throws {
            ExecutorTests.expectOn(executor, "run")
            try await clock.sleep(until: .init(offset: .seconds(1)), tolerance: nil)
            ExecutorTests.expectOn(executor, "run, after a wait")
            throw Bench.Crash()
        }

        func stop(within grace: Duration?) async throws {
            ExecutorTests.expectOn(executor, "stop")
            throw CancellationError()
        }
    }

    @Test func everythingRunsOnTheGivenExecutor() throws {
        let bench = Bench()
        let executor = bench.executor
        let supervisor = try bench.supervisor(
            .oneForOne,
            [
                .supervisor(id: "inner") { context in
                    ExecutorTests.expectOn(executor, "factory of a supervisor")
                    return try Supervisor(
                        under: context, intensity: .unlimited,
                        children: [
                            ChildSpec(id: "a", backoff: Backoff(initial: .seconds(1))) { _ in
                                ExecutorTests.expectOn(executor, "factory")
                                return Placed(executor, bench.clock)
                            },
                            ChildSpec(
                                id: "b",
                                run: { context in
                                    ExecutorTests.expectOn(executor, "closure")
                                    await context.stopRequested()
                                    ExecutorTests.expectOn(executor, "closure, after the stop request")
                                }),
                        ]
                    )
                }
            ])
        bench.run(supervisor)
        bench.advance(.seconds(1))
        bench.advance(.seconds(1))
        supervisor.stop()
        executor.drain()
        #expect(bench.isOver, "with nothing but this executor driven by hand, all of it must have run here")
        #expect(executor.jobsRun > 10)
    }

    @Test func nothingHappensUnlessTheExecutorRuns() throws {
        let bench = Bench()
        let supervisor = try bench.supervisor(.oneForOne, [bench.spec("a")])
        bench.begin(supervisor)
        #expect(bench.log == [])
        while bench.executor.step() {}
        #expect(bench.log == ["+a"])
    }

    @Test func aThreadedExecutorServesToo() async throws {
        let executor = CountingExecutor()
        let started = AsyncStream.makeStream(of: Int.self)
        let supervisor = try Supervisor(
            id: "root", intensity: .unlimited, executor: executor,
            children: (0..<20).map { number in
                ChildSpec(
                    id: "\(number)",
                    run: { context in
                        Self.expectOn(executor, "child")
                        started.continuation.yield(context.incarnation)
                        if context.incarnation < 5 { throw Bench.Crash() }
                        await context.stopRequested()
                    })
            }
        )
        let task = Task(executorPreference: executor) { try await supervisor.run() }
        var last = 0
        for await incarnation in started.stream where incarnation == 5 {
            last += 1
            if last == 20 { break }
        }
        supervisor.stop()
        try await task.value
        #expect(executor.jobs.load(ordering: .relaxed) >= 100)
    }

    @Test(arguments: 0..<40) func theSameSeedReplaysTheSameStory(_ seed: UInt64) throws {
        #expect(try story(seed) == story(seed))
    }

    @Test func differentSeedsTellDifferentStories() throws {
        let stories = try Set((0..<20).map { try story($0) })
        #expect(stories.count > 1)
    }

    /// A tree with much going on at the same time, in the order that a seed gives it.
    private func story(_ seed: UInt64) throws -> [String] {
        let bench = Bench(seed: seed)
        let log = EventLog()
        bench.manners("workers/3") { $0.mindsCancel = false }
        let root = try bench.supervisor(
            .restForOne, observer: log.observer,
            [
                .supervisor(id: "workers") { context in
                    let workers = DynamicSupervisor<Int>(under: context, intensity: .unlimited) { _, context in
                        try await bench.child(context)
                    }
                    for key in 0..<6 { try workers.startChild(key) }
                    return workers
                },
                bench.spec("last"),
            ]
        )
        bench.run(root)
        for key in 0..<6 { bench.tellOnly("workers/\(key)", .crash("all at once")) }
        bench.executor.drain()
        root.stop()
        bench.executor.drain()
        bench.advance(.seconds(5))
        bench.advance(.seconds(1))
        return log.texts + bench.log
    }
}
