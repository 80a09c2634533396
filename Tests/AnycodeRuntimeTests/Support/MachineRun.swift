import AnycodeCore
import Synchronization

@testable import AnycodeRuntime

/// Ids in a known order.
final class CountedIDs: Sendable {
    private let count = Mutex(0)

    var value: Int {
        get { count.withLock { $0 } }
        set { count.withLock { $0 = newValue } }
    }

    func next() -> String {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}

enum Sample {
    static let ana = Person(id: PersonID("ana"), name: "Ana")
    static let eve = Person(id: PersonID("eve"), name: "Eve")
    static let room = ChatID(platform: PlatformID("sim"), value: "room")
    static let workspace = PreparedWorkspace(base: "0123456789abcdef", branch: "main", path: "/workspace/repo")
    static let source = RequestedSource(
        source: WorkspaceSource(url: "https://github.com/org/repo.git"), spelling: "org/repo")

    static func header(
        source: RequestedSource? = nil, prompt: String = "fix it", origin: SessionOrigin? = nil
    ) -> SessionHeader {
        SessionHeader(
            id: SessionID("5e55105e55105e55105e55105e551000"), conversation: Conversation(chat: room), starter: ana,
            agent: AgentName("demo"), prompt: prompt, lease: LeaseID("1ea5e1ea5e"), provider: ProviderID("sim"),
            source: source, token: "70ce", origin: origin)
    }

    static func health(_ log: String = "log") -> RunnerHealth {
        RunnerHealth(version: "1", logID: log, agentIsRunning: true)
    }

    static func patch(_ number: Int = 1) -> SavedPatch {
        SavedPatch(path: "/patches/\(number)", bytes: 10, files: 1, added: number, removed: 0)
    }

    static func permission(_ number: Int64) -> PermissionRequest {
        PermissionRequest(
            request: .number(number), toolCall: ToolCallUpdate(id: ToolCallID("t"), title: "rm -rf build"),
            options: [
                .init(id: "yes", name: "Allow once", kind: .allowOnce),
                .init(id: "always", name: "Always allow", kind: .allowAlways),
                .init(id: "no", name: "Reject", kind: .rejectOnce),
            ])
    }

    static func question(_ number: Int64, _ fields: [QuestionRequest.Field]) -> QuestionRequest {
        QuestionRequest(request: .number(number), message: "Tell me", fields: fields)
    }

    static func field(_ name: String, _ kind: QuestionRequest.FieldKind, required: Bool = true) -> QuestionRequest.Field
    {
        .init(name: name, title: name, kind: kind, required: required)
    }

    static func file(_ name: String, bytes: Int? = 3) -> SentFile {
        SentFile(name: name, mediaType: "text/plain", bytes: bytes, reference: "ref-\(name)")
    }

    static func choices(_ names: String...) -> [QuestionRequest.Choice] {
        names.map { .init(value: $0, label: $0.uppercased()) }
    }
}

/// Drives a machine by hand and keeps what it decided.
struct MachineRun {
    let ids = CountedIDs()
    var machine: SessionMachine
    var now: Duration = .seconds(1000)
    var entries: [TranscriptEntry] = []
    var replies: [String] = []
    var saves: [SavedPatch] = []
    var actions: [SessionAction] = []
    /// Calls in the order in which they were put on their way.
    var calls: [AgentCall] = []

    init(policy: SessionPolicy = SessionPolicy(), source: RequestedSource? = nil, origin: SessionOrigin? = nil) {
        let (ids, header) = (ids, Sample.header(source: source, origin: origin))
        machine = SessionMachine(
            header: header, state: SessionState(header: header), policy: policy, makeID: { ids.next() })
    }

    var state: SessionState { machine.state }
    var phase: String { machine.state.phase.word }

    /// Takes an event in; `actions` are those of this event.
    mutating func on(_ event: SessionEvent, after wait: Duration = .zero) {
        now += wait
        let before = machine.state.outbound
        let decision = machine.handle(event, at: now)
        entries += decision.entries
        replies += decision.replies.map(\.markdown)
        if let save = decision.newSave { saves.append(save) }
        actions = decision.actions
        calls += machine.state.outbound.filter { !before.contains($0) }
    }

    mutating func says(_ events: AgentEvent..., after wait: Duration = .zero) { on(.streamed(events), after: wait) }

    /// Lets time pass as the actor does: a tick at each deadline.
    mutating func wait(_ duration: Duration) {
        let end = now + duration
        while let due = machine.nextDeadline, due <= end {
            now = max(now, due)
            on(.ticked)
        }
        now = end
    }

    /// The agent takes what waits.
    mutating func accept() {
        while let call = state.outbound.first { on(.callAccepted(call)) }
    }

    func awaited(_ purpose: SessionState.Purpose) -> RequestID {
        state.awaited.first { $0.purpose == purpose }?.request ?? .string("none")
    }

    /// A new incarnation on what was stored.
    mutating func restart() {
        machine = SessionMachine(header: machine.header, state: state, policy: machine.policy, makeID: machine.makeID)
        on(.started)
    }

    // MARK: The way to a phase

    mutating func toPreparing() {
        on(.started)
        on(.acquired(Sample.health()))
    }

    mutating func toOpening() {
        toPreparing()
        on(.prepared(Sample.workspace))
        accept()
    }

    mutating func toWorking() {
        toOpening()
        open()
        accept()
    }

    /// The agent answers `initialize` and the opening of its conversation.
    mutating func open() {
        says(.initialized(awaited(.initialize), AgentCapabilities(name: "demo")))
        says(.sessionOpened(awaited(.open), AgentSession(id: AgentSessionID("s"))))
    }

    mutating func endTurn(_ reason: StopReason = .endTurn) { says(.turnEnded(awaited(.prompt), reason)) }

    mutating func toIdle(_ patch: SavedPatch? = Sample.patch()) {
        toWorking()
        says(.text("done"))
        endTurn()
        on(.saved(patch))
        accept()
    }

    // MARK: What was told

    /// The files that the last event asked for.
    var incomingFiles: [IncomingFile] {
        actions.flatMap { action -> [IncomingFile] in if case .receive(let files) = action { files } else { [] } }
    }

    var turnReports: [TurnReport] {
        entries.compactMap { entry in if case .turnEnded(let report) = entry { report } else { nil } }
    }

    var report: SessionReport? { if case .done(let report) = state.phase { report } else { nil } }

    var asks: [Ask] { entries.compactMap { entry in if case .asked(let ask) = entry { ask } else { nil } } }

    var resolutions: [Resolution] {
        entries.compactMap { entry in if case .resolved(_, let resolution) = entry { resolution } else { nil } }
    }

    var notices: [String] { entries.compactMap { entry in if case .notice(let words) = entry { words } else { nil } } }

    /// The notes with which clicks of the last event were answered.
    var clickNotes: [String] {
        actions.compactMap { action in if case .answerClick(_, let note) = action { note } else { nil } }
    }

    mutating func press(_ ask: Ask, _ action: ButtonAction, by person: Person = Sample.ana) {
        on(.pressed(ask.id, action, by: person, callback: "click"))
    }

    /// Presses a field's button by its label.
    mutating func press(_ ask: Ask, field: Int, _ label: String) {
        guard case .question(let request) = ask.kind,
            let button = FormProgress.buttons(request.fields[field]).firstIndex(where: { $0.label == label })
        else { return }
        press(ask, .field(field, button: button))
    }
}
