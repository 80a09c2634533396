import Testing

@testable import Supervision

@Suite struct RestartIntensityTests {
    @Test func defaultIsOneInFiveSeconds() {
        #expect(RestartIntensity.default == RestartIntensity(1, in: .seconds(5)))
    }

    @Test func oneMoreThanAllowedExceeds() {
        var window = RestartWindow()
        let intensity = RestartIntensity(3, in: .seconds(10))
        for second in 0..<3 {
            let exceeds = window.exceeds(intensity, restartingAt: .seconds(second))
            #expect(!exceeds)
        }
        let exceeds = window.exceeds(intensity, restartingAt: .seconds(3))
        #expect(exceeds)
    }

    @Test func windowSlides() {
        var window = RestartWindow()
        let intensity = RestartIntensity(1, in: .seconds(5))
        for second in stride(from: 0, to: 600, by: 6) {
            let exceeds = window.exceeds(intensity, restartingAt: .seconds(second))
            #expect(!exceeds)
        }
    }

    @Test func theEdgeOfTheWindowBelongsToIt() {
        var window = RestartWindow()
        let intensity = RestartIntensity(1, in: .seconds(5))
        _ = window.exceeds(intensity, restartingAt: .zero)
        let exceeds = window.exceeds(intensity, restartingAt: .seconds(5))
        #expect(exceeds)
    }

    @Test func zeroAllowsNone() {
        var window = RestartWindow()
        let exceeds = window.exceeds(RestartIntensity(0, in: .seconds(5)), restartingAt: .zero)
        #expect(exceeds)
        #expect(RestartIntensity(-3, in: .zero).restarts == 0)
    }

    @Test func unlimitedNeverExceeds() {
        var window = RestartWindow()
        for _ in 0..<1000 {
            let exceeds = window.exceeds(.unlimited, restartingAt: .zero)
            #expect(!exceeds)
        }
    }

    @Test(arguments: 0..<100) func windowAgreesWithCounting(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let intensity = RestartIntensity(
            Int.random(in: 1...60, using: &random), in: .milliseconds(Int.random(in: 1...5000, using: &random))
        )
        var window = RestartWindow()
        var times: [Duration] = []
        var now = Duration.zero
        for _ in 0..<300 {
            now += .milliseconds(Int.random(in: 0...200, using: &random))
            times.append(now)
            let expected = times.count { now - $0 <= intensity.period } > intensity.restarts
            let exceeds = window.exceeds(intensity, restartingAt: now)
            #expect(exceeds == expected)
        }
    }
}

@Suite struct BackoffTests {
    @Test func delaysDoubleUpToTheCap() {
        let backoff = Backoff(initial: .seconds(1), cap: .seconds(30), jitter: 0)
        let delays = (1...8).map { backoff.delay(attempt: $0, random: 0.5) }
        #expect(delays == [1, 2, 4, 8, 16, 30, 30, 30].map { Duration.seconds($0) })
    }

    @Test func jitterOnlyShortens() {
        let backoff = Backoff(initial: .seconds(8), jitter: 0.5)
        #expect(backoff.delay(attempt: 1, random: 0) == .seconds(8))
        #expect(backoff.delay(attempt: 1, random: 0.5) == .seconds(6))
        #expect(backoff.delay(attempt: 1, random: 1) == .seconds(4))
        #expect(backoff.delay(attempt: 1, random: 7) == .seconds(4))
    }

    @Test func oddParametersAreTamed() {
        let backoff = Backoff(initial: .seconds(60), multiplier: 0, cap: .seconds(10), jitter: 9)
        #expect(backoff.multiplier == 1)
        #expect(backoff.jitter == 1)
        #expect(backoff.delay(attempt: 1_000_000_000, random: 0) == .seconds(10))
        #expect(Backoff(initial: .zero, jitter: 0).delay(attempt: 1_000_000_000, random: 0) == .zero)
    }

    @Test func rowGrowsWithEachCrash() {
        var bench = Self.bench()
        #expect(bench.crashed(0).reports.last == .restarting(after: .seconds(1)))
        #expect(bench.passed(.seconds(1)) == [.start(0, incarnation: 2)])
        #expect(bench.crashed(0).reports.last == .restarting(after: .seconds(2)))
        #expect(bench.passed(.seconds(1)) == [])
        #expect(bench.passed(.seconds(1)) == [.start(0, incarnation: 3)])
    }

