import AnycodeControl
import AnycodeCore
import AnycodeStore
import Foundation
import Supervision
import Synchronization
import Testing

@testable import AnycodeRuntime
@testable import AnycodeServer

/// Restart, drain, resources, logs, findings: on a real store.
@Suite struct OperationsTests {
    private static let now = Date(timeIntervalSinceReferenceDate: 1_000)
    private static let bo = Asker(name: "bo", account: "bo")
    private static let live = "3f9a1c20000000000000000000000000"
    private static let over = "77777777000000000000000000000000"

    private let store: Store
    private let provider = ListedProvider()
    private let restarted = Restarted()

    private final class Restarted: Sendable {
        let paths = Mutex<[NodePath]>([])
    }

    init() throws {
        store = try Store(path: nil, execution: .inline)
    }

    private func backend(
        _ tree: NodeSnapshot = NodeSnapshot(id: "root", kind: .supervisor, state: .running),
        _ change: (inout RuntimeBackend.Controls) -> Void = { _ in }
    ) -> RuntimeBackend {
        var controls = RuntimeBackend.Controls()
        change(&controls)
        controls.providers = [provider]
        controls.restart = { [restarted] path in
            restarted.paths.withLock { $0.append(path) }
        }
        controls.masked = { $1.replacingOccurrences(of: "hunter2", with: "[secret]") }
        return RuntimeBackend(
            store: store, clock: RuntimeClock(ContinuousClock()) { Self.now }, controls: controls, snapshot: { tree },
            live: { _ in nil })
    }

    private var tree: NodeSnapshot {
        let sessions = [Self.live, "3f00000000000000000000000000000a"].map {
            NodeSnapshot(id: $0, kind: "session", state: .running)
        }
        return NodeSnapshot(
            id: "root", kind: .supervisor, state: .running,
            children: [NodeSnapshot(id: "sessions", kind: .dynamicSupervisor, state: .running, children: sessions)])
    }

    private func insert(_ id: String, isLive: Bool = true, state: String = "working", lease: String) async throws {
        let header = SessionHeader(
            id: SessionID(id), conversation: Conversation(chat: ChatID(platform: PlatformID("console"), value: "1")),
            starter: Person(id: PersonID("7"), name: "Ana"), agent: AgentName("demo"), prompt: "fix it",
            lease: LeaseID(lease), provider: ProviderID("local"), source: nil, token: "t")
        let stored = StoredSession(header: header, state: SessionState(header: header))
        let row = SessionRow(
            id: header.id, conversation: header.conversation, starter: header.starter, agent: header.agent,
            prompt: header.prompt, createdAt: Self.now, isLive: isLive, state: state,
            snapshot: Array(try JSONEncoder().encode(stored)), bootAttempts: 2, updatedAt: Self.now)
        let leaseRow = LeaseRow(
            id: header.lease, session: header.id, provider: header.provider, state: "created",
            createdAt: Self.now.addingTimeInterval(-30), updatedAt: Self.now)
        try await store.write { transaction in
            try transaction.insertSession(row)
            try transaction.insertLease(leaseRow)
        }
    }

