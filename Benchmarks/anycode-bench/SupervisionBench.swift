import Supervision
import Synchronization

/// Starts, crashes and restarts children that do nothing else.
enum SupervisionBench {
    private struct Crash: Error {}

    /// A child that waits until it is told to crash.
    private final class Parked: Child {
        private let waiter = Mutex<CheckedContinuation<Void, any Error>?>(nil)

        func run() async throws {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in waiter.withLock { $0 = continuation } }
            } onCancel: {
                take()?.resume(throwing: CancellationError())
            }
        }

        /// `false` while it has not parked yet.
        func crash() -> Bool {
            guard let waiter = take() else { return false }
            waiter.resume(throwing: Crash())
            return true
        }

        private func take() -> CheckedContinuation<Void, any Error>? {
            waiter.withLock { waiter in
                defer { waiter = nil }
                return waiter
            }
        }
    }

    static func run(children count: Int, into table: inout BudgetTable) async throws {
        let started = Atomic<Int>(0)
        let parked = Mutex<[Parked?]>(Array(repeating: nil, count: count))
        let supervisor = DynamicSupervisor<Int>(id: "bench", intensity: .unlimited, restart: .permanent) { key, _ in
            let child = Parked()
            parked.withLock { $0[key] = child }
            started.add(1, ordering: .relaxed)
            return child
        }
        let running = Task { try await supervisor.run() }
        let memory = Usage.anonymousMemory()
        let clock = ContinuousClock()
        let starting = try await clock.measure {
            for key in 0..<count { try supervisor.startChild(key) }
            while started.load(ordering: .relaxed) < count { await Task.yield() }
        }
        let perChild = (Usage.anonymousMemory() - memory) / count
        let restarts = 20_000
        let before = started.load(ordering: .relaxed)
        let restarting = await clock.measure {
            for number in 0..<restarts {
                while parked.withLock({ $0[number % count]?.crash() }) != true { await Task.yield() }
            }
            while started.load(ordering: .relaxed) < before + restarts { await Task.yield() }
        }
        supervisor.stop()
        _ = try? await running.value
        table.add("\(count) children: starts per second", (Double(count) / starting.seconds).short, budget: "≥ OTP's")
        table.add(
            "\(count) children: restarts per second", (Double(restarts) / restarting.seconds).short,
            budget: "≥ 5 × OTP's")
        table.add("\(count) children: bytes per child", "\(perChild)", budget: "≤ OTP's")
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
