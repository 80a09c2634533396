import Synchronization

/// A conversation that one sandbox leaves for the next.
final class Kept: Sendable {
    private let content = Mutex((session: "", state: [UInt8]()))

    var value: (session: String, state: [UInt8]) { content.withLock { $0 } }

    func set(_ session: String, _ state: [UInt8]) { content.withLock { $0 = (session, state) } }
}