    @Test func progressEndsTheRow() {
        var bench = Self.bench()
        bench.crashed(0)
        bench.passed(.seconds(1))
        bench.started(0)
        #expect(bench.crashed(0, progressed: true).reports.last == .restarting(after: .seconds(1)))
    }

    @Test func longLifeEndsTheRowWhenAskedTo() {
        var bench = Self.bench(resetAfter: .seconds(60))
        bench.crashed(0)
        bench.passed(.seconds(1))
        bench.started(0)
        bench.passed(.seconds(59))
        #expect(bench.crashed(0).reports.last == .restarting(after: .seconds(2)))
        bench.passed(.seconds(2))
        bench.started(0)
        bench.passed(.seconds(60))
        #expect(bench.crashed(0).reports.last == .restarting(after: .seconds(1)))
    }

    @Test func aLongFailedStartIsNoLongLife() {
        var bench = Self.bench(resetAfter: .seconds(60))
        bench.crashed(0)
        bench.passed(.seconds(1))
        bench.passed(.seconds(100))
        #expect(bench.crashed(0).reports.last == .restarting(after: .seconds(2)))
    }

    @Test func limitInARowReplacesTheIntensity() {
        var bench = MachineBench(intensity: RestartIntensity(0, in: .seconds(100)))
        bench.add(backoff: Backoff(initial: .seconds(1), jitter: 0, maxRestarts: 3))
        bench.begin()
        bench.started(0)
        for _ in 0..<3 {
            bench.crashed(0)
            bench.passed(.seconds(30))
            bench.started(0)
        }
        let actions = bench.crashed(0)
        #expect(actions.reports.last == .escalated(.failure(.init(Bench.Crash()))))
        #expect(bench.machine.slots[0].restarts == 3)
    }

    @Test func progressRenewsTheLimitInARow() {
        var bench = MachineBench(intensity: RestartIntensity(0, in: .seconds(100)))
        bench.add(backoff: Backoff(initial: .seconds(1), maxRestarts: 1))
        bench.begin()
        for _ in 0..<20 {
            bench.started(0)
            bench.crashed(0, progressed: true)
            bench.passed(.seconds(30))
        }
        #expect(bench.machine.phase == .running)
        #expect(bench.machine.slots[0].restarts == 20)
    }

    @Test func childBacksOffOnTheTreesClock() throws {
        let bench = Bench()
        let backoff = Backoff(initial: .seconds(1), jitter: 0)
        let supervisor = try bench.running(.oneForOne, [bench.spec("a", backoff: backoff)])
        bench.crash("a")
        #expect(bench.takeLog() == "-a")
        #expect(bench.clock.deadlines == [.seconds(1)])
        let node = try #require(supervisor.snapshot()["a"])
        #expect(node.state == .backingOff)
        #expect(node.waiting == .init(reason: "restart after failure", seconds: 0, deadline: 1))
        bench.advance(.seconds(1))
        #expect(bench.takeLog() == "+a")
        bench.crash("a")
        bench.advance(.seconds(1))
        #expect(bench.takeLog() == "-a")
        bench.advance(.seconds(1))
        #expect(bench.takeLog() == "+a")
        bench.context("a")?.reportProgress()
        bench.crash("a")
        bench.advance(.seconds(1))
        #expect(bench.takeLog() == "-a +a")
    }

    @Test func stopEndsABackoff() throws {
        let bench = Bench()
        let supervisor = try bench.running(.oneForOne, [bench.spec("a", backoff: Backoff())])
        bench.crash("a")
        supervisor.stop()
        bench.executor.drain()
        #expect(bench.isOver)
        #expect(bench.clock.deadlines == [])
    }

    private static func bench(resetAfter: Duration? = nil) -> MachineBench {
        var bench = MachineBench()
        bench.add(backoff: Backoff(initial: .seconds(1), jitter: 0, resetAfter: resetAfter))
        bench.begin()
        bench.started(0)
        return bench
    }
}
