package import AnycodeCore
import Supervision

extension Runtime {
    /// Ends all sessions before the daemon goes: chats are told, work is saved, sandboxes are removed.
    ///
    /// - Parameter limit: how long it may take.
    /// - Returns: the sessions that had not ended by then; the next start finds them again.
    package func drain(within limit: Duration) async -> [SessionID] {
        guard let supervisor = sessionSupervisor[.sessions] else { return [] }
        let ids = supervisor.keys
        let event: SessionEvent = intake.state == .refusing ? .drainRequested : .shutdownRequested
        for id in ids { await sessions[id]?.accept(event) }
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { all in
                    for id in ids { all.addTask { try? await supervisor.waitUntilEnded(id) } }
                }
                return true
            }
            group.addTask {
                try? await self.clock.sleep(limit)
                return false
            }
            _ = await group.next()
            group.cancelAll()
        }
        return supervisor.keys.sorted()
    }
}
