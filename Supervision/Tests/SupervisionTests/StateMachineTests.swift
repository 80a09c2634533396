import Testing

@testable import Supervision

/// The machine's decisions about single children and sequences; no awaiting anywhere.
@Suite struct StateMachineTests {
    // MARK: Starting

    @Test func nothingStartsBeforeTheBeginning() {
        var bench = MachineBench()
        let slot = bench.add()
        #expect(bench.state(slot) == .pending)
        #expect(bench.begin() == [.start(slot, incarnation: 1)])
        #expect(bench.state(slot) == .starting)
    }

    @Test func theNextChildStartsWhenTheOneBeforeHas() {
        var bench = MachineBench()
        let (first, second) = (bench.add(), bench.add())
        #expect(bench.begin().deeds == [.start(first, incarnation: 1)])
        #expect(bench.state(second) == .pending)
        #expect(bench.started(first).deeds == [.start(second, incarnation: 1)])
        #expect(bench.started(second).deeds == [])
    }

    @Test func aBeginningHappensOnce() {
        var bench = MachineBench()
        bench.add()
        bench.begin()
        #expect(bench.begin() == [])
    }

    @Test func aChildAddedLaterStartsAtOnce() {
        var bench = MachineBench(.oneForOne, running: 1)
        let (slot, actions) = bench.machine.add(MachineBench.blueprint(), at: bench.now)
        #expect(actions == [.start(slot, incarnation: 1)])
    }

    @Test func aChildAddedDuringAStartWaitsForItsTurn() {
        var bench = MachineBench()
        let first = bench.add()
        bench.begin()
        let (second, actions) = bench.machine.add(MachineBench.blueprint(), at: bench.now)
        #expect(actions == [])
        #expect(bench.started(first).deeds == [.start(second, incarnation: 1)])
    }

    @Test func unorderedChildrenStartTogether() {
        var bench = MachineBench(dynamic: .unlimited)
        bench.add()
        bench.add()
        #expect(bench.begin() == [.start(0, incarnation: 1), .start(1, incarnation: 1)])
    }

    @Test func startIsReportedWithItsIncarnation() {
        var bench = MachineBench()
        bench.add()
        bench.begin()
        #expect(bench.started(0) == [.report(0, .started(incarnation: 1))])
        bench.crashed(0)
        #expect(bench.started(0) == [.report(0, .started(incarnation: 2))])
    }

    // MARK: Failed starts

    @Test func aFailedStartIsTriedAgain() {
        var bench = MachineBench()
        bench.add()
        bench.begin()
        #expect(bench.crashed(0).deeds == [.start(0, incarnation: 2)])
    }

    @Test func aFailedStartCountsAsARestart() {
        var bench = MachineBench(intensity: RestartIntensity(1, in: .seconds(5)))
        bench.add()
        bench.begin()
        bench.crashed(0)
        let actions = bench.crashed(0)
        #expect(actions.contains { if case .finish(.escalated) = $0 { true } else { false } })
    }

    @Test(arguments: [RestartStrategy.oneForAll, .restForOne])
    func nothingStartsAfterAChildThatCannot(_ strategy: RestartStrategy) {
        var bench = MachineBench(strategy)
        bench.add(backoff: Backoff(initial: .seconds(1)))
        bench.add()
        bench.begin()
        #expect(bench.crashed(0).deeds == [])
        #expect(bench.state(1) == .pending)
        #expect(bench.passed(.seconds(1)) == [.start(0, incarnation: 2)])
        #expect(bench.started(0).deeds == [.start(1, incarnation: 1)])
    }

    @Test func independentSiblingsStartAlthoughOneCannot() {
        var bench = MachineBench(.oneForOne)
        bench.add(backoff: Backoff(initial: .seconds(1)))
        bench.add()
        bench.begin()
        #expect(bench.crashed(0).deeds == [.start(1, incarnation: 1)])
    }

    @Test func stopComesBetweenFailedStarts() {
        var bench = MachineBench()
        bench.add()
        bench.begin()
        bench.crashed(0)
        #expect(bench.stop() == [.cancel(0)])
        #expect(bench.crashed(0).deeds == [.settled(0), .finish(.stopped)])
    }

    // MARK: Sequences

