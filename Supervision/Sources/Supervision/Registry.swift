import Synchronization

/// Finds the current incarnation of a child by key.
///
/// A child registers itself through its context (``ChildContext/register(_:as:in:)``) and is forgotten when that
/// incarnation ends or is abandoned. Look it up at each use and do not keep what you find: after a restart it is
/// somebody else.
public final class Registry<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// A registered incarnation.
    public struct Entry: Sendable {
        /// What it registered, usually the child itself.
        public let value: Value
        /// Which incarnation it is.
        public let incarnation: Int
    }

    private struct Registration {
        let entry: Entry
        let owner: ObjectIdentifier
    }

    private let registrations = Mutex<[Key: Registration]>([:])

    /// Makes an empty registry.
    public init() {}

    /// The current incarnation's value, if there is one.
    public subscript(key: Key) -> Value? {
        entry(for: key)?.value
    }

    /// The current incarnation's value and number.
    public func entry(for key: Key) -> Entry? {
        registrations.withLock { $0[key]?.entry }
    }

    /// The keys in use, in no order.
    public var keys: [Key] {
        registrations.withLock { Array($0.keys) }
    }

    /// What is registered, in no order.
    public var values: [Value] {
        registrations.withLock { $0.values.map(\.entry.value) }
    }

    /// How many keys are in use.
    public var count: Int {
        registrations.withLock { $0.count }
    }

    /// False when another live incarnation holds the key.
    func register(_ value: Value, as key: Key, incarnation: Int, owner: ObjectIdentifier) -> Bool {
        registrations.withLock { registrations in
            if let holder = registrations[key], holder.owner != owner { return false }
            registrations[key] = Registration(entry: Entry(value: value, incarnation: incarnation), owner: owner)
            return true
        }
    }

    func unregister(_ key: Key, owner: ObjectIdentifier) {
        registrations.withLock { registrations in
            if registrations[key]?.owner == owner { registrations[key] = nil }
        }
    }
}
