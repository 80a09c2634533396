import AnycodeControl
import AnycodeCore
import AnycodeStore
import Foundation
import Supervision
import Synchronization
import Testing

@testable import AnycodeRuntime
@testable import AnycodeServer

@Suite struct RuntimeBackendTests {
    private static let now = Date(timeIntervalSinceReferenceDate: 1_000)
    private static let bo = Asker(name: "bo", account: "root")
    private static let ana = Person(id: PersonID("7"), name: "Ana")

    private let store: Store
    private let told = Told()

    private final class Told: Sendable {
        let events = Mutex<[SessionEvent]>([])
    }

    init() throws {
        store = try Store(path: nil, execution: .inline)
    }

    private func backend(
        _ brief: SessionBrief? = nil, isOver: Bool = false, tree: NodeSnapshot? = nil
    ) -> RuntimeBackend {
        RuntimeBackend(
            store: store, clock: RuntimeClock(ContinuousClock()) { Self.now }, snapshot: { tree },
            live: { [told] _ in
                brief.map { brief in
                    RuntimeBackend.Live(brief: brief) { event in
                        told.events.withLock { $0.append(event) }
                        return !isOver
                    }
                }
            })
    }

    private func brief(_ activity: SessionBrief.Activity = .active, _ phase: String = "working") -> SessionBrief {
        SessionBrief(
            activity: activity, phase: phase, summary: "", turn: 1, acceptsText: false, lastPatch: nil, queued: 2,
            deadlines: [.init(name: "silence", at: .seconds(1_000_000))], maskings: 3, commands: [])
    }

    /// A session's row, aged a minute.
    private func insert(_ id: String, isLive: Bool = true, source: RequestedSource? = nil) async throws {
        let header = SessionHeader(
            id: SessionID(id), conversation: Conversation(chat: ChatID(platform: PlatformID("console"), value: "1")),
            starter: Self.ana, agent: AgentName("demo"), prompt: "fix it", lease: LeaseID("1ea5e"),
            provider: ProviderID("local"), source: source, token: "t")
        var state = SessionState(header: header)
        state.workspace = PreparedWorkspace(base: "abc123", branch: "main", path: "/w")
        state.agentSeconds = 12
        state.usage = AgentUsage(cost: 0.125, currency: "USD")
        let snapshot = Array(try JSONEncoder().encode(StoredSession(header: header, state: state)))
        let row = SessionRow(
            id: header.id, conversation: header.conversation, starter: header.starter, agent: header.agent,
            prompt: header.prompt, createdAt: Self.now.addingTimeInterval(-60), isLive: isLive,
            state: isLive ? "working" : "completed", snapshot: snapshot, updatedAt: Self.now)
        try await store.write { try $0.insertSession(row) }
    }

    private func refusal(_ body: () async throws -> Void) async throws -> Refusal {
        do {
            try await body()
        } catch let refusal as Refusal {
            return refusal
        }
        throw NotRefused()
    }

    private struct NotRefused: Error {}

    // MARK: Tree

