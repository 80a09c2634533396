import Synchronization

/// Whether new tasks are taken; closed by a drain and by a shutdown. Sessions that exist are served all the same.
package final class Intake: Sendable {
    private let closed = Atomic<Bool>(false)

    package init() {}

    package var isClosed: Bool { closed.load(ordering: .relaxed) }

    package func close() { closed.store(true, ordering: .relaxed) }

    package func open() { closed.store(false, ordering: .relaxed) }
}