    private func code(_ body: () async throws -> Void) async -> Refusal.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? Refusal)?.code
        }
    }

    // MARK: Restart

    @Test func restartFindsShortPathsAndIsRecorded() async throws {
        try await insert(Self.live, lease: "aaaa")
        let answer = try await backend(tree).restart(path: "root/sessions/3f9a", by: Self.bo)
        #expect(answer == RestartAnswer(path: "sessions/\(Self.live)", state: "running"))
        #expect(restarted.paths.withLock { $0 } == [NodePath("sessions/\(Self.live)")])
        let audit = try await store.read { try $0.audit(limit: 5) }
        #expect(audit.map { [$0.actor, $0.verb, $0.target ?? ""] } == [["bo", "restart", "sessions/\(Self.live)"]])
        #expect(try await store.read { try $0.session(SessionID(Self.live))?.bootAttempts } == 0)
    }

    @Test func restartOfWhatIsNotThereIsRefused() async throws {
        let backend = backend(tree)
        #expect(await code { _ = try await backend.restart(path: "upkeep", by: Self.bo) } == .notFound)
        #expect(await code { _ = try await backend.restart(path: "", by: Self.bo) } == .badRequest)
        #expect(await code { _ = try await backend.restart(path: "sessions/3f", by: Self.bo) } == .ambiguous)
        #expect(restarted.paths.withLock { $0 }.isEmpty)
    }

    // MARK: Resources

    @Test func resourcesTellOwnerReasonAndRemedy() async throws {
        try await insert(Self.live, lease: "aaaa")
        try await insert(Self.over, isLive: false, state: "failed", lease: "bbbb")
        try await insert("55550000", isLive: false, state: "quarantined", lease: "cccc")
        provider.listed.withLock { $0 = ["aaaa", "bbbb", "cccc", "dddd"] }
        let list = try await backend().resources()
        let byLease = Dictionary(uniqueKeysWithValues: list.resources.map { ($0.lease, $0) })
        #expect(list.problems.isEmpty && byLease.count == 4)
        #expect(byLease["aaaa"]?.isOrphan == false && byLease["aaaa"]?.remedy == "anycodectl cancel 3f9a1c20")
        #expect(byLease["aaaa"]?.owner == "session 3f9a1c20 of Ana" && byLease["aaaa"]?.age == 30)
        #expect(byLease["bbbb"]?.isOrphan == true && byLease["bbbb"]?.remedy == ResourceSurvey.reaperCommand)
        #expect(byLease["cccc"]?.isOrphan == false && byLease["cccc"]?.remedy == "anycodectl destroy cccc")
        #expect(byLease["dddd"]?.isOrphan == true && byLease["dddd"]?.owner == nil)
    }

    @Test func providerThatCannotListIsTold() async throws {
        try await insert(Self.live, lease: "aaaa")
        provider.listed.withLock { $0 = nil }
        let list = try await backend().resources()
        #expect(list.resources.map(\.lease) == ["aaaa"])
        #expect(list.problems == ["Provider local cannot list what exists: no route"])
    }

    @Test func destroySparesLiveSessions() async throws {
        try await insert(Self.live, lease: "aaaa")
        try await insert("55550000", isLive: false, state: "quarantined", lease: "cccc")
        let backend = backend()
        #expect(await code { _ = try await backend.destroy(leasePrefix: "aaaa", by: Self.bo) } == .conflict)
        #expect(await code { _ = try await backend.destroy(leasePrefix: "ff", by: Self.bo) } == .notFound)
        _ = try await backend.destroy(leasePrefix: "CC", by: Self.bo)
        #expect(provider.destroyed.withLock { $0 } == [LeaseID("cccc")])
        #expect(try await store.read { try $0.lease(LeaseID("cccc"))?.state } == "destroyed")
        #expect(try await store.read { try $0.audit(limit: 5) }.map(\.verb) == ["destroy"])
    }

    @Test func aCodeIsMadeForThePlatformThatPairs() async throws {
        let none = backend()
        #expect(await code { _ = try await none.pair(platform: nil, by: Self.bo) } == .conflict)
        let several = backend { controls in
            controls.pairingPlatforms = [PlatformID("slack"), PlatformID("telegram")]
            controls.pair = { "code of \($0)" }
        }
        #expect(await code { _ = try await several.pair(platform: nil, by: Self.bo) } == .ambiguous)
        #expect(await code { _ = try await several.pair(platform: "fax", by: Self.bo) } == .notFound)
        let answer = try await several.pair(platform: "slack", by: Self.bo)
        #expect(answer == PairAnswer(platform: "slack", code: "code of slack", minutes: 60))
        #expect(try await store.read { try $0.audit(limit: 5) }.map(\.verb) == ["pair"])
    }

    @Test func drainClosesTheIntakeAndTellsWhatIsLeft() async throws {
        try await insert(Self.live, lease: "aaaa")
        let backend = backend()
        let answer = try await backend.drain(within: .seconds(1), by: Self.bo)
        #expect(answer.ended == 0 && answer.left.map(\.id) == [Self.live])
        #expect(backend.controls.intake.state == .refusing)
        let details = try backend.tree().details
        #expect(details["intake"] == "closed by drain")
        _ = try await backend.undrain(by: Self.bo)
        #expect(backend.controls.intake.state == .open)
        #expect(try await store.read { try $0.audit(limit: 5) }.map(\.verb) == ["undrain", "drain"])
    }

    @Test func aSecondDrainIsHarmlessAndOneDuringAStopIsRefused() async throws {
        try await insert(Self.live, lease: "aaaa")
        let backend = backend()
        let first = try await backend.drain(within: .seconds(1), by: Self.bo)
        #expect(try await backend.drain(within: .seconds(1), by: Self.bo) == first)
        backend.controls.intake.become(.holding)
        #expect(await code { _ = try await backend.drain(within: .seconds(1), by: Self.bo) } == .conflict)
        #expect(backend.controls.intake.state == .holding, "what comes now waits for the next start")
    }

    // MARK: Findings

    @Test func chatsAndClocksAreExamined() {
        let words = ["polling as @bot", "connecting to Telegram", "offline: no route", "on the terminal"]
        let chats = words.map { TreeNode(id: $0, waiting: .init(reason: $0, seconds: 1)) } + [TreeNode(id: "mute")]
        let jump = TreeNode(
            id: "jump", kind: TreeNode.past, uptime: 5, details: ["status": "the calendar was set back by 2 h"])
        func tree(_ events: [TreeNode]) -> TreeNode {
            TreeNode(
                id: "root",
                children: [
                    TreeNode(id: "chats", children: chats),
                    TreeNode(id: "upkeep", children: [TreeNode(id: "clock", children: events)]),
                ])
        }
        let grades = RuntimeBackend.findings(ofChatsIn: tree([])).map(\.grade)
        #expect(grades == [.fine, .noted, .failed, .fine, .noted])
        #expect(RuntimeBackend.clockFinding(in: tree([])).grade == .fine)
        let found = RuntimeBackend.clockFinding(in: tree([jump]))
        #expect(found.grade == .noted && found.words.contains("set back by 2 h"))
    }

    // MARK: Logs

    @Test func logTellsTheTranscriptInWords() async throws {
        try await insert(Self.live, lease: "aaaa")
        provider.log.withLock { $0 = "up\nkey hunter2\n" }
        let ana = Person(id: PersonID("7"), name: "Ana")
        let call = ToolCall(id: ToolCallID("1"), title: "Read a", kind: .read, status: .pending)
        let entries: [AnycodeRuntime.TranscriptEntry] = [
            .prompted(turn: 1, by: ana, text: "fix it"), .text("I w"), .text("ill"), .tool(call),
            .toolUpdated(ToolCallUpdate(id: call.id, status: .inProgress)),
            .toolUpdated(ToolCallUpdate(id: call.id, status: .completed)),
            .resolved(InteractionID("i"), Resolution(by: ana, choice: "Allow once")), .text("done"),
        ]
        let bytes = try entries.map { Array(try JSONEncoder().encode($0)) }
        try await store.write {
            try $0.appendTranscript(SessionID(Self.live), incarnation: 0, entries: bytes)
        }
        var told: [String] = []
        for try await batch in try await backend().log(idPrefix: "3f9a", follows: false) {
            told += batch.map { "\($0.kind) \($0.words)" }
        }
        #expect(
            told == [
                "prompt Ana: fix it", "text I will", "tool Read a (pending)", "tool Read a (completed)",
                "answer Ana: Allow once", "text done", "runner up\nkey [secret]",
            ])
    }

    @Test func followedLogEndsWithTheSession() async throws {
        try await insert(Self.over, isLive: false, state: "completed", lease: "bbbb")
        var batches = 0
        for try await _ in try await backend().log(idPrefix: "7777", follows: true) { batches += 1 }
        #expect(batches == 0)
    }

    // MARK: Events and findings

    @Test func journalRemembersTheNewest() async throws {
        let journal = EventJournal(limit: 2) { Self.now }
        let root = try Supervisor(
            id: "root", observer: journal.record,
            children: (0..<5).map { number in
                ChildSpec(id: "c\(number)", restart: .temporary) { (_: ChildContext) in }
            })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await root.run() }
            for number in 0..<5 { try await root.waitUntilEnded("c\(number)") }
            root.stop()
            try await group.waitForAll()
        }
        let events = journal.events(after: 0)
        #expect(events.count == 2 && events.last?.kind == "stopped")
        #expect(events.allSatisfy { $0.time == Self.now.timeIntervalSince1970 && !$0.isFailure })
        #expect(journal.events(after: events[0].sequence).count == 1)
        #expect(journal.events(after: events[1].sequence).isEmpty)
    }

    @Test func findingsNameWhatIsInTrouble() async throws {
        let troubled = NodeSnapshot(
            id: "root", kind: .supervisor, state: .running,
            children: [
                NodeSnapshot(id: "a", kind: .worker, state: .backingOff, lastError: "no network"),
                NodeSnapshot(id: "b", kind: .worker, state: .running),
            ])
        provider.listed.withLock { $0 = ["dddd"] }
        let findings = try await backend(troubled).findings()
        let failed = findings.filter { $0.grade == .failed }
        #expect(failed.map(\.subject) == ["a", "sandboxes"])
        #expect(failed.first?.words == "backing off; last error: no network")
    }
}

/// Lists what it is told to.
private final class ListedProvider: SandboxProvider {
    let id = ProviderID("local")
    /// `nil`: it cannot be asked.
    let listed = Mutex<[String]?>([])
    let destroyed = Mutex<[LeaseID]>([])
    let log = Mutex<String?>(nil)

    func acquire(
        _ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void
    ) async throws(SandboxError) -> any SandboxLease {
        throw SandboxError(.failed, "not here")
    }

    func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? { nil }

    func list() async throws(SandboxError) -> [SandboxRecord] {
        guard let names = listed.withLock({ $0 }) else { throw SandboxError(.unavailable, "no route") }
        return names.map {
            SandboxRecord(
                lease: LeaseID($0), name: "/s/\($0)", createdAt: Date(timeIntervalSinceReferenceDate: 0),
                isRunning: true)
        }
    }

    func destroy(_ lease: LeaseID) async throws(SandboxError) { destroyed.withLock { $0.append(lease) } }

    func logTail(_ lease: LeaseID, limit: Int) async throws(SandboxError) -> String? { log.withLock { $0 } }
}
