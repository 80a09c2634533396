import AnycodeCore
import Synchronization

/// The row keys of sessions written lately, which saves a search by id in every statement of a streamed delta.
///
/// A key never changes, but a session taken back may leave its key to another one: so all are forgotten whenever a
/// transaction, or a part of one, is rolled back.
final class SessionKeys: Sendable {
    private static let limit = 32_768
    private let keys = Mutex<[SessionID: Int64]>([:])

    subscript(id: SessionID) -> Int64? {
        keys.withLock { $0[id] }
    }

    func remember(_ id: SessionID, key: Int64) {
        keys.withLock { keys in
            if keys.count >= Self.limit { keys.removeAll(keepingCapacity: true) }
            keys[id] = key
        }
    }

    func forgetAll() {
        keys.withLock { $0.removeAll(keepingCapacity: true) }
    }
}
