import AnycodeCore
import AnycodeStore
import Logging
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Every minute: a session that should be alive and has no actor is started again; old inbound keys are
/// forgotten, and what was offered in vain.
struct Watchdog: Child {
    let runtime: Runtime
    let context: ChildContext

    func run() async throws {
        while true {
            context.status.wait(
                for: "the next round", within: runtime.configuration.watchdogInterval, lasting: .zero)
            try await runtime.clock.sleep(runtime.configuration.watchdogInterval)
            try await round()
        }
    }

    private func round() async throws {
        let live = try await runtime.store.read { try $0.liveSessionIDs() }
        guard let sessions = runtime.sessionSupervisor[.sessions] else { return }
        for id in live where !sessions.contains(id) {
            runtime.logger.warning("a session without an actor is started again", metadata: ["session.id": "\(id)"])
            try? sessions.startChild(id)
        }
        let old = runtime.clock.date().addingTimeInterval(-7 * 86_400)
        try await runtime.store.write { transaction in
            try transaction.pruneInbound(before: old)
            try transaction.pruneWaitingTasks(before: old)
            try transaction.pruneButtons(before: old)
        }
    }
}
