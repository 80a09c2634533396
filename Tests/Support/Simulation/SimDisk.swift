package import AnycodeStore
import Synchronization
package import TestSupport

/// A store on a simulated disk, which is now and then slow, and where one write in a while fails.
///
/// It serves one world after the other: a new database each time would compile all its statements anew.
package final class SimDisk: Sendable {
    /// Whom the disk serves now.
    private final class Customer: Sendable {
        let world = Mutex<SimWorld?>(nil)
        /// One of how many writes takes its time; `nil` for a disk that never does.
        let slowness = Mutex<UInt64?>(nil)
    }

    package let store: Store
    private let customer: Customer

    /// What the world itself reads to check the rules is read at once.
    @TaskLocal static var isWatching = false

    package init() throws {
        let customer = Customer()
        self.customer = customer
        var random = SplitMix64(seed: 0)
        store = try Store(
            path: nil,
            execution: .interfered { moment throws(StoreError) in try await Self.interfere(moment, customer) },
            random: &random)
    }

    /// Empties the store; from now on it is this world's.
    package func begin(_ world: SimWorld, slowness: UInt64?, random: inout SplitMix64) throws {
        customer.world.withLock { $0 = world }
        customer.slowness.withLock { $0 = slowness }
        try store.erase(random: &random)
    }

    private static func interfere(_ moment: Store.Moment, _ customer: Customer) async throws(StoreError) {
        if isWatching { return }
        await Task.yield()
        guard let world = customer.world.withLock({ $0 }) else { return }
        let slowness = customer.slowness.withLock { $0 }
        switch moment {
        case .willRead: return
        case .willWrite:
            await dawdle(world, slowness)
            guard world.takeStoreFailure() else { return }
            world.count("store: failed writes")
            throw StoreError(.failed, "disk I/O error")
        case .didWrite: await dawdle(world, slowness)
        }
    }

    /// A call of the store is not cancelled with its task, so the pause is not either.
    private static func dawdle(_ world: SimWorld, _ slowness: UInt64?) async {
        guard let slowness, world.chance(1, in: slowness) else { return }
        world.count("store: slow writes")
        try? await world.clock.sleep(for: world.milliseconds(1...40))
    }
}
