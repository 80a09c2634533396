import AnycodeCore
import Testing

@testable import AnycodeRuntime

/// What a person reads while a sandbox is made, and while it cannot be.
struct SessionMachineSandboxTests {
    private let full = SandboxError(.unavailable, "no port is free", hint: "Raise the range.")

    private func progress(_ run: MachineRun) -> String? {
        run.entries.reversed().lazy.compactMap { if case .progressed(let words) = $0 { words } else { nil } }.first
    }

    @Test func whatTheProviderDoesIsTold() {
        var run = MachineRun()
        run.on(.started)
        run.on(.acquireProgressed("pulling image x: 10 of 100 MB"))
        #expect(progress(run) == "pulling image x: 10 of 100 MB")
        run.on(.acquired(Sample.health()))
        run.on(.acquireProgressed("late"))
        #expect(progress(run) == "preparing the workspace")
    }

    @Test func whyItWaitsIsToldAndIsTheReasonWhenItGivesUp() {
        var run = MachineRun()
        run.on(.started)
        run.on(.acquireDelayed(full))
        #expect(progress(run) == "waiting for a sandbox: no port is free. Raise the range.")
        run.now += .seconds(601)
        run.on(.ticked)
        run.on(.destroyed)
        guard case .done(let report) = run.state.phase else {
            Issue.record("it goes on: \(run.state.phase)")
            return
        }
        #expect(report.reason == "the sandbox was not ready within 10 min: no port is free. Raise the range.")
    }

    @Test func aProviderThatComesBackIsForgottenAsAReason() {
        var run = MachineRun()
        run.on(.started)
        run.on(.acquireDelayed(full))
        run.on(.acquired(Sample.health()))
        run.now += .seconds(601)
        run.on(.ticked)
        run.on(.destroyed)
        guard case .done(let report) = run.state.phase else {
            Issue.record("it goes on: \(run.state.phase)")
            return
        }
        #expect(report.reason == "the sandbox was not ready within 10 min")
    }

    @Test func aWorkingSessionTellsOnceThatItsSandboxIsOutOfReach() {
        var run = MachineRun()
        run.on(.started)
        run.on(.acquired(Sample.health()))
        run.on(.prepared(Sample.workspace))
        run.open()
        run.on(.started)
        run.entries = []
        run.on(.acquireDelayed(full))
        run.on(.acquireDelayed(full))
        let notices = run.entries.filter { if case .notice = $0 { true } else { false } }
        #expect(
            notices == [
                .notice("The sandbox cannot be reached now, and it is tried again: no port is free. Raise the range.")
            ])
    }
}