    @Test func oneForAllStopsInReverseThenStartsInOrder() {
        var bench = MachineBench(.oneForAll, running: 3)
        #expect(bench.crashed(1).deeds == [.requestStop(2)])
        #expect(bench.exited(2, .shutdown).deeds == [.requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.start(0, incarnation: 2)])
        #expect(bench.started(0).deeds == [.start(1, incarnation: 2)])
        #expect(bench.started(1).deeds == [.start(2, incarnation: 2)])
        #expect(bench.started(2).deeds == [])
        #expect(bench.machine.slots.map(\.restarts) == [0, 1, 0])
    }

    @Test func restForOneLeavesThoseBeforeAlone() {
        var bench = MachineBench(.restForOne, running: 3)
        #expect(bench.crashed(1).deeds == [.requestStop(2)])
        #expect(bench.exited(2, .shutdown).deeds == [.start(1, incarnation: 2)])
        #expect(bench.started(1).deeds == [.start(2, incarnation: 2)])
        #expect(bench.machine.slots[0].incarnation == 1)
    }

    @Test func siblingThatCrashesWhileItIsToBeRestartedIsNotCounted() {
        var bench = MachineBench(.oneForAll, running: 3, intensity: RestartIntensity(1, in: .seconds(5)))
        #expect(bench.crashed(1).deeds == [.requestStop(2)])
        #expect(bench.crashed(0).deeds == [])
        #expect(bench.crashed(2).deeds == [.start(0, incarnation: 2)])
        #expect(bench.machine.slots.map(\.restarts) == [0, 1, 0])
    }

    @Test func siblingThatFailsToComeBackBeginsTheSequenceAnew() {
        var bench = MachineBench(.oneForAll, running: 2)
        bench.crashed(1)
        bench.exited(0, .shutdown)
        #expect(bench.started(0).deeds == [.start(1, incarnation: 2)])
        #expect(bench.crashed(1).deeds == [.requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.start(0, incarnation: 3)])
    }

    @Test func siblingCrashDuringTheStartSequenceStopsTheOneThatStarts() {
        var bench = MachineBench(.oneForAll, running: 2)
        bench.crashed(1)
        bench.exited(0, .shutdown)
        bench.started(0)
        #expect(bench.state(1) == .starting)
        #expect(bench.crashed(0).deeds == [.cancel(1)])
        #expect(bench.started(1) == [], "a start that was called off is none")
        #expect(bench.exited(1, .shutdown).deeds == [.start(0, incarnation: 3)])
    }

    @Test func anEarlierCrashWidensARestForOneSequence() {
        var bench = MachineBench(.restForOne, running: 4)
        #expect(bench.crashed(2).deeds == [.requestStop(3)])
        #expect(bench.crashed(0).deeds == [])
        #expect(bench.exited(3, .shutdown).deeds == [.requestStop(1)])
        #expect(bench.exited(1, .shutdown).deeds == [.start(0, incarnation: 2)])
    }

    @Test func groupRestartBringsBackEndedTransients() {
        var bench = MachineBench(.oneForAll)
        bench.add()
        bench.add(.transient)
        bench.begin()
        bench.started(0)
        bench.started(1)
        bench.exited(1, .normal)
        #expect(bench.crashed(0).deeds == [.start(0, incarnation: 2)])
        #expect(bench.started(0).deeds == [.start(1, incarnation: 2)])
    }

    @Test func groupRestartLeavesTerminatedDown() {
        var bench = MachineBench(.oneForAll, running: 2)
        #expect(bench.machine.terminate(1, at: bench.now) == [.requestStop(1)])
        #expect(bench.exited(1, .shutdown).deeds == [.settled(1)])
        bench.crashed(0)
        #expect(bench.started(0).deeds == [])
        #expect(bench.state(1) == .terminated)
    }

    @Test func groupRestartForgetsTemporaries() {
        var bench = MachineBench(.oneForAll)
        bench.add()
        bench.add(.temporary)
        bench.begin()
        bench.started(0)
        bench.started(1)
        #expect(bench.crashed(0).deeds == [.requestStop(1)])
        #expect(bench.exited(1, .shutdown).deeds == [.removed(1), .start(0, incarnation: 2)])
        #expect(bench.machine.count == 1)
    }

