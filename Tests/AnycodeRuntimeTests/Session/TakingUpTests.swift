import AnycodeCore
import AnycodeStore
import Supervision
import TestSupport
import Testing

@testable import AnycodeRuntime

/// What people decide while a session is being taken up again after a kill.
struct TakingUpTests {
    /// However far the sandbox is in hand: the runner is told before the agent starts.
    @Test(arguments: (0..<90).map { $0 * 10 })
    func settingsAllowedMeanwhileAreObeyed(_ milliseconds: Int) throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {say} in org/hooked")
        bench.wait(.seconds(2))
        let button = try #require(bench.button("Allow for this repository"))
        try bench.restart()
        bench.wait(.milliseconds(milliseconds))
        bench.click(button)
        bench.wait(.seconds(20))
        let sandbox = try #require(bench.host.sandboxes.first)
        #expect(!sandbox.read(\.prompts).isEmpty)
        #expect(sandbox.read(\.hasObeyed))
    }

    /// Whatever goes on first, the way in or the way out: what is removed is not made again.
    @Test(arguments: 0..<80)
    func aSessionThatIsEndedMeanwhileLeavesNoSandbox(_ order: Int) throws {
        let bench = try RuntimeBench()
        try bench.start()
        bench.write("/task {say} in org/missing")
        bench.wait(.seconds(2))
        let id = try #require(try bench.sessions().first).id
        try bench.restart(order: UInt64(order)) { bench.runtime.sessions[id] != nil }
        let (session, ana) = (try #require(bench.runtime.sessions[id]), bench.ana)
        bench.executor.start { await session.accept(.cancelRequested(by: ana, callback: nil)) }
        bench.wait(.seconds(60))
        #expect(bench.world.violations.filter { $0.contains("made") }.isEmpty)
        #expect(try bench.sessions().map(\.isLive) == [false])
        #expect(bench.host.sandboxes.isEmpty)
    }
}
