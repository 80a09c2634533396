import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import TestSupport

/// What holds at every moment, looked at whenever the daemon was killed, before it starts again.
extension Simulation {
    private struct Standing: Sendable {
        var live: [Final] = []
        /// Of the sandboxes that exist, the states of their rows.
        var leases: [LeaseID: String] = [:]
    }

    func checkStanding() throws {
        let (store, existing) = (store, host.sandboxes.map(\.lease))
        let standing = try executor.complete {
            try await SimDisk.$isWatching.withValue(true) {
                try await store.read { transaction in
                    var standing = Standing(live: try Self.finals(try transaction.liveSessions(), transaction))
                    for lease in existing { standing.leases[lease] = try transaction.lease(lease)?.state }
                    return standing
                }
            }
        }
        for lease in existing {
            let state = standing.leases[lease]
            world.check(
                state != nil && state != "destroyed",
                "sandbox \(lease.short) exists, its row says \(state ?? "nothing")")
        }
        for session in standing.live {
            checkCursor(session)
            let queue = session.stored.state.queue.count
            world.check(queue <= configuredQueue, "\(queue) prompts wait in \(session.name)")
        }
    }

    private var configuredQueue: Int { 5 }  // the limit, and the first prompt, which waits for the sandbox

    /// Rule 3: cursor and transcript agree.
    private func checkCursor(_ session: Final) {
        let lease = session.stored.header.lease
        guard let cursor = session.row.cursor, let sandbox = host.anyEver(lease), session.stored.state.isStreaming
        else {
            return
        }
        let (log, logID) = sandbox.read { ($0.log, $0.logID) }
        guard session.stored.state.logID == SimWorkspace.logID(lease, logID) else { return }
        let said = log.prefix(Int(cursor)).map { if case .text(let text) = $0.event { text } else { "" } }.joined()
        world.check(
            SimSecrets.masked(said, lease) == session.spoken,
            "\(session.name) is at \(cursor), where the agent has said\n  \(said)\nand its transcript is\n  \(session.spoken)"
        )
    }
}

extension Simulation.Final {
    /// All that the agent said, as it is stored.
    var spoken: String {
        entries.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    }
}

extension SessionState {
    /// Whether all that comes from the stream goes into the transcript.
    fileprivate var isStreaming: Bool {
        if restIsLost == true { return false }
        return switch phase {
        case .working, .saving, .idle, .stopping: true
        default: false
        }
    }
}