    @Test func groupWaitsForTheBackoffOfTheCrashed() {
        var bench = MachineBench(.oneForAll)
        bench.add()
        bench.add(backoff: Backoff(initial: .seconds(2)))
        bench.add()
        bench.begin()
        for slot in 0..<3 { bench.started(slot) }
        #expect(bench.crashed(1).deeds == [.requestStop(2)])
        #expect(bench.exited(2, .shutdown).deeds == [.requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.start(0, incarnation: 2)])
        #expect(bench.started(0).deeds == [])
        #expect(bench.passed(.seconds(2)) == [.start(1, incarnation: 2)])
        #expect(bench.started(1).deeds == [.start(2, incarnation: 2)])
    }

    @Test func backoffThatEndsDuringStopsWaitsForThem() {
        var bench = MachineBench(.restForOne)
        bench.add(backoff: Backoff(initial: .seconds(1)))
        bench.add(shutdown: .grace(.seconds(10)))
        bench.begin()
        bench.started(0)
        bench.started(1)
        #expect(bench.crashed(0).deeds == [.requestStop(1)])
        #expect(bench.passed(.seconds(1)) == [])
        #expect(bench.state(0) == .pending)
        #expect(bench.exited(1, .shutdown).deeds == [.start(0, incarnation: 2)])
    }

    // MARK: Stopping

    @Test func stopsAreOneAfterAnotherInReverse() {
        var bench = MachineBench(.oneForOne, running: 3)
        #expect(bench.stop() == [.requestStop(2)])
        #expect(bench.exited(2, .shutdown).deeds == [.settled(2), .requestStop(1)])
        #expect(bench.exited(1, .shutdown).deeds == [.settled(1), .requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.settled(0), .finish(.stopped)])
    }

    @Test func unorderedChildrenStopTogether() {
        var bench = MachineBench(dynamic: .unlimited)
        for _ in 0..<3 { bench.add() }
        bench.begin()
        for slot in 0..<3 { bench.started(slot) }
        #expect(bench.stop() == [.requestStop(2), .requestStop(1), .requestStop(0)])
        #expect(bench.exited(1, .shutdown).deeds == [.removed(1)])
        bench.exited(0, .shutdown)
        #expect(bench.exited(2, .shutdown).deeds == [.removed(2), .finish(.stopped)])
    }

    @Test func stopWithoutChildrenIsOverAtOnce() {
        var bench = MachineBench()
        bench.begin()
        #expect(bench.stop() == [.finish(.stopped)])
        #expect(bench.stop() == [])
    }

    @Test func stopBeforeTheBeginningIsOverAtOnce() {
        var bench = MachineBench()
        bench.add()
        #expect(bench.stop() == [.settled(0), .finish(.stopped)])
        #expect(bench.begin() == [])
    }

