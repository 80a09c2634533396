import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct SingleThreadTaskExecutorTests {
    private let executor = SingleThreadTaskExecutor(.fifo)
    private let events = Recorder<String>()

    @Test func nothingRunsBeforeRun() {
        executor.start { events.record("ran") }
        #expect(events.all.isEmpty)
        #expect(executor.readyJobs == 1)
        #expect(executor.run() == .idle)
        #expect(events.all == ["ran"])
    }

    @Test func fifoRunsInOrderOfArrival() {
        for number in 0..<3000 { executor.start { events.record("\(number)") } }
        executor.run()
        #expect(events.all == (0..<3000).map(String.init))
    }

    @Test func everySeedRunsEveryJobOnce() {
        for seed in 0..<20 as Range<UInt64> {
            let executor = SingleThreadTaskExecutor(.seeded(seed))
            let ran = Recorder<Int>()
            for number in 0..<100 { executor.start { ran.record(number) } }
            #expect(executor.run() == .idle)
            #expect(ran.all.sorted() == Array(0..<100))
            #expect(ran.all != Array(0..<100))
        }
    }

    @Test func stopsAtTheConditionOrTheNumberOfJobs() {
        for number in 0..<10 { executor.start { events.record("\(number)") } }
        #expect(executor.run(until: { events.all.count == 4 }) == .satisfied)
        #expect(executor.run(jobs: 3) == .exhausted)
        #expect(events.all.count == 7)
        #expect(executor.run(jobs: 0) == .exhausted)
        #expect(executor.run(jobs: 3, until: { false }) == .exhausted)
        #expect(executor.run() == .idle)
        #expect(executor.finishedJobs == 10)
    }

    @Test func completeReturnsTheResultOrThrowsTheError() throws {
        struct Expected: Error {}
        #expect(try executor.complete { 7 } == 7)
        #expect(throws: Expected.self) { try executor.complete { throw Expected() } }
    }

    @Test func completeSaysWhenNothingCanGoOn() {
        let clock = ManualClock()
        #expect(throws: SingleThreadTaskExecutor.Stalled(outcome: .idle)) {
            try executor.complete { try await clock.sleep(for: .seconds(1)) }
        }
    }

    @Test func childrenActorsAndStreamsStayOnTheThread() throws {
        let here = currentThread()
        let counter = ThreadWitness()
        let threads = try executor.complete {
            async let child = currentThread()
            let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
            let fromGroup = await withTaskGroup(of: ObjectIdentifier.self) { group in
                group.addTask {
                    for await _ in stream {}
                    return currentThread()
                }
                group.addTask {
                    continuation.finish()
                    return currentThread()
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            return await [child, counter.thread()] + fromGroup
        }
        #expect(threads.allSatisfy { $0 == here })
        #expect(executor.strayJobs == 0)
    }

    @Test func tasksGivenTheExecutorStay() throws {
        let here = currentThread()
        let there = try executor.complete {
            await Task(executorPreference: executor) { currentThread() }.value
        }
        #expect(there == here)
        #expect(executor.strayJobs == 0)
    }

    @Test func plainTaskLeavesTheExecutor() async {
        let elsewhere = Recorder<Task<ObjectIdentifier, Never>>()
        executor.start { elsewhere.record(Task { currentThread() }) }
        #expect(executor.run() == .idle)
        for task in elsewhere.all { _ = await task.value }
        #expect(elsewhere.all.count == 1)
        #expect(executor.finishedJobs == 1)
    }

    @Test func jobsFromOtherThreadsAreCountedAsStray() async {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let (arrived, arrive) = AsyncStream.makeStream(of: Void.self)
        let waiting = executor.start {
            for await _ in ended {}
            events.record("resumed")
        }
        executor.run()
        let other = Thread {
            end.finish()
            arrive.finish()
        }
        other.start()
        for await _ in arrived {}
        #expect(executor.strayJobs == 1)
        executor.run()
        #expect(events.all == ["resumed"])
        waiting.cancel()
    }

    @Test func cancellationReachesTasksHere() throws {
        let clock = ManualClock()
        let task = executor.start { try await clock.sleep(for: .seconds(1)) }
        executor.run()
        task.cancel()
        #expect(throws: CancellationError.self) { try executor.complete { try await task.value } }
    }
}

@Suite struct SingleThreadTaskExecutorCrashTests {
    private let executor = SingleThreadTaskExecutor(.fifo)
    private let clock = ManualClock()
    private let events = Recorder<String>()

    private func startSleeper() {
        executor.start {
            defer { events.record("defer") }
            await withTaskCancellationHandler {
                events.record("started")
                do {
                    try await clock.sleep(for: .seconds(1))
                    events.record("woke")
                } catch {
                    events.record("caught")
                }
            } onCancel: {
                events.record("cancelled")
            }
        }
    }

    @Test func nothingOfASuspendedTaskRunsAfterACrash() {
        startSleeper()
        executor.run()
        executor.crash()
        clock.advance(by: .seconds(2))
        #expect(executor.run() == .crashed)
        #expect(events.all == ["started"])
        #expect(executor.refusedJobs == 1)
    }

    @Test func readyJobsAreDropped() {
        startSleeper()
        executor.run()
        clock.advance(by: .seconds(2))
        startSleeper()
        executor.crash()
        #expect(executor.readyJobs == 0)
        #expect(executor.refusedJobs == 2)
        executor.run()
        #expect(events.all == ["started"])
    }

    @Test func newTasksAreRefusedSilently() {
        executor.crash()
        startSleeper()
        #expect(executor.run() == .crashed)
        #expect(events.all.isEmpty)
    }

    @Test func crashFromInsideAJobEndsTheRunAfterThatJob() {
        executor.start {
            defer { events.record("defer") }
            executor.crash()
            events.record("rest of the job")
            try await clock.sleep(for: .seconds(1))
        }
        executor.start { events.record("other") }
        #expect(executor.run() == .crashed)
        clock.advance(by: .seconds(1))
        #expect(executor.run() == .crashed)
        #expect(events.all == ["rest of the job"])
    }

    @Test func everyStopPointCanBeChosenByNumberOfJobs() {
        var seen: Set<[String]> = []
        for jobs in 0..<10 {
            let executor = SingleThreadTaskExecutor(.fifo)
            let ledger = Recorder<String>()
            let witness = ThreadWitness()
            executor.start {
                for step in 0..<3 {
                    ledger.record("\(step)")
                    _ = await witness.thread()
                    async let other: Void = ledger.record("child \(step)")
                    await other
                }
            }
            executor.run(jobs: jobs)
            executor.crash()
            seen.insert(ledger.all)
        }
        #expect(seen.count >= 4)
    }
}

private actor ThreadWitness {
    func thread() -> ObjectIdentifier { currentThread() }
}

/// Which thread this runs on.
private func currentThread() -> ObjectIdentifier {
    ObjectIdentifier(Thread.current)
}
