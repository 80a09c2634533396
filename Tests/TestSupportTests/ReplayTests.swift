import Synchronization
import TestSupport
import Testing

/// A small world of everything a session tree is made of: actors, groups, streams, clocks, cancellation.
private actor Ledger {
    private(set) var lines: [String] = []
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func add(_ line: String) {
        lines.append(line)
        for waiter in waiters { waiter.resume() }
        waiters = []
    }

    func waitForLines(_ count: Int) async {
        while lines.count < count {
            await withCheckedContinuation { waiters.append($0) }
        }
    }
}

private struct World: Sendable {
    let clock = ManualClock()
    let ledger = Ledger()

    func run() async throws -> [String] {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await line in stream { await ledger.add("heard \(line)") } }
            try await withThrowingTaskGroup(of: Void.self) { speakers in
                for speaker in 0..<6 { speakers.addTask { try await speak(speaker, into: continuation) } }
                try await speakers.waitForAll()
            }
            async let left = ledger.waitForLines(30)
            continuation.finish()
            try await group.waitForAll()
            await left
        }
        return await ledger.lines
    }

    private func speak(_ speaker: Int, into continuation: AsyncStream<String>.Continuation) async throws {
        for turn in 0..<3 {
            await ledger.add("\(speaker).\(turn)")
            try await clock.sleep(for: .milliseconds(10 * (1 + (speaker + turn) % 3)))
            if turn != speaker % 3 { continuation.yield("\(speaker).\(turn)") }
            await Task.yield()
        }
    }
}

private struct Replay: Equatable {
    var lines: [String]
    var trace: UInt64
    var stray: Int
    var jobs: Int
}

private func replay(_ order: SingleThreadTaskExecutor.Order) -> Replay {
    let executor = SingleThreadTaskExecutor(order)
    let world = World()
    let lines = Mutex<[String]>([])
    executor.start {
        let said = try await world.run()
        lines.withLock { $0 = said }
    }
    repeat { executor.run() } while world.clock.advanceToNextDeadline() != nil
    return Replay(
        lines: lines.withLock { $0 }, trace: executor.traceHash, stray: executor.strayJobs, jobs: executor.finishedJobs)
}

@Suite struct ReplayTests {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func oneSeedReplaysIdentically(seed: UInt64) {
        let first = replay(.seeded(seed))
        #expect(first.lines.count == 30)
        #expect(first.stray == 0)
        #expect(replay(.seeded(seed)) == first)
    }

    @Test func seedsDiffer() {
        let traces = Set((0..<50 as Range<UInt64>).map { replay(.seeded($0)).lines })
        #expect(traces.count > 40)
    }

    @Test func fifoNeedsNoSeedToReplay() {
        #expect(replay(.fifo) == replay(.fifo))
    }
}
