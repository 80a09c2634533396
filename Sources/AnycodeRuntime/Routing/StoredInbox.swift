package import AnycodeCore
import AnycodeStore
import Supervision

/// Where a platform delivers: stored first, routed after, so that nothing said is lost with the process.
package struct StoredInbox: ChatInbox {
    private let runtime: Runtime
    private let platform: PlatformID

    package init(runtime: Runtime, platform: PlatformID) {
        self.runtime = runtime
        self.platform = platform
    }

    package func receive(_ events: [InboundEvent]) async throws {
        let (platform, date) = (platform, runtime.clock.date())
        let admitted = events.filter { runtime.configuration.admits($0.sender, in: $0.conversation) }
        try await runtime.unstored.holding(admitted.map(\.conversation)) {
            try await runtime.store.write { transaction in
                for event in events { _ = try transaction.insertInbound(event, platform: platform, receivedAt: date) }
            }
        }
        await runtime.routers[.router]?.wake()
    }
}
