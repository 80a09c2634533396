import Synchronization

/// Whether new tasks are taken. Sessions that exist are served all the same.
package final class Intake: Sendable {
    package enum State: Sendable {
        case open
        /// Tasks are refused, with words: an operator drains the daemon.
        case refusing
        /// Tasks stay in the inbox for the next start: the daemon is on its way down.
        case holding
    }

    private let current = Mutex(State.open)

    package init() {}

    package var state: State { current.withLock { $0 } }

    package func become(_ state: State) { current.withLock { $0 = state } }
}
