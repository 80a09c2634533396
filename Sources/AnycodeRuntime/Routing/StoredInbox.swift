package import AnycodeCore
import AnycodeStore
import Logging
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
        for chat in Set(events.map(\.conversation.chat)) { await runtime.outboxes[chat]?.heard() }
        await runtime.routers[.router]?.wake()
    }

    /// Sessions of the chat begin new incarnations, which know it by its new id.
    package func chat(_ old: ChatID, becomes new: ChatID) async throws {
        let followed = try await runtime.store.write { try $0.moveChat(old, to: new) }
        runtime.configuration.moves.add(old, becameNow: new)
        guard followed > 0 else { return }
        runtime.logger.notice(
            "a chat has a new id; what is configured for the old one holds for it, and is better changed",
            metadata: ["chat.old": "\(old)", "chat.new": "\(new)"])
        for session in runtime.sessions.values where session.header.conversation.chat == old {
            try? runtime.sessionSupervisor[.sessions]?.restartChild(session.header.id)
        }
        if let outboxes = runtime.outboxSupervisor[.outboxes], outboxes.contains(old) {
            try? await outboxes.terminateChild(old)
        }
        if try await runtime.store.read({ try $0.pendingNotices(chat: new) }).isEmpty == false {
            try await runtime.outbox(for: new).noticesChanged()
        }
        await runtime.routers[.router]?.wake()
    }
}
