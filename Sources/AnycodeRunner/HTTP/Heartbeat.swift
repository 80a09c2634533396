import Synchronization

/// Whether a sign of life is due on a silent stream.
final class Heartbeat: Sendable {
    private let isDue = Mutex(false)

    func due() {
        isDue.withLock { $0 = true }
    }

    func taken() -> Bool {
        isDue.withLock { due in
            defer { due = false }
            return due
        }
    }
}
