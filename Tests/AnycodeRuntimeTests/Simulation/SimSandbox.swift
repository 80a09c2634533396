import AnycodeCore
import Synchronization

@testable import AnycodeRuntime

/// A sandbox with its runner and a scripted agent. Goes on while the daemon is away.
final class SimSandbox: Sendable {
    struct Logged: Sendable {
        let number: Int64
        let event: AgentEvent
    }

    struct State {
        var log: [Logged] = []
        var seen: Set<RequestID> = []
        var prompts: [String] = []
        /// What the agent said, turn after turn.
        var speech: [String] = []
        /// Requests of the agent that nobody has answered.
        var pending: [RequestID: AgentEvent] = [:]
        var answers: [RequestID: [String]] = [:]
        var turn: Turn?
        var version = 0
        var savedVersion = 0
        var requestCount = 0
        var prepared = 0
        var isAlive = true
        var exit: SandboxExit?
    }

    struct Turn: Sendable {
        let request: RequestID
        var steps: [Step]
        var isCancelled = false
    }

    enum Step: Sendable {
        case say(String)
        case edit
        case permission
        case question
        case pause
    }

    let lease: LeaseID
    let session: SessionID
    let world: SimWorld
    let news = Signal()
    let death = Signal()
    private let state = Mutex(State())

    init(lease: LeaseID, session: SessionID, world: SimWorld) {
        self.lease = lease
        self.session = session
        self.world = world
    }

    func read<Value>(_ body: (State) -> Value) -> Value { state.withLock { body($0) } }
    var isAlive: Bool { read(\.isAlive) }

    private func append(_ event: AgentEvent) {
        state.withLock { $0.log.append(Logged(number: Int64($0.log.count + 1), event: event)) }
        news.raise()
    }

    // MARK: The daemon's calls

    func handle(_ call: AgentCall) {
        switch call {
        case .initialize(let id): once(id) { self.append(.initialized(id, AgentCapabilities(name: "sim"))) }
        case .openSession(let id, _), .loadSession(let id, _, _):
            once(id) { self.append(.sessionOpened(id, AgentSession(id: AgentSessionID("s-\(self.lease.short)")))) }
        case .prompt(let id, _, let text): once(id) { self.begin(id, text) }
        case .setMode(let id, _, _), .setModel(let id, _, _): once(id) { self.append(.callSucceeded(id)) }
        case .cancel: state.withLock { $0.turn?.isCancelled = true }
        case .answerPermission(let id, let answer): answered(id, "\(answer)")
        case .answerQuestion(let id, let answer): answered(id, "\(answer)")
        }
    }

    private func once(_ id: RequestID, _ body: @escaping @Sendable () -> Void) {
        guard state.withLock({ $0.seen.insert(id).inserted }) else { return }
        world.schedule(after: world.milliseconds(1...50), body)
    }

    private func answered(_ id: RequestID, _ words: String) {
        state.withLock { state in
            guard state.pending.removeValue(forKey: id) != nil else { return }  // the runner drops a second answer
            state.answers[id, default: []].append(words)
        }
        step()
    }

    // MARK: The agent

    private func begin(_ id: RequestID, _ text: String) {
        let steps = (0..<(1 + world.number(below: 8))).map { number -> Step in
            switch world.number(below: 10) {
            case 0: .permission
            case 1: .question
            case 2, 3: .edit
            case 4: .pause
            default: .say("[\(lease.short)-\(read(\.prompts.count))-\(number)] ")
            }
        }
        state.withLock { state in
            state.prompts.append(text)
            state.turn = Turn(request: id, steps: [.say("<\(text)> ")] + steps)
        }
        step()
    }

    private func step() {
        world.schedule(after: world.milliseconds(5...900)) { self.advance() }
    }

    private func advance() {
        guard isAlive, let turn = read(\.turn) else { return }
        if turn.isCancelled { return endTurn(.cancelled) }
        guard read(\.pending.isEmpty) else { return }
        guard let next = turn.steps.first else { return endTurn(.endTurn) }
        state.withLock { _ = $0.turn?.steps.removeFirst() }
        switch next {
        case .say(let words):
            state.withLock { $0.speech.append(words) }
            append(.text(words))
            step()
        case .edit:
            state.withLock { $0.version += 1 }
            append(.toolCall(ToolCall(id: ToolCallID("t\(read(\.version))"), title: "edit", kind: .edit)))
            step()
        case .pause: step()
        case .permission, .question: ask(next)
        }
    }

    private func ask(_ step: Step) {
        let id = state.withLock { state in
            state.requestCount += 1
            return RequestID.number(Int64(state.requestCount))
        }
        let event: AgentEvent
        if case .permission = step {
            event = .permissionRequested(
                PermissionRequest(
                    request: id, toolCall: ToolCallUpdate(id: ToolCallID("p\(id)"), title: "rm -rf build"),
                    options: [
                        .init(id: "yes", name: "Allow once", kind: .allowOnce),
                        .init(id: "no", name: "Reject", kind: .rejectOnce),
                    ]))
        } else {
            event = .questionAsked(
                QuestionRequest(
                    request: id, message: "Which?",
                    fields: [
                        .init(
                            name: "which", title: "Which?",
                            kind: .single([.init(value: "a", label: "A"), .init(value: "b", label: "B")]), required: true)
                    ]))
        }
        state.withLock { $0.pending[id] = event }
        append(event)
    }

    private func endTurn(_ reason: StopReason) {
        guard let turn = read(\.turn) else { return }
        state.withLock { state in
            state.turn = nil
            state.pending = [:]
        }
        append(.turnEnded(turn.request, reason))
    }

    // MARK: Death

    func kill() {
        state.withLock { state in
            state.isAlive = false
            state.exit = SandboxExit(exitCode: 137, message: "killed")
        }
        death.raise()
        news.raise()
    }

    /// Started again on the surviving workspace: the agent's process is gone, so its open prompt fails.
    func revive() {
        let turn = state.withLock { state -> Turn? in
            state.isAlive = true
            defer { state.turn = nil }
            state.pending = [:]
            return state.turn
        }
        if let turn { append(.callFailed(turn.request, AgentFailure(code: .agentExited, message: "the agent ended"))) }
    }

    func saved() { state.withLock { $0.savedVersion = $0.version } }
    func prepare() { state.withLock { $0.prepared += 1 } }
}