    @Test func treeIsThatOfTheSupervisor() async throws {
        let root = try Supervisor(
            id: "root",
            children: [
                .supervisor(id: "sessions") { context in
                    try Supervisor(
                        under: context,
                        children: [
                            ChildSpec(id: "3f/9a") { (context: ChildContext) in
                                context.status[detail: "agent"] = "demo"
                                context.status.wait(for: "permission", on: "Ana", within: .seconds(60))
                                await context.stopRequested()
                            }
                        ])
                }
            ])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await root.run() }
            try await root.waitUntilRunning("sessions")
            var tree = TreeNode(root.snapshot())
            while tree.children.first?.children.first?.waiting == nil {
                await Task.yield()
                tree = TreeNode(root.snapshot())
            }
            let session = try #require(tree.children.first?.children.first)
            #expect(tree.kind == "supervisor" && tree.path == "")
            #expect(session.path == "sessions/3f%2F9a")
            #expect(session.details == [TreeNode.Detail.label: "demo"])
            #expect(session.waiting?.on == "Ana")
            root.stop()
            try await group.waitForAll()
        }
    }

    @Test func treeIsUnavailableWhileThereIsNone() async throws {
        let refusal = try await refusal { _ = try backend().tree() }
        #expect(refusal.code == .unavailable)
    }

    // MARK: Sessions

    @Test func sessionsAreListedAsTheyAreNow() async throws {
        let id = "3f9a1c20000000000000000000000000"
        try await insert(id)
        try await insert("77777777000000000000000000000000", isLive: false)
        let node = NodeSnapshot(
            id: id, kind: "session", state: .running,
            waiting: .init(reason: "permission", on: "Ana", seconds: 4, deadline: 9))
        let tree = NodeSnapshot(
            id: "root", kind: .supervisor, state: .running,
            children: [NodeSnapshot(id: "sessions", kind: .dynamicSupervisor, state: .running, children: [node])])
        let live = try await backend(brief(.waiting), tree: tree).sessions(all: false)
        #expect(
            live == [
                SessionSummary(
                    id: id, state: "waiting", isLive: true, agent: "demo", chat: "console:1", starter: "Ana",
                    prompt: "fix it", age: 60,
                    waiting: .init(reason: "permission", on: "Ana", seconds: 4, deadline: 9))
            ])
        let working = try await backend(brief(), tree: tree).sessions(all: false)
        #expect(working.map(\.state) == ["working"])
        #expect(working.first?.waiting == nil)
        let all = try await backend().sessions(all: true)
        #expect(all.map(\.state) == ["completed", "working"])
    }

    @Test func sessionTellsItsRowsAndState() async throws {
        let source = RequestedSource(source: WorkspaceSource(url: "https://h/org/repo"), spelling: "org/repo")
        let id = SessionID("3f9a1c20000000000000000000000000")
        try await insert(id.rawValue, source: source)
        let ask = Ask(id: InteractionID("i1"), kind: .repository(problem: "not found"), token: "t")
        let body = Array(try JSONEncoder().encode(ask))
        let date = Self.now.addingTimeInterval(-30)
        try await store.write { transaction in
            _ = try transaction.insertInteraction(
                InteractionRow(
                    id: ask.id, session: id, kind: "repository", requestKey: "r", body: body, createdAt: date))
            _ = try transaction.answerInteraction(
                ask.id, state: "answered", by: Self.ana, answer: Array("Go on without".utf8), at: date)
            try transaction.insertLease(
                LeaseRow(
                    id: LeaseID("1ea5e"), session: id, provider: ProviderID("local"), state: "created",
                    createdAt: date, updatedAt: date))
            _ = try transaction.insertSave(
                session: id, path: "/saves/1.patch", bytes: 10, files: 3, base: "abc123", reason: "working", at: date)
        }
        let detail = try await backend(brief()).session(idPrefix: "3F9A")
        #expect(detail.summary.repository == "org/repo (main)")
        #expect(detail.commit == "abc123" && detail.agentSeconds == 12 && detail.queued == 2)
        #expect(detail.cost == "0.13 USD")
        #expect(detail.maskings == 3)
        #expect(detail.deadlines.map(\.name) == ["silence"])
        #expect(detail.deadlines.allSatisfy { (900_000...1_000_000).contains($0.seconds) })
        #expect(
            detail.interactions == [
                .init(
                    kind: "repository", title: "not found", state: "answered", answer: "Go on without",
                    answeredBy: "Ana", age: 30)
            ])
        #expect(detail.resources == [.init(kind: "local sandbox", name: "1ea5e", state: "created", age: 30)])
        #expect(detail.saves == [.init(path: "/saves/1.patch", changedFiles: 3, age: 30)])
    }

    @Test func prefixesMustFitOneSession() async throws {
        try await insert("3f9a1c20000000000000000000000000")
        try await insert("3f00000000000000000000000000000a")
        let ambiguous = try await refusal { _ = try await backend().session(idPrefix: "3f") }
        #expect(ambiguous.code == .ambiguous)
        #expect(ambiguous.candidates?.count == 2)
        for prefix in ["77", "", "xyz", "é"] {
            #expect(try await refusal { _ = try await backend().session(idPrefix: prefix) }.code == .notFound)
        }
    }

    // MARK: Cancel

    @Test func cancelIsRecordedAndPassedOn() async throws {
        let id = "3f9a1c20000000000000000000000000"
        try await insert(id)
        let answer = try await backend(brief()).cancel(idPrefix: "3f9a", by: Self.bo)
        #expect(answer == CancelAnswer(id: id, state: "working"))
        let asker = Person(id: Self.ana.id, name: "bo, the operator")
        #expect(told.events.withLock { $0 } == [.cancelRequested(by: asker, callback: nil)])
        let audit = try await store.read { try $0.audit(limit: 5) }
        #expect(audit.map { [$0.actor, $0.verb, $0.target ?? ""] } == [["bo (account root)", "cancel", id]])
    }

    @Test func cancelOfWhatCannotBeCancelledIsRefused() async throws {
        try await insert("3f9a1c20000000000000000000000000", isLive: false)
        try await insert("77777777000000000000000000000000")
        #expect(try await refusal { _ = try await backend().cancel(idPrefix: "3f", by: Self.bo) }.code == .conflict)
        #expect(try await refusal { _ = try await backend().cancel(idPrefix: "77", by: Self.bo) }.code == .unavailable)
        let ended = backend(brief(), isOver: true)
        #expect(try await refusal { _ = try await ended.cancel(idPrefix: "77", by: Self.bo) }.code == .conflict)
    }
}
