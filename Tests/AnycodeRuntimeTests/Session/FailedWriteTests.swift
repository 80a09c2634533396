import AnycodeCore
import AnycodeStore
import Testing

@testable import AnycodeRuntime

struct FailedWriteTests {
    /// Whichever of its writes fails, also one of a task beside its main loop, the session is taken up again by the next
    /// incarnation and comes to its end.
    @Test(arguments: 0..<40)
    func aSessionOutlivesTheFailureOfAnyOneWrite(_ number: Int) throws {
        let bench = try RuntimeBench { $0.session.linger = .seconds(30) }
        try bench.start()
        bench.world.failWrite(after: number)
        bench.write("/task {say,edit}")
        bench.wait(.seconds(900))
        let sessions = try bench.sessions()
        #expect(sessions.map(\.isLive) == [false])
        #expect(bench.host.sandboxes.isEmpty)
    }
}
