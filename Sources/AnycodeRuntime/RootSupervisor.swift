import AnycodeCore
import AnycodeStore
import Logging
package import Supervision

/// The whole tree.
///
/// ```
/// root          restForOne, 3 restarts in 60 s
/// ├ chats       oneForOne, 5 in 60 s; a child per platform
/// ├ outboxes    dynamic, keyed by chat
/// ├ sessions    dynamic, keyed by session
/// ├ router
/// ├ upkeep      oneForOne: store, clock, watchdog, reaper, retention where it is configured
/// └ control     what the composition root adds
/// ```
package enum RootSupervisor {
    package static func make(
        _ runtime: Runtime, clock: some Clock<Duration> = SuspendingClock(), executor: (any TaskExecutor)? = nil,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        observer: @escaping @Sendable (SupervisionEvent) -> Void = { _ in }, control: [ChildSpec] = []
    ) throws(SupervisionError) -> Supervisor {
        try Supervisor(
            id: "root", strategy: .restForOne, intensity: RestartIntensity(3, in: .seconds(60)), clock: clock,
            executor: executor, random: random,
            observer: { event in
                observe(event, runtime)
                observer(event)
            },
            children: [
                .supervisor(id: "chats") { context in
                    try Supervisor(
                        under: context, intensity: RestartIntensity(5, in: .seconds(60)),
                        children: runtime.platforms.keys.sorted().map { chat($0, runtime) })
                },
                .supervisor(id: "outboxes") { context in
                    let outboxes = DynamicSupervisor<ChatID>(
                        under: context, intensity: RestartIntensity(5, in: .seconds(60)), restart: .permanent,
                        shutdown: .immediate
                    ) { chat, context in
                        try outbox(chat, runtime, context)
                    }
                    try context.register(outboxes, as: .outboxes, in: runtime.outboxSupervisor)
                    return outboxes
                },
                .supervisor(id: "sessions") { context in
                    let sessions = DynamicSupervisor<SessionID>(
                        under: context, intensity: RestartIntensity(5, in: .seconds(300)), restart: .transient,
                        shutdown: .immediate(abandonAfter: .seconds(5)), kind: "session",
                        observer: { tellGivenUp($0, context.status) }
                    ) { id, context in
                        try await SessionActor.adopt(id, runtime: runtime, context: context)
                    }
                    context.status[detail: "limit"] = runtime.configuration.maxTotal.map { "\($0)" }
                    try context.register(sessions, as: .sessions, in: runtime.sessionSupervisor)
                    return sessions
                },
                ChildSpec(id: "router", shutdown: .immediate) { context in Router(runtime: runtime, context: context) },
                .supervisor(id: "upkeep") { context in
                    try Supervisor(
                        under: context, intensity: RestartIntensity(5, in: .seconds(60)),
                        children: upkeep(runtime))
                },
                .supervisor(id: "control") { context in try Supervisor(under: context, children: control) },
            ])
    }

    /// A session that failed too often is forgotten by its supervisor and started again by the watchdog.
    private static func tellGivenUp(_ event: SupervisionEvent, _ status: StatusCell) {
        guard case .gaveUp(let reason) = event.kind, event.path.components.count == 1 else { return }
        let id = event.path.components[0]
        status.showPast("gave up", "session \(id.prefix(8)) reached its restart limit: \(reason)")
    }

    private static func upkeep(_ runtime: Runtime) -> [ChildSpec] {
        var children = [
            ChildSpec(id: "store", shutdown: .immediate) { context in StoreWatch(runtime: runtime, context: context) },
            ChildSpec(id: "clock", shutdown: .immediate) { context in ClockWatch(runtime: runtime, context: context) },
            ChildSpec(id: "watchdog", shutdown: .immediate) { context in Watchdog(runtime: runtime, context: context) },
            ChildSpec(id: "reaper", shutdown: .immediate(abandonAfter: .seconds(5))) { context in
                Reaper(runtime: runtime, context: context)
            },
        ]
        if let keep = runtime.configuration.keep {
            children.append(
                ChildSpec(id: "retention", shutdown: .immediate) { context in
                    Retention(runtime: runtime, context: context, keep: keep)
                })
        }
        return children
    }

    private static func chat(_ id: PlatformID, _ runtime: Runtime) -> ChildSpec {
        ChildSpec(id: id.rawValue, shutdown: .immediate) { (context: ChildContext) async throws in
            guard let platform = runtime.platforms[id] else { return }
            context.status[detail: "access"] = runtime.configuration.access[id]?.words
            try await platform.run(inbox: StoredInbox(runtime: runtime, platform: id)) { words in
                context.status.wait(for: words)
            }
        }
    }

    private static func outbox(_ chat: ChatID, _ runtime: Runtime, _ context: ChildContext) throws -> ChatOutbox {
        guard let platform = runtime.platforms[chat.platform] else {
            throw RuntimeError.notReady("platform \(chat.platform)")
        }
        let outbox = ChatOutbox(
            chat: chat, platform: platform, store: runtime.store, clock: runtime.clock, status: context.status
        ) {
            let sessions = runtime.sessions.values.filter { $0.header.conversation.chat == chat }
            for session in sessions.sorted(by: { $0.header.id < $1.header.id }) { session.flushSignal.raise() }
        }
        try context.register(outbox, as: chat, in: runtime.outboxes)
        return outbox
    }

    private static func observe(_ event: SupervisionEvent, _ runtime: Runtime) {
        switch event.kind {
        case .started, .stopped: break
        case .exited(_, let reason) where !reason.isFailure: break
        default:
            runtime.logger.warning(
                "supervision", metadata: ["supervisor.path": "\(event.path)", "event": "\(event.kind)"])
        }
    }
}
