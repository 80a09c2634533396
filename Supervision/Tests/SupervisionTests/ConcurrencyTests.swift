import Synchronization
import Testing

@testable import Supervision

/// On the default executor, with all the threads there are: nothing is lost, doubled or stuck.
@Suite struct ConcurrencyTests {
    /// How many children of a test run right now.
    final class Gauge: Sendable {
        let live = Atomic<Int>(0)
        let starts = Atomic<Int>(0)
    }

    /// Waits to be stopped; crashes at once in its first incarnations.
    struct Busy: Child {
        let context: ChildContext
        let gauge: Gauge
        let crashes: Int

        func run() async throws {
            gauge.live.add(1, ordering: .relaxed)
            gauge.starts.add(1, ordering: .relaxed)
            defer { gauge.live.subtract(1, ordering: .relaxed) }
            if context.incarnation <= crashes { throw Bench.Crash() }
            await context.stopRequested()
        }
    }

    @Test func manyCallersStartAndTerminate() async throws {
        let gauge = Gauge()
        let supervisor = DynamicSupervisor<Int>(id: "busy", intensity: .unlimited) { _, context in
            Busy(context: context, gauge: gauge, crashes: 0)
        }
        let task = Task { try await supervisor.run() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<8 {
                group.addTask {
                    for round in 0..<100 {
                        let key = caller * 1000 + round
                        try supervisor.startChild(key)
                        try await supervisor.waitUntilRunning(key)
                        if round.isMultiple(of: 2) { try await supervisor.terminateChild(key) }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(supervisor.count == 400)
        supervisor.stop()
        try await task.value
        #expect(supervisor.count == 0)
        #expect(gauge.live.load(ordering: .relaxed) == 0)
    }

    @Test func manyCrashesAreAllRestarted() async throws {
        let gauge = Gauge()
        let supervisor = DynamicSupervisor<Int>(id: "crashing", intensity: .unlimited) { _, context in
            Busy(context: context, gauge: gauge, crashes: 20)
        }
        let last = AsyncStream.makeStream(of: Void.self)
        let events = supervisor.events(bufferingNewest: 1_000_000)
        let task = Task { try await supervisor.run() }
        let reader = Task {
            var counts = (started: 0, exited: 0, restarting: 0, sequence: UInt64(0))
            for await event in events {
                counts.sequence += 1
                #expect(event.sequence == counts.sequence, "events come in order, each once")
                switch event.kind {
                case .started(let incarnation):
                    counts.started += 1
                    if incarnation == 21 { last.continuation.yield() }
                case .exited: counts.exited += 1
                case .restarting: counts.restarting += 1
                default: break
                }
            }
            return counts
        }
        for key in 0..<100 { try supervisor.startChild(key) }
        var up = 0
        for await _ in last.stream {
            up += 1
            if up == 100 { break }
        }
        supervisor.stop()
        try await task.value
        let counts = await reader.value
        #expect(counts.started == 2100)
        #expect(counts.exited == 2100)
        #expect(counts.restarting == 2000)
        #expect(gauge.live.load(ordering: .relaxed) == 0)
        #expect(gauge.starts.load(ordering: .relaxed) == 2100)
    }

    @Test func stopWhileChildrenAreBeingAdded() async throws {
        for _ in 0..<5 {
            let gauge = Gauge()
            let supervisor = DynamicSupervisor<Int>(id: "closing", intensity: .unlimited) { _, context in
                Busy(context: context, gauge: gauge, crashes: 1)
            }
            let events = supervisor.events(bufferingNewest: 1)
            let task = Task { try await supervisor.run() }
            let adder = Task {
                var key = 0
                while key < 10_000, (try? supervisor.startChild(key)) != nil { key += 1 }
                return key
            }
            for await _ in events { break }
            supervisor.stop()
            try await task.value
            _ = await adder.value
            #expect(gauge.live.load(ordering: .relaxed) == 0)
            #expect(supervisor.count == 0)
        }
    }

    @Test func snapshotsAndRequestsFromEverywhere() async throws {
        let gauge = Gauge()
        let root = try Supervisor(
            id: "root", strategy: .restForOne, intensity: .unlimited,
            children: (0..<5).map { number in
                ChildSpec.supervisor(id: "s\(number)") { context in
                    try Supervisor(
                        under: context, intensity: .unlimited,
                        children: (0..<5).map { inner in
                            ChildSpec(id: "c\(inner)") { context in Busy(context: context, gauge: gauge, crashes: 1) }
                        }
                    )
                }
            }
        )
        let task = Task { try await root.run() }
        try await root.waitUntilRunning("s4")
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<8 {
                group.addTask {
                    for round in 0..<50 {
                        let tree = root.snapshot()
                        #expect(tree.children.map(\.id) == ["s0", "s1", "s2", "s3", "s4"])
                        try? root.restart(NodePath(["s\((caller + round) % 5)", "c\(round % 5)"]))
                        if round.isMultiple(of: 10) { try? root.restart(NodePath(["s\(caller % 5)"])) }
                    }
                }
            }
        }
        root.stop()
        try await task.value
        #expect(gauge.live.load(ordering: .relaxed) == 0)
    }

    @Test func aRealClockBacksOffAndGivesUpWaiting() async throws {
        let supervisor = try Supervisor(
            id: "real",
            children: [
                ChildSpec(
                    id: "a", backoff: Backoff(initial: .microseconds(50), cap: .milliseconds(1), maxRestarts: 20),
                    run: { _ in throw Bench.Crash("again") }
                )
            ]
        )
        let error = await #expect(throws: SupervisionError.self) { try await supervisor.run() }
        #expect(error?.code == .restartLimitReached)
        #expect(supervisor.snapshot()["a"]?.restarts == 20)
    }

    @Test func aManualClockServesTheDefaultExecutorToo() async throws {
        let clock = ManualClock()
        let observing = AsyncStream.makeStream(of: Bool.self)
        let supervisor = try Supervisor(
            id: "root", clock: clock, random: { 0 },
            children: [
                ChildSpec(
                    id: "a", backoff: Backoff(initial: .seconds(30)),
                    run: { context in
                        if context.incarnation == 1 { throw Bench.Crash() }
                        observing.continuation.yield(context.isStopRequested)
                        await context.stopRequested()
                        try? await clock.sleep(until: .init(offset: .seconds(1_000_000)), tolerance: nil)
                    })
            ]
        )
        let task = Task { try await supervisor.run() }
        await clock.advanceToSleeper(at: .seconds(30))
        for await _ in observing.stream { break }
        supervisor.stop()
        await clock.advanceToSleeper(at: .seconds(35))
        try await task.value
    }
}
