import AnycodeCore
import AnycodeStore
import Logging
import Supervision

/// At start and then periodically: ends every sandbox of this instance that no live session owns.
struct Reaper: Child {
    /// Between two rounds while something that should go cannot be removed.
    static let retryInterval: Duration = .seconds(10)

    let runtime: Runtime
    let context: ChildContext

    func run() async throws {
        while true {
            var pause = runtime.configuration.reaperInterval
            do {
                try await round()
                context.status.setLastError(nil)
            } catch let error as SandboxError {
                context.status.setLastError(error.description)  // the provider may be away; the next round asks again
                pause = min(pause, Self.retryInterval)
            }
            context.status.wait(for: "the next round", within: pause)
            try await sleep(pause)
        }
    }

    /// Ends early when a session left its sandbox behind.
    private func sleep(_ pause: Duration) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await runtime.clock.sleep(pause) }
            group.addTask { try await runtime.leftBehind.wait() }
            try await group.next()
            group.cancelAll()
        }
    }

    /// An orphan exists at the provider, or may exist because the store intended it, and no live session owns it.
    private func round() async throws {
        context.status.wait(for: "list of sandboxes", on: runtime.provider.id.rawValue)
        // Listed before the rows are read: a sandbox listed here had its row before it existed.
        let existing = try await runtime.provider.list().map(\.lease)
        let (open, owned) = try await runtime.store.read { transaction in
            let open = try transaction.openLeases()
            return (open, Set(try open.filter { try Self.isOwned($0, transaction) }.map(\.id)))
        }
        let intended = open.filter { $0.provider == runtime.provider.id }.map(\.id)
        var failure: SandboxError?
        for lease in Set(existing + intended).sorted() where !owned.contains(lease) {
            do {
                try await reap(lease, isKnown: open.contains { $0.id == lease })
            } catch let error as SandboxError {
                failure = error  // the others go all the same
            }
        }
        if let failure { throw failure }
    }

    /// Live sessions own their sandboxes; those that were set aside keep theirs for the operator.
    private static func isOwned(_ lease: LeaseRow, _ transaction: StoreTransaction) throws -> Bool {
        guard let session = try transaction.session(lease.session) else { return false }
        return session.isLive || session.state == SessionActor.quarantinedState
    }

    private func reap(_ lease: LeaseID, isKnown: Bool) async throws {
        context.status.wait(for: "removal of orphan \(lease.short)", on: runtime.provider.id.rawValue)
        runtime.logger.warning("an orphaned sandbox is removed", metadata: ["lease.id": "\(lease)"])
        try await runtime.provider.destroy(lease)
        context.status.showPast("removed", "orphan \(lease.short) found on \(runtime.provider.id) and removed")
        guard isKnown else { return }
        let date = runtime.clock.date()
        try await runtime.store.write { try $0.setLeaseState(lease, "destroyed", at: date) }
    }
}
