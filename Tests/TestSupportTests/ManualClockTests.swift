import Synchronization
import TestSupport
import Testing

@Suite struct ManualClockTests {
    private let clock = ManualClock()
    private let woken = Recorder<String>()

    @Test func startsAtZeroAndMovesOnlyWhenAdvanced() {
        #expect(clock.now.offset == .zero)
        clock.advance(by: .seconds(3))
        clock.advance(to: .init(offset: .seconds(1)))
        #expect(clock.now.offset == .seconds(3))
    }

    @Test func pastDeadlineDoesNotSleep() async throws {
        clock.advance(by: .seconds(1))
        try await clock.sleep(until: .init(offset: .seconds(1)))
        #expect(clock.sleeperCount == 0)
    }

    @Test func wakesOnlyWhoIsDue() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seconds in [1, 5] {
                group.addTask {
                    try await clock.sleep(for: .seconds(seconds))
                    woken.record("\(seconds)")
                }
            }
            try await clock.waitForSleepers(count: 2)
            #expect(clock.nextDeadline?.offset == .seconds(1))
            clock.advance(by: .seconds(4))
            try await group.next()
            #expect(woken.all == ["1"])
            #expect(clock.sleeperCount == 1)
            #expect(clock.advanceToNextDeadline() == .seconds(1))
            try await group.next()
        }
        #expect(woken.all == ["1", "5"])
        #expect(clock.advanceToNextDeadline() == nil)
    }

    @Test func sleepersWakeByDeadlineThenByArrival() {
        let executor = SingleThreadTaskExecutor(.fifo)
        for (name, seconds) in [("late", 9), ("first", 2), ("second", 2), ("soon", 1)] {
            executor.start {
                try await clock.sleep(for: .seconds(seconds))
                woken.record(name)
            }
        }
        executor.run()
        clock.advance(by: .seconds(10))
        executor.run()
        #expect(woken.all == ["soon", "first", "second", "late"])
    }

    @Test func cancelledSleeperThrowsAndIsForgotten() async throws {
        let sleeper = Task { try await clock.sleep(for: .seconds(60)) }
        try await clock.waitForSleepers(count: 1)
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test func taskCancelledBeforeItSleepsThrows() async {
        let sleeper = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(for: .seconds(60))
        }
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test func cancelledWaitForSleepersThrows() async {
        let watcher = Task { try await clock.waitForSleepers(count: 1) }
        watcher.cancel()
        await #expect(throws: CancellationError.self) { try await watcher.value }
    }

    @Test func waitForSleepersReturnsAtOnceWhenTheySleepAlready() throws {
        let executor = SingleThreadTaskExecutor(.fifo)
        executor.start { try await clock.sleep(for: .seconds(1)) }
        try executor.complete { try await clock.waitForSleepers(count: 1) }
        try executor.complete { try await clock.waitForSleepers(count: 0) }
        clock.advance(by: .seconds(1))
        #expect(executor.run() == .idle)
    }
}

@Suite struct SplitMix64Tests {
    @Test func givesThePublishedSequence() {
        var generator = SplitMix64(seed: 1_234_567)
        let first = (0..<3).map { _ in generator.next() }
        #expect(first == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test func splitGeneratorsAreIndependentOfLaterUse() {
        var one = SplitMix64(seed: 7)
        var two = SplitMix64(seed: 7)
        var childOfOne = one.split()
        var childOfTwo = two.split()
        _ = one.next()
        #expect(childOfOne.next() == childOfTwo.next())
        #expect((0..<100).allSatisfy { _ in !one.chance(0, in: 10) && one.chance(10, in: 10) })
    }
}
