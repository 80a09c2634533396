/// What one incarnation of a child knows of its place in the tree, and how it speaks to its supervisor.
public struct ChildContext: Sendable {
    let cell: ChildCell

    /// The child's id, or its key's description.
    public var id: String { cell.record.id }

    /// The way from the root of the tree to the child.
    public var path: NodePath { cell.core.hub.path.appending(id) }

    /// Which incarnation this is, from 1. A higher one replaces it for good.
    public var incarnation: Int { cell.incarnation }

    /// What snapshots show of the child.
    public var status: StatusCell { cell.status }

    /// The tree's clock.
    public var clock: any Clock<Duration> { cell.core.time.clock }

    /// The executor the tree was given; prefer it for every task the child makes.
    public var executor: (any TaskExecutor)? { cell.core.executor }

    /// Says that the child gets on: its next crash is the first in a row again. Cheap enough for every message.
    public func reportProgress() {
        cell.reportProgress()
    }

    /// Whether the child has been told to stop.
    ///
    /// Reading it counts as observing the stop request, like awaiting ``stopRequested()``: the child is then not
    /// cancelled before its grace period is over, so it should look more often than that.
    public var isStopRequested: Bool { cell.observeStop() }

    /// Waits until the child is told to stop, or its task is cancelled.
    ///
    /// A child that has called this is trusted to end by itself when told: it is cancelled only after the grace
    /// period of its ``ShutdownPolicy``.
    public func stopRequested() async {
        await cell.stopRequested()
    }

    /// Makes a value findable until this incarnation ends or is abandoned.
    ///
    /// Throws ``SupervisionError/Code/nameTaken`` when another live child holds the key, and
    /// ``SupervisionError/Code/superseded`` when this incarnation may not act any more.
    public func register<Key, Value>(
        _ value: Value, as key: Key, in registry: Registry<Key, Value>
    ) throws(SupervisionError) {
        let owner = ObjectIdentifier(cell)
        guard registry.register(value, as: key, incarnation: incarnation, owner: owner) else {
            throw SupervisionError(
                .nameTaken, "Another child is registered under this key.",
                hint: "Give each child a registry key of its own, or stop the other one first."
            )
        }
        guard cell.onClose({ registry.unregister(key, owner: owner) }) else {
            registry.unregister(key, owner: owner)
            throw SupervisionError(.superseded, "This incarnation has ended or was abandoned.")
        }
    }
}
