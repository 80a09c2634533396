import AnycodeCore
import Synchronization

/// Sessions that the router has stored and that nobody has taken up yet.
///
/// Their first incarnation is stored with them, so that it needs no transaction of its own. What is found in the store
/// without being in here was begun by another process, or has been taken up before.
final class Newborn: Sendable {
    private let ids = Mutex<Set<SessionID>>([])

    func add(_ id: SessionID) { ids.withLock { _ = $0.insert(id) } }

    /// Whether the session is taken up for the first time, now.
    func take(_ id: SessionID) -> Bool { ids.withLock { $0.remove(id) != nil } }
}
