package import AnycodeCore
import AnycodeRuntime
import Synchronization

/// A sandbox with its runner and a scripted agent. Goes on while the daemon is away.
package final class SimSandbox: Sendable {
    package struct Logged: Sendable {
        package let number: Int64
        package let event: AgentEvent
    }

    package struct State {
        package var log: [Logged] = []
        package var seen: Set<RequestID> = []
        package var prompts: [String] = []
        /// Prompts that came when the agent had ended: the runner answered that they failed.
        package var refusedPrompts: [String] = []
        /// What the agent said, turn after turn.
        package var speech: [String] = []
        /// Requests of the agent that nobody has answered.
        package var pending: [RequestID: AgentEvent] = [:]
        /// The words by which a request is known in every generation of the agent.
        package var markers: [RequestID: String] = [:]
        /// What each request was answered, by its words.
        package var answers: [String: [String]] = [:]
        package var agentRuns = true
        package var logID = 0
        package var turn: Turn?
        package var version = 0
        /// Whether a secret stands in what the workspace holds.
        package var patchHoldsSecret = false
        package var requestCount = 0
        package var prepared = 0
        /// The commit that this sandbox pushed last.
        package var pushed: String?
        package var isAlive = true
        package var exit: SandboxExit?
        package var files: [String: [UInt8]] = [:]
        /// Modes and models that were set.
        package var choices: [String] = []
        /// What the repository says to the agent.
        package var settings: RepositorySettings?
        /// Whether the runner was told, since it began, that an agent may obey the repository.
        package var trustsRepository = false
        /// Whether an agent was started that did.
        package var hasObeyed = false
    }

    package struct Turn: Sendable {
        package let request: RequestID
        package var steps: [Step]
        package var isCancelled = false
    }

    package enum Step: Sendable {
        case say(String)
        case edit
        case permission
        case question
        case textQuestion
        /// More than a turn's messages hold.
        case tell
        case crash
        case pause
        /// Works on and says nothing.
        case wait
        /// Minutes of silent work.
        case toil
        /// A tool whose title and output hold a secret.
        case secretTool
    }

    package let lease: LeaseID
    package let session: SessionID
    package let world: SimWorld
    let news = Signal()
    let death = Signal()
    private let state = Mutex(State())

    package init(lease: LeaseID, session: SessionID, world: SimWorld) {
        self.lease = lease
        self.session = session
        self.world = world
    }

    package func read<Value>(_ body: (State) -> Value) -> Value { state.withLock { body($0) } }
    package var isAlive: Bool { read(\.isAlive) }

    private func append(_ event: AgentEvent) {
        state.withLock { $0.log.append(Logged(number: Int64($0.log.count + 1), event: event)) }
        news.raise()
    }

    // MARK: The daemon's calls

    package func handle(_ call: AgentCall) {
        switch call {
        case .initialize(let id):
            once(id) {
                self.state.withLock { state in
                    state.agentRuns = true
                    if state.trustsRepository, state.settings != nil { state.hasObeyed = true }
                }
                self.append(.initialized(id, AgentCapabilities(name: "sim")))
            }
        case .openSession(let id, _), .loadSession(let id, _, _):
            once(id) {
                self.append(
                    .sessionOpened(
                        id,
                        AgentSession(
                            id: AgentSessionID("s-\(self.lease.short)"),
                            modes: [.init(id: "edit", name: "Edit"), .init(id: "plan", name: "Plan only")],
                            currentMode: "edit")))
            }
        case .prompt(let id, _, let text): once(id) { self.begin(id, text) }
        case .setMode(let id, _, let choice), .setModel(let id, _, let choice):
            once(id) {
                self.state.withLock { $0.choices.append(choice) }
                self.append(.callSucceeded(id))
            }
        case .cancel: state.withLock { $0.turn?.isCancelled = true }
        case .answerPermission(let id, let answer): answered(id, "\(answer)")
        case .answerQuestion(let id, let answer): answered(id, "\(answer)")
        }
    }

    /// Whether the call would change nothing any more.
    package func knows(_ call: AgentCall) -> Bool {
        switch call {
        case .initialize(let id), .openSession(let id, _), .loadSession(let id, _, _), .prompt(let id, _, _),
            .setMode(let id, _, _), .setModel(let id, _, _):
            read { $0.seen.contains(id) }
        case .answerPermission(let id, _), .answerQuestion(let id, _): read { $0.pending[id] == nil }
        case .cancel: true
        }
    }

    private func once(_ id: RequestID, _ body: @escaping @Sendable () -> Void) {
        guard state.withLock({ $0.seen.insert(id).inserted }) else { return }
        world.schedule(after: world.milliseconds(1...50), body)
    }

    private func answered(_ id: RequestID, _ words: String) {
        state.withLock { state in
            guard state.pending.removeValue(forKey: id) != nil else { return }  // the runner drops a second answer
            state.answers[state.markers[id] ?? "", default: []].append(words)
            world.count("agent: answers")
        }
        step()
    }

    // MARK: The agent

    private func begin(_ id: RequestID, _ text: String) {
        guard read(\.agentRuns) else {
            state.withLock { $0.refusedPrompts.append(text) }
            return append(.callFailed(id, AgentFailure(code: .agentExited, message: "the agent ended")))
        }
        let steps = script(text)
        world.count("agent: prompts")
        state.withLock { state in
            state.prompts.append(text)
            state.turn = Turn(request: id, steps: steps)
        }
        step()
    }

    /// What the prompt asks for in braces, `{say,permission}`, or anything.
    private func script(_ text: String) -> [Step] {
        if let from = text.firstIndex(of: "{"), let to = text.lastIndex(of: "}") {
            return text[text.index(after: from)..<to].split(separator: ",").map { word in
                switch word {
                case "permission": .permission
                case "question": .question
                case "text": .textQuestion
                case "edit": .edit
                case "crash": .crash
                case "wait": .wait
                case "tell": .tell
                default: .say("<\(word)> ")
                }
            }
        }
        if world.chance(1, in: 25) { return [] }
        let steps = (0..<(1 + world.number(below: 8))).map { number -> Step in
            switch world.number(below: 40) {
            case 0...3: .permission
            case 4...6: .question
            case 7, 8: .textQuestion
            case 9...15: .edit
            case 16...18: .pause
            case 19: .toil
            case 20: .tell
            case 21: .crash
            case 22: .secretTool
            default: .say("[\(lease.short)-\(read(\.prompts.count))-\(number)] ")
            }
        }
        return [.say("<\(text)> ")] + steps + (world.fault(1, in: 5) ? secret() : [])
    }

    /// A secret in pieces, as a model's tokens cut it.
    private func secret() -> [Step] {
        world.count("agent: secrets said")
        let words = Array(SimSecrets.spoken(lease).randomly(world) ?? "")
        let cuts = (0..<world.number(below: 3)).map { _ in 1 + world.number(below: words.count - 1) }.sorted()
        let pieces = zip([0] + cuts, cuts + [words.count]).map { String(words[$0..<$1]) }
        return pieces.filter { !$0.isEmpty }.map { .say($0) } + [.say(" ")]
    }

    private func step(after range: ClosedRange<Int> = 5...900) {
        world.schedule(after: world.milliseconds(range)) { self.advance() }
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
            let holdsSecret = world.fault(1, in: 12)
            world.count(holdsSecret ? "agent: edits with a secret" : "agent: edits")
            state.withLock { state in
                state.version += 1
                state.patchHoldsSecret = holdsSecret
            }
            append(.toolCall(ToolCall(id: ToolCallID("t\(read(\.version))"), title: "edit", kind: .edit)))
            step()
        case .tell:
            let words = "a long story, told at length and in detail, line by line. \n"
            for _ in 0..<60 {
                state.withLock { $0.speech.append(words) }
                append(.text(words))
            }
            step()
        case .secretTool:
            append(
                .toolCall(
                    ToolCall(
                        id: ToolCallID("s\(read(\.log.count))"), title: "curl -H \(SimSecrets.key)",
                        content: [.text("sent \(SimSecrets.shaped) ")])))
            step()
        case .pause: step()
        case .wait: break
        case .toil: step(after: 60_000...400_000)
        case .crash: crash()
        case .permission, .question, .textQuestion: ask(next)
        }
    }

    /// The agent's process ends in mid-turn; the next one counts its requests from the beginning.
    private func crash() {
        world.count("agent: crashes")
        let turn = state.withLock { state -> Turn? in
            state.agentRuns = false
            state.requestCount = 0
            state.pending = [:]
            defer { state.turn = nil }
            return state.turn
        }
        append(.agentExited(AgentExit(exitCode: 1, signal: nil, message: "segmentation fault near \(SimSecrets.key)")))
        if let turn { append(.callFailed(turn.request, AgentFailure(code: .agentExited, message: "the agent ended"))) }
    }

    private func ask(_ step: Step) {
        let marker = "r\(world.number(below: 1 << 40))"
        let id = state.withLock { state in
            state.requestCount += 1
            let id = RequestID.number(Int64(state.requestCount))
            state.markers[id] = marker
            return id
        }
        world.count("agent: requests")
        let event = Self.request(step, id, marker, secret: world.fault(1, in: 8) ? " " + SimSecrets.key : "")
        state.withLock { $0.pending[id] = event }
        append(event)
    }

    private static func request(_ step: Step, _ id: RequestID, _ marker: String, secret: String) -> AgentEvent {
        if case .permission = step {
            return .permissionRequested(
                PermissionRequest(
                    request: id,
                    toolCall: ToolCallUpdate(id: ToolCallID("p\(id)"), title: "rm -rf \(marker)\(secret)"),
                    options: [
                        .init(id: "yes", name: "Allow once", kind: .allowOnce),
                        .init(id: "no", name: "Reject", kind: .rejectOnce),
                    ] + (secret.isEmpty ? [] : [.init(id: "always", name: "Always\(secret)", kind: .allowAlways)])))
        }
        let kind: QuestionRequest.FieldKind =
            if case .textQuestion = step { .text } else {
                .single(
                    [.init(value: "a", label: "A"), .init(value: "b", label: "B")]
                        + (secret.isEmpty ? [] : [.init(value: "c", label: "C\(secret)")]))
            }
        return .questionAsked(
            QuestionRequest(
                request: id, message: "Which \(marker)?\(secret)",
                fields: [
                    .init(
                        name: "which", title: "Which\(secret)?", detail: secret.isEmpty ? nil : "say\(secret)",
                        kind: kind,
                        required: true)
                ]))
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

    package func kill() {
        world.count("runner: sandboxes killed")
        state.withLock { state in
            state.isAlive = false
            state.exit = SandboxExit(exitCode: 137, message: "killed")
        }
        death.raise()
        news.raise()
    }

    /// Started again on the surviving workspace: the agent's process is gone, so its open prompt fails.
    package func revive() {
        let hadAgent = read(\.agentRuns)
        let turn = state.withLock { state -> Turn? in
            state.isAlive = true
            state.agentRuns = false
            state.trustsRepository = false
            state.requestCount = 0
            defer { state.turn = nil }
            state.pending = [:]
            return state.turn
        }
        if world.fault(1, in: 3) {
            loseLog()
        } else if hadAgent {
            append(.agentExited(AgentExit(exitCode: nil, signal: nil, message: "the runner was restarted")))
        }
        if let turn { append(.callFailed(turn.request, AgentFailure(code: .agentExited, message: "the agent ended"))) }
    }

    /// The runner starts again and its log is gone, and what the agent was doing with it.
    package func loseLog() {
        world.count("runner: logs lost")
        state.withLock { state in
            state.logID += 1
            state.log = []
            state.turn = nil
            state.pending = [:]
            state.agentRuns = false
        }
        news.raise()
    }

    /// Takes changes over; a workspace that has some refuses, as git does.
    func apply(_ version: Int, holdsSecret: Bool) throws(AgentError) {
        let isClean = state.withLock { state in
            guard state.version == 0 else { return false }
            state.version = version
            state.patchHoldsSecret = holdsSecret
            return true
        }
        if !isClean { throw AgentError(.conflict, "the patch does not apply") }
        world.count("agent: patches applied")
    }

    /// A repository that has settings for the agent has changed them now and then since it was cloned last.
    package func prepare(_ source: WorkspaceSource?) {
        let version = source?.url.contains("hooked") == true ? world.number(below: 2) : nil
        state.withLock { state in
            state.prepared += 1
            guard let version, state.settings == nil else { return }
            state.settings = RepositorySettings(id: "hooks-\(version)", wishes: ["runs `hook-\(version)` at the start"])
        }
    }

    func setEnvironment(_ variables: [String: Secret]) {
        state.withLock { $0.trustsRepository = variables["ANYCODE_TRUST_REPOSITORY"]?.reveal() == "1" }
    }

    func pushed(_ commit: String) { state.withLock { $0.pushed = commit } }
    func write(_ bytes: [UInt8], to path: String) { state.withLock { $0.files[path] = bytes } }
}
