import AnycodeRuntime
import AnycodeStore
import Supervision

/// Gives the service manager its signs of life, as long as the tree's tasks and the store go on: a daemon in which
/// either is stuck is better started again.
struct SignOfLife: Child {
    let notifier: ServiceNotifier
    /// How often the service manager wants one.
    let interval: Duration
    let runtime: Runtime
    let context: ChildContext

    func run() async throws {
        while true {
            do {
                let live = try await context.status.waiting(for: "the store") {
                    try await runtime.store.read { try $0.countLiveSessions() }
                }
                notifier.alive(sessions: live)
            } catch is StoreError {
                // It answers, if only to complain: a restart would not mend that.
                notifier.alive(sessions: runtime.sessions.count)
            }
            context.status.wait(for: "the next sign of life", within: interval / 2, lasting: .zero)
            try await runtime.clock.sleep(interval / 2)
        }
    }
}
