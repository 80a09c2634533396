import Supervision
import Testing

/// The documentation's examples, through the public interface only.
@Suite struct GettingStartedTests {
    struct SessionID: Hashable, Sendable, CustomStringConvertible {
        let description: String
    }

    /// A child with children of its own.
    actor Session: Child {
        let parts: Supervisor
        let up: AsyncStream<String>.Continuation

        init(_ context: ChildContext, _ up: AsyncStream<String>.Continuation) throws {
            self.up = up
            parts = try Supervisor(
                under: context,
                children: [
                    ChildSpec(id: "lease", run: { context in await context.stopRequested() }),
                    ChildSpec(
                        id: "stream", backoff: Backoff(initial: .milliseconds(1), maxRestarts: 5),
                        run: { context in
                            context.reportProgress()
                            await context.status.waiting(for: "the agent", within: .seconds(30)) {
                                up.yield(context.path.description)
                                await context.stopRequested()
                            }
                        }),
                ]
            )
        }

        func run() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.parts.run() }
                try await group.next()
                group.cancelAll()
            }
        }

        func stop(within grace: Duration?) async {
            parts.stop()
        }
    }

    @Test func theTreeOfTheOverview() async throws {
        let (ups, up) = AsyncStream.makeStream(of: String.self)
        let sessions = Registry<SessionID, Session>()
        let dynamics = Registry<String, DynamicSupervisor<SessionID>>()
        let root = try Supervisor(
            id: "root",
            strategy: .restForOne,
            intensity: RestartIntensity(3, in: .seconds(60)),
            children: [
                ChildSpec(id: "store", run: { context in await context.stopRequested() }),
                .supervisor(id: "sessions") { context in
                    let dynamic = DynamicSupervisor<SessionID>(under: context, limit: 100, kind: "session") {
                        id, context in
                        let session = try Session(context, up)
                        try context.register(session, as: id, in: sessions)
                        return session
                    }
                    try context.register(dynamic, as: "sessions", in: dynamics)
                    return dynamic
                },
                ChildSpec(
                    id: "reaper", shutdown: .grace(.seconds(10)),
                    run: { context in
                        while true {
                            try await context.clock.sleep(for: .seconds(3600))
                        }
                    }),
            ]
        )
        let running = Task { try await root.run() }
        try await root.waitUntilRunning("sessions")
        let id = SessionID(description: "ab12")
        try #require(dynamics["sessions"]).startChild(id)
        for await path in ups {
            #expect(path == "sessions/ab12/stream")
            break
        }
        #expect(sessions[id] != nil)
        let tree = root.snapshot()
        #expect(tree["sessions"]?.kind == .dynamicSupervisor)
        #expect(tree["sessions/ab12"]?.kind == "session")
        #expect(tree["sessions/ab12"]?.children.map(\.id) == ["lease", "stream"])
        #expect(tree["sessions/ab12/stream"]?.waiting?.reason == "the agent")
        try root.restart("sessions/ab12/stream")
        for await _ in ups { break }
        #expect(root.snapshot()["sessions/ab12/stream"]?.incarnation == 2)
        root.stop()
        try await running.value
        #expect(sessions.count == 0)
    }
}
