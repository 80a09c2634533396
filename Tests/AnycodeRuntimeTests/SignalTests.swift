import TestSupport
import Testing

@testable import AnycodeRuntime

struct SignalTests {
    @Test func aSignalRaisedBeforeAnybodyWaitsIsKeptOnce() throws {
        let executor = SingleThreadTaskExecutor(.fifo)
        let signal = Signal()
        signal.raise()
        signal.raise()
        try executor.complete { try await signal.wait() }
        let task = executor.start { try await signal.wait() }
        #expect(executor.run() == .idle)
        signal.raise()
        executor.run()
        try executor.complete { try await task.value }
    }

    @Test func aCancelledWaitEndsAndLosesNoSignal() throws {
        let executor = SingleThreadTaskExecutor(.fifo)
        let signal = Signal()
        let task = executor.start { try await signal.wait() }
        executor.run()
        task.cancel()
        executor.run()
        #expect(throws: CancellationError.self) { try executor.complete { try await task.value } }
        signal.raise()
        try executor.complete { try await signal.wait() }
    }

    @Test func waitingInACancelledTaskThrowsAndKeepsTheSignal() throws {
        let executor = SingleThreadTaskExecutor(.fifo)
        let signal = Signal()
        let task = executor.start { try await signal.wait() }
        task.cancel()
        signal.raise()
        executor.run()
        #expect(throws: CancellationError.self) { try executor.complete { try await task.value } }
        try executor.complete { try await signal.wait() }
    }
}
