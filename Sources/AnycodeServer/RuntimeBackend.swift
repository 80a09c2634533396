package import AnycodeControl
package import AnycodeCore
package import AnycodeRuntime
package import AnycodeStore
package import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Shows the running tree and its store.
package struct RuntimeBackend: ControlBackend {
    /// How far back `sessions --all` goes.
    private static let historyLimit = 200
    /// How many ids an ambiguous prefix is told.
    private static let candidateLimit = 6

    /// A session that runs now, as its actor shows itself.
    package struct Live: Sendable {
        package let brief: SessionBrief
        /// Puts an event in; `false` when the session is over.
        package let accept: @Sendable (SessionEvent) async -> Bool

        package init(brief: SessionBrief, accept: @escaping @Sendable (SessionEvent) async -> Bool) {
            self.brief = brief
            self.accept = accept
        }
    }

    /// The running daemon, as far as orders and questions go beyond its tree and its store.
    package struct Controls: Sendable {
        package var journal = EventJournal()
        /// Starts a node afresh.
        package var restart: @Sendable (NodePath) throws -> Void = { _ in }
        package var providers: [any SandboxProvider] = []
        package var intake = Intake()
        /// Ends all sessions within a time; returns those that go on.
        package var drain: @Sendable (Duration) async -> [SessionID] = { _ in [] }
        /// The platforms whose owners prove themselves with a code.
        package var pairingPlatforms: [PlatformID] = []
        /// Makes such a code.
        package var pair: @Sendable (PlatformID) -> String = { _ in "" }
        /// The text without the secrets that a session has to do with.
        package var masked: @Sendable (SessionHeader, String) -> String = { $1 }
        /// Chat platforms in which anybody may use the bot.
        package var openPlatforms: [PlatformID] = []
        /// The database's file; `nil` for one in memory.
        package var database: String?

        package init() {}
    }

    let store: Store
    let snapshot: @Sendable () -> NodeSnapshot?
    let live: @Sendable (SessionID) -> Live?
    let clock: RuntimeClock
    let controls: Controls
    private let start: Duration

    /// - Parameters:
    ///   - snapshot: The tree from the root down; `nil` while there is none.
    ///   - live: The session's actor, while it runs.
    package init(
        store: Store, clock: RuntimeClock, controls: Controls = Controls(),
        snapshot: @escaping @Sendable () -> NodeSnapshot?,
        live: @escaping @Sendable (SessionID) -> Live?
    ) {
        self.controls = controls
        self.store = store
        self.clock = clock
        self.snapshot = snapshot
        self.live = live
        start = clock.now()
    }

    /// - Parameters:
    ///   - root: The tree's root; `nil` while there is none.
    ///   - database: The database's file.
    package init(
        runtime: Runtime, journal: EventJournal, database: String?,
        root: @escaping @Sendable () -> Supervisor?
    ) {
        var controls = Controls()
        controls.journal = journal
        controls.restart = { path in
            guard let root = root() else { throw Refusal.isStarting }
            try root.restart(path)
        }
        controls.providers = [runtime.provider]
        controls.intake = runtime.intake
        controls.drain = { await runtime.drain(within: $0) }
        controls.pairingPlatforms = runtime.pairingPlatforms
        controls.pair = { runtime.issuePairingCode(for: $0) }
        controls.masked = { runtime.masker(for: $0).masked($1) }
        controls.database = database
        controls.openPlatforms = runtime.openPlatforms
        self.init(
            store: runtime.store, clock: runtime.clock, controls: controls,
            snapshot: { root()?.snapshot() }
        ) {
            id in
            runtime.sessions[id].map { session in
                Live(brief: session.brief) { await session.accept($0) }
            }
        }
    }

    package func version() -> DaemonVersion {
        let uptime = (clock.now() - start) / .seconds(1)
        return DaemonVersion(
            version: AnycodeVersion.current, pid: Int(ProcessInfo.processInfo.processIdentifier),
            uptime: uptime)
    }

    package func sessions(all: Bool) async throws -> [SessionSummary] {
        let rows = try await store.read { transaction in
            all
                ? try transaction.recentSessions(limit: Self.historyLimit) : try transaction.liveSessions()
        }
        let waits = waits()
        return rows.map { SessionSummary($0, live($0.id)?.brief, waits[$0.id], now: clock.date()) }
    }

    package func session(idPrefix: String) async throws -> SessionDetail {
        let row = try await find(idPrefix)
        let id = row.id
        let related = try await store.read { transaction in
            SessionDetail.Related(
                interactions: try transaction.interactions(session: id),
                leases: try transaction.leases(session: id),
                saves: try transaction.saves(session: id))
        }
        let node = snapshot()?[NodePath("sessions")]?.children.first { $0.id == id.rawValue }
        var detail = SessionDetail(
            row, live(id)?.brief, node?.waiting, related, now: clock.date(), instant: clock.now())
        detail.runner = node?.children.first { $0.id == "lease" }?.details["runner"]
        return detail
    }

    package func cancel(idPrefix: String, by asker: Asker) async throws -> CancelAnswer {
        let row = try await find(idPrefix)
        guard row.isLive else {
            throw Refusal(.conflict, "Session \(row.id.short) is over already (\(row.state)).")
        }
        guard let session = live(row.id) else {
            throw Refusal(
                .unavailable, "Session \(row.id.short) is just being started.",
                hint: "try again in a moment")
        }
        let id = row.id
        try await record(asker, "cancel", id.rawValue)
        // Who may open the socket may do everything: the session is told so by its starter's id.
        let person = Person(id: row.starter.id, name: "\(asker.name), the operator")
        guard await session.accept(.cancelRequested(by: person, callback: nil)) else {
            throw Refusal(.conflict, "Session \(row.id.short) is over already.")
        }
        return CancelAnswer(id: id.rawValue, state: session.brief.word)
    }

    /// Writes down who is about to do what; what cannot be recorded is not done.
    func record(_ asker: Asker, _ verb: String, _ target: String? = nil) async throws {
        if let trouble = store.gate.trouble {
            throw Refusal(
                .unavailable, "Nothing can be recorded now, so nothing is done: \(trouble.message).",
                hint: trouble.hint)
        }
        let date = clock.date()
        try await store.write {
            try $0.insertAudit(at: date, actor: asker.recorded, verb: verb, target: target)
        }
    }

    func find(_ prefix: String) async throws -> SessionRow {
        let prefix = prefix.lowercased()
        guard !prefix.isEmpty, prefix.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
            throw Refusal(.notFound, "No session has such an id.", hint: "see anycodectl sessions")
        }
        let rows = try await store.read {
            try $0.sessions(idPrefix: prefix, limit: Self.candidateLimit)
        }
        guard let first = rows.first else {
            throw Refusal(
                .notFound, "No session's id begins with \(prefix).", hint: "see anycodectl sessions --all")
        }
        if rows.count > 1 {
            let ids = rows.map(\.id.rawValue)
            throw Refusal(.ambiguous, "Several sessions' ids begin with \(prefix).", candidates: ids)
        }
        return first
    }

    /// What each running session waits for, from its node.
    private func waits() -> [SessionID: NodeSnapshot.Waiting] {
        let nodes = snapshot()?.children.first { $0.id == "sessions" }?.children ?? []
        let pairs = nodes.compactMap { node in node.waiting.map { (SessionID(node.id), $0) } }
        return Dictionary(pairs) { first, _ in first }
    }
}

extension Refusal {
    static let isStarting = Refusal(
        .unavailable, "The daemon is starting.", hint: "try again in a moment")
}
