import AnycodeCore
import Foundation
import TestSupport
import Testing

@testable import AnycodeRuntime

/// Any order of events, drawn from a seed: what must hold, holds after each of them.
struct SessionMachineRandomTests {
    @Test(arguments: 0..<300)
    func whateverHappensTheRulesHold(_ seed: Int) throws {
        var walk = MachineWalk(seed: UInt64(seed))
        try walk.run(steps: 150)
        try walk.finish()
    }
}

/// A machine on a random walk.
struct MachineWalk {
    var run: MachineRun
    var random: SplitMix64
    private var requests: Int64 = 0
    private var generation = 0
    private var answered: [String: Int] = [:]
    private var prompts: [String] = []
    private var written: [String] = ["fix it"]
    private var wasToldToEnd = false

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        var policy = SessionPolicy()
        policy.linger = seed % 5 == 0 ? .zero : .seconds(900)
        let origin = SessionOrigin(session: SessionID("old"), task: "fix it", text: "fix it", patch: Sample.patch())
        run = MachineRun(
            policy: policy, source: seed % 2 == 0 ? Sample.source : nil, origin: seed % 3 == 0 ? origin : nil)
    }

    mutating func run(steps: Int) throws {
        try step(.started)
        for _ in 0..<steps where run.report == nil { try step(event()) }
    }

    /// From anywhere, an end and a world that does its part lead to the last message in a bounded number of steps.
    mutating func finish() throws {
        try step(.cancelRequested(by: Sample.ana, callback: nil))
        for _ in 0..<40 where run.report == nil { try step(helpful()) }
        #expect(run.report != nil, "stuck in \(run.state.phase)")
        #expect(wasToldToEnd)
        let numbers = run.turnReports.map(\.turn)
        #expect(Set(numbers).count == numbers.count, "a turn was reported twice")
        // Prompts are given in the order in which they were written, each once.
        var rest = written[...]
        for prompt in prompts {
            let place = rest.firstIndex(of: prompt)
            #expect(place != nil, "\(prompt) came twice or out of order")
            if let place { rest = rest[(place + 1)...] }
        }
    }

    // MARK: One step

    private mutating func step(_ event: SessionEvent) throws {
        let wait = Duration.seconds(random.chance(1, in: 12) ? 400 : number(5))
        var twin = run
        twin.machine.state = try JSONDecoder().decode(
            SessionState.self, from: try JSONEncoder().encode(run.machine.state))
        #expect(twin.machine.state == run.machine.state)
        let ids = run.ids.value
        let before = run.state
        let calls = run.calls.count
        take(event, wait, in: &run)
        let after = run.ids.value
        run.ids.value = ids
        take(event, wait, in: &twin)
        #expect(run.ids.value == after)
        #expect(twin.machine.state == run.machine.state, "what was read back decides otherwise")
        #expect(twin.actions == run.actions)
        #expect(twin.entries == run.entries)
        if run.actions.contains(.end) { wasToldToEnd = true }
        check(event, before, Array(run.calls[calls...]))
    }

    private func take(_ event: SessionEvent, _ wait: Duration, in run: inout MachineRun) {
        if case .started = event {
            run.now += wait
            run.restart()
        } else {
            run.on(event, after: wait)
        }
    }

    private mutating func check(_ event: SessionEvent, _ before: SessionState, _ calls: [AgentCall]) {
        let state = run.state
        #expect(state.awaited.count { $0.purpose == .prompt } <= 1, "two prompts are in flight")
        #expect(state.settledRequests.count <= 256)
        #expect(state.queue.count <= run.machine.policy.queueLimit)
        #expect(state.agentSeconds >= before.agentSeconds)
        if state.phase != .working, state.phase != .choosingRepository { #expect(state.asks.isEmpty) }
        for call in calls { check(call, event) }
    }

    private mutating func check(_ call: AgentCall, _ event: SessionEvent) {
        switch call {
        case .prompt(_, _, let text):
            let preamble = run.machine.header.origin?.preamble ?? ""
            let words = text.hasPrefix(preamble) ? String(text.dropFirst(preamble.count)) : text
            prompts.append(words.components(separatedBy: "\n\n")[0])
        case .answerPermission(let request, let answer):
            answered["\(generation) \(request)", default: 0] += 1
            #expect(answered["\(generation) \(request)"] == 1, "request \(request) was answered twice")
            if case .selected = answer {
                guard case .pressed(_, _, let person, _) = event, person == Sample.ana else {
                    Issue.record("allowed by \(event)")
                    return
                }
            }
        case .answerQuestion(let request, let answer):
            answered["\(generation) \(request)", default: 0] += 1
            #expect(answered["\(generation) \(request)"] == 1, "request \(request) was answered twice")
            if case .accepted = answer {
                switch event {
                case .pressed(_, _, Sample.ana, _), .prompted(Sample.ana, _, _, _): break
                default: Issue.record("answered by \(event)")
                }
            }
        default: break
        }
    }

    // MARK: Events

    private mutating func number(_ limit: Int) -> Int { Int(random.next(upperBound: UInt64(limit))) }

    private mutating func event() -> SessionEvent {
        switch number(100) {
        case 0..<45: return helpful()
        case 45..<60: return .streamed([saying()])
        case 60..<68: return person()
        case 68..<80: return press()
        case 80..<88: return .ticked
        case 88..<91: return .started
        case 91: return .sandboxExited(SandboxExit(exitCode: 1, message: "gone"))
        case 92: return .acquired(Sample.health(random.chance(1, in: 6) ? "another" : "log"))
        case 93: return .saveFailed("no")
        case 94: return .prepareFailed(AgentError(.repositoryNotFound, "missing"))
        case 95: return random.chance(1, in: 8) ? .streamLost("again") : .ticked
        case 96: return run.state.outbound.first.map { .callRefused($0, AgentError(.failed, "no")) } ?? .ticked
        case 97:
            generation += 1
            return .streamed([.agentExited(AgentExit(exitCode: 1, signal: nil, message: "crash"))])
        case 98: return random.chance(1, in: 8) ? .acquireFailed(SandboxError(.failed, "no")) : .ticked
        default: return .diffRequested(by: Sample.ana, callback: nil)
        }
    }

    /// What a world in order would bring next.
    private mutating func helpful() -> SessionEvent {
        if let call = run.state.outbound.first, random.chance(1, in: 2) { return .callAccepted(call) }
        switch run.state.phase {
        case .pending: return .started
        case .provisioning, .reviving: return .acquired(Sample.health())
        case .preparing: return run.machine.isConnected ? .prepared(Sample.workspace) : .acquired(Sample.health())
        case .choosingRepository: return press()
        case .restoring: return run.machine.isConnected ? restoring() : .acquired(Sample.health())
        case .opening: return .streamed([opening()])
        case .receiving: return run.machine.isConnected ? .received(received()) : .acquired(Sample.health())
        case .working, .stopping: return .streamed([.turnEnded(run.awaited(.prompt), .endTurn)])
        case .closing where run.machine.lastSaveReport != nil:
            return .streamed([.agentExited(AgentExit(exitCode: nil, signal: 9, message: ""))])
        case .saving, .closing:
            return run.machine.isConnected ? .saved(Sample.patch(number(3))) : .acquired(Sample.health())
        case .idle: return person()
        case .destroying: return .destroyed
        case .done: return .ticked
        }
    }

    private func received() -> [ReceivedFile] {
        run.machine.places(of: run.state.queue.first?.files ?? []).map {
            ReceivedFile($0, problem: run.ids.value % 3 == 0 ? "gone" : nil)
        }
    }

    private mutating func restoring() -> SessionEvent {
        random.chance(1, in: 6)
            ? .restoreFailed(AgentError(.conflict, "does not apply"))
            : .restored(Sample.patch(), conversation: random.chance(1, in: 2) ? AgentSessionID("s") : nil)
    }

    private func opening() -> AgentEvent {
        if run.state.awaited.contains(where: { $0.purpose == .initialize }) {
            return .initialized(run.awaited(.initialize), AgentCapabilities(loadsSessions: true))
        }
        return .sessionOpened(run.awaited(.open), AgentSession(id: AgentSessionID("s")))
    }

    private mutating func saying() -> AgentEvent {
        switch number(9) {
        case 0: return .permissionRequested(Sample.permission(request()))
        case 1: return .questionAsked(Sample.question(request(), fields()))
        case 2: return .requestWithdrawn(.number(max(0, requests)))
        case 3: return .toolCall(ToolCall(id: ToolCallID("t\(number(4))"), title: "edit"))
        case 4: return .toolCallUpdated(ToolCallUpdate(id: ToolCallID("t\(number(4))"), status: .completed))
        case 5: return .thought("hm")
        case 6: return .callFailed(run.awaited(.prompt), AgentFailure(code: .other(1), message: "no"))
        case 7: return .plan([PlanEntry(text: "do", status: .pending)])
        default: return .text("word ")
        }
    }

    /// A new request, or one delivered again.
    private mutating func request() -> Int64 {
        if requests > 0, random.chance(1, in: 3) { return Int64(number(Int(requests) + 1)) }
        requests += 1
        return requests
    }

    private mutating func fields() -> [QuestionRequest.Field] {
        (0..<number(4)).map { place in
            let kinds: [QuestionRequest.FieldKind] = [
                .single(Sample.choices("a", "b")), .multiple(Sample.choices("a", "b", "c"), minimum: 1, maximum: 2),
                .text,
                .number(integer: true), .boolean,
            ]
            return Sample.field("f\(place)", kinds[number(kinds.count)], required: random.chance(1, in: 2))
        }
    }

    private mutating func person() -> SessionEvent {
        switch number(10) {
        case 0: return .stopRequested(by: random.chance(1, in: 2) ? Sample.ana : Sample.eve)
        case 1: return .cancelRequested(by: Sample.eve, callback: nil)
        case 2: return random.chance(1, in: 4) ? .cancelRequested(by: Sample.ana, callback: "c") : .ticked
        case 3: return random.chance(1, in: 4) ? .finishRequested(by: Sample.ana, callback: "c") : .ticked
        case 4: return .moreTimeRequested(1 + number(2), by: Sample.ana, callback: "c")
        default:
            let text = random.chance(1, in: 4) ? "12" : "message \(written.count)"
            let isAnswer = run.machine.textAsk != nil
            if !isAnswer { written.append(text) }
            return .prompted(
                by: Sample.ana, text: text, files: isAnswer || number(4) > 0 ? [] : [Sample.file("a b.txt")])
        }
    }

    private mutating func press() -> SessionEvent {
        let asks = run.asks
        guard !asks.isEmpty else { return .ticked }
        let ask = random.chance(2, in: 3) ? asks[asks.count - 1] : asks[number(asks.count)]
        let person = random.chance(1, in: 5) ? Sample.eve : Sample.ana
        let action: ButtonAction =
            if case .question(let request) = ask.kind, !request.fields.isEmpty {
                .field(number(request.fields.count), button: number(5))
            } else {
                .answer(option: number(4))
            }
        return .pressed(ask.id, action, by: person, callback: "c")
    }
}
