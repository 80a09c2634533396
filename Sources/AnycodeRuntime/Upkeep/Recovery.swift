import AnycodeCore
import Logging
import Synchronization

/// Tells, once after each start, when everything that was alive before it is in hand again: sandboxes adopted, agent
/// streams open.
final class Recovery: Sendable {
    private struct State {
        var waiting: Set<SessionID> = []
        /// When it began, and with how many; `nil` before and after.
        var begun: (at: Duration, count: Int)?
        var isOver = false
    }

    private let clock: RuntimeClock
    private let logger: Logger
    private let state = Mutex(State())

    init(clock: RuntimeClock, logger: Logger) {
        self.clock = clock
        self.logger = logger
    }

    /// These sessions were found alive. Counts once in a process: later ones come and go for other reasons.
    func begin(_ sessions: [SessionID]) {
        let now = clock.now()
        tell(
            state.withLock { state in
                guard !state.isOver, state.begun == nil else { return nil }
                state.waiting = Set(sessions)
                state.begun = (now, sessions.count)
                return Self.outcome(&state)
            })
    }

    /// The session goes on, or is over.
    func isInHand(_ session: SessionID) {
        tell(
            state.withLock { state in
                guard state.waiting.remove(session) != nil else { return nil }
                return Self.outcome(&state)
            })
    }

    private static func outcome(_ state: inout State) -> (at: Duration, count: Int)? {
        guard state.waiting.isEmpty, let begun = state.begun else { return nil }
        state.begun = nil
        state.isOver = true
        return begun
    }

    private func tell(_ outcome: (at: Duration, count: Int)?) {
        guard let outcome else { return }
        let milliseconds = Int((clock.now() - outcome.at) / .milliseconds(1))
        logger.info(
            "all live sessions are in hand",
            metadata: ["sessions": "\(outcome.count)", "milliseconds": "\(milliseconds)"])
    }
}