    @Test func stopCallsOffBackoffsAndTurns() {
        var bench = MachineBench(.restForOne)
        bench.add(backoff: Backoff(initial: .seconds(1)))
        bench.add()
        bench.begin()
        bench.crashed(0)
        #expect(bench.stop() == [.settled(1), .settled(0), .finish(.stopped)])
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test func stopTurnsAGroupRestartIntoAStop() {
        var bench = MachineBench(.oneForAll, running: 3)
        #expect(bench.crashed(1).deeds == [.requestStop(2)])
        #expect(bench.stop() == [.settled(1)])
        #expect(bench.exited(2, .shutdown).deeds == [.settled(2), .requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.settled(0), .finish(.stopped)])
    }

    @Test func crashDuringStopIsNoReasonToRestart() {
        var bench = MachineBench(.oneForAll, running: 2, intensity: RestartIntensity(0, in: .seconds(5)))
        bench.stop()
        #expect(bench.crashed(0).deeds == [.settled(0)])
        #expect(bench.crashed(1).deeds == [.settled(1), .finish(.stopped)])
    }

    // MARK: Deadlines

    @Test func graceThenCancelThenAbandon() {
        var bench = MachineBench()
        bench.add(shutdown: .grace(.seconds(3), abandonAfter: .seconds(2)))
        bench.begin()
        bench.started(0)
        #expect(bench.stop() == [.requestStop(0)])
        #expect(bench.machine.nextDeadline == .seconds(3))
        #expect(bench.passed(.seconds(2)) == [])
        #expect(bench.passed(.seconds(1)) == [.cancel(0)])
        #expect(bench.machine.nextDeadline == .seconds(5))
        #expect(
            bench.passed(.seconds(2)) == [
                .report(0, .abandoned(incarnation: 1)), .abandon(0), .settled(0), .finish(.stopped),
            ]
        )
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test func immediateCancelsAtOnce() {
        var bench = MachineBench()
        bench.add(shutdown: .immediate(abandonAfter: .milliseconds(10)))
        bench.begin()
        bench.started(0)
        #expect(bench.stop() == [.cancel(0)])
        #expect(bench.machine.nextDeadline == .milliseconds(10))
    }

    @Test func infinityHasNoDeadline() {
        var bench = MachineBench()
        bench.add(shutdown: .infinity)
        bench.begin()
        bench.started(0)
        #expect(bench.stop() == [.requestStop(0)])
        #expect(bench.machine.nextDeadline == nil)
        #expect(bench.passed(.seconds(1_000_000)) == [])
    }

    @Test func anEndInTimeDropsTheDeadline() {
        var bench = MachineBench()
        bench.add()
        bench.begin()
        bench.started(0)
        bench.stop()
        bench.exited(0, .shutdown)
        #expect(bench.machine.nextDeadline == nil)
    }

    @Test func anAbandonedSiblingDoesNotHoldUpARestart() {
        var bench = MachineBench(.restForOne)
        bench.add()
        bench.add(shutdown: .immediate(abandonAfter: .seconds(1)))
        bench.begin()
        bench.started(0)
        bench.started(1)
        #expect(bench.crashed(0).deeds == [.cancel(1)])
        #expect(bench.passed(.seconds(1)).deeds == [.abandon(1), .start(0, incarnation: 2)])
        #expect(bench.started(0).deeds == [.start(1, incarnation: 2)])
        #expect(bench.machine.live == 2)
    }

    @Test func aStartingChildIsCancelledNotAsked() {
        var bench = MachineBench()
        bench.add(shutdown: .grace(.seconds(100), abandonAfter: .seconds(1)))
        bench.begin()
        #expect(bench.stop() == [.cancel(0)])
        #expect(bench.machine.nextDeadline == .seconds(1))
    }

    // MARK: Requests

    @Test func terminateSettlesWhateverTheState() {
        var bench = MachineBench(.restForOne)
        bench.add(backoff: Backoff(initial: .seconds(1)))
        bench.add()
        bench.begin()
        #expect(bench.machine.terminate(1, at: bench.now) == [.settled(1)])
        bench.crashed(0)
        #expect(bench.machine.terminate(0, at: bench.now) == [.settled(0)])
        #expect(bench.machine.nextDeadline == nil)
        #expect(bench.machine.terminate(0, at: bench.now) == [.settled(0)])
    }

    @Test func terminatingTheOneInTheWayLetsTheNextStart() {
        var bench = MachineBench(.restForOne)
        bench.add(backoff: Backoff(initial: .seconds(1)))
        bench.add()
        bench.begin()
        bench.crashed(0)
        #expect(bench.machine.terminate(0, at: bench.now) == [.settled(0), .start(1, incarnation: 1)])
    }

    @Test func terminateTakesAChildOutOfAGroupRestart() {
        var bench = MachineBench(.oneForAll, running: 2)
        bench.crashed(1)
        #expect(bench.machine.terminate(0, at: bench.now) == [])
        #expect(bench.exited(0, .shutdown).deeds == [.settled(0), .start(1, incarnation: 2)])
    }

    @Test func restartOfALiveChildStopsItFirst() {
        var bench = MachineBench(.oneForOne, running: 2)
        #expect(bench.machine.restart(0, at: bench.now) == [.requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.start(0, incarnation: 2)])
        #expect(bench.machine.slots[0].restarts == 0)
    }

    @Test func restartTakesDependentsAlong() {
        var bench = MachineBench(.restForOne, running: 3)
        #expect(bench.machine.restart(1, at: bench.now) == [.requestStop(2)])
        #expect(bench.exited(2, .shutdown).deeds == [.requestStop(1)])
        #expect(bench.exited(1, .shutdown).deeds == [.start(1, incarnation: 2)])
        #expect(bench.started(1).deeds == [.start(2, incarnation: 2)])
    }

    @Test func restartEndsABackoff() {
        var bench = MachineBench()
        bench.add(backoff: Backoff(initial: .seconds(60)))
        bench.begin()
        bench.started(0)
        bench.crashed(0)
        #expect(bench.machine.restart(0, at: bench.now) == [.start(0, incarnation: 2)])
        #expect(bench.machine.nextDeadline == nil)
        #expect(bench.machine.slots[0].attempt == 0)
    }

    @Test(arguments: RestartStrategy.allCases) func restartBringsBackTheTerminated(_ strategy: RestartStrategy) {
        var bench = MachineBench(strategy, running: 1)
        _ = bench.machine.terminate(0, at: bench.now)
        bench.exited(0, .shutdown)
        #expect(bench.machine.restart(0, at: bench.now) == [.start(0, incarnation: 2)])
    }

    @Test(arguments: RestartStrategy.allCases) func aTemporaryChildComesBackWhenAskedFor(_ strategy: RestartStrategy) {
        var bench = MachineBench(strategy)
        bench.add(.temporary)
        bench.begin()
        bench.started(0)
        #expect(bench.machine.restart(0, at: bench.now) == [.requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.start(0, incarnation: 2)])
    }

    @Test func restartCountsAgainstNoLimit() {
        var bench = MachineBench(.oneForOne, running: 1, intensity: RestartIntensity(0, in: .seconds(5)))
        for incarnation in 2...10 {
            _ = bench.machine.restart(0, at: bench.now)
            #expect(bench.exited(0, .shutdown).deeds == [.start(0, incarnation: incarnation)])
            bench.started(0)
        }
    }

    @Test func restartOfAChildBeingTerminatedIsRefused() {
        var bench = MachineBench(.oneForOne, running: 1)
        _ = bench.machine.terminate(0, at: bench.now)
        #expect(bench.machine.restart(0, at: bench.now) == [])
    }

    @Test func deleteIsForThoseDown() {
        var bench = MachineBench(.oneForOne, running: 2)
        #expect(bench.machine.delete(0) == [])
        _ = bench.machine.terminate(0, at: bench.now)
        bench.exited(0, .shutdown)
        #expect(bench.machine.delete(0) == [.removed(0)])
        #expect(bench.machine.count == 1)
        #expect(bench.machine.order == [1])
        #expect(bench.machine.slots[1].position == 0)
    }

    @Test func freedSlotsAreUsedAgain() {
        var bench = MachineBench(dynamic: .unlimited)
        bench.begin()
        for round in 1...5 {
            let slot = bench.add(.temporary)
            #expect(slot == 0)
            #expect(bench.machine.slots[0].incarnation == 1, "round \(round)")
            bench.started(slot)
            bench.exited(slot, .normal)
        }
        #expect(bench.machine.slots.count == 1)
    }

    // MARK: Significant children

    @Test func anySignificantEndStops() {
        var bench = MachineBench(autoShutdown: .anySignificant)
        bench.add()
        bench.add(.transient, significant: true)
        bench.begin()
        bench.started(0)
        bench.started(1)
        #expect(bench.exited(1, .normal).deeds == [.settled(1), .requestStop(0)])
        #expect(bench.exited(0, .shutdown).deeds == [.settled(0), .finish(.stopped)])
    }

    @Test func theLastSignificantEndStops() {
        var bench = MachineBench(autoShutdown: .allSignificant)
        bench.add(.temporary, significant: true)
        bench.add(.transient, significant: true)
        bench.add()
        bench.begin()
        for slot in 0..<3 { bench.started(slot) }
        #expect(bench.crashed(0).deeds == [.removed(0)])
        #expect(bench.exited(1, .normal).deeds == [.settled(1), .requestStop(2)])
    }

    @Test func aSignificantChildThatIsRestartedDoesNotStop() {
        var bench = MachineBench(autoShutdown: .anySignificant)
        bench.add(.transient, significant: true)
        bench.begin()
        bench.started(0)
        #expect(bench.crashed(0).deeds == [.start(0, incarnation: 2)])
    }

    @Test func terminationIsNoSignificantEnd() {
        var bench = MachineBench(autoShutdown: .anySignificant)
        bench.add(.transient, significant: true)
        bench.begin()
        bench.started(0)
        _ = bench.machine.terminate(0, at: bench.now)
        #expect(bench.exited(0, .shutdown).deeds == [.settled(0)])
    }
}
