import AnycodeAgent
import AnycodeCore
import AnycodeJSON
import Testing

@testable import AnycodeRunner

/// What every kind of agent owes the daemon, whatever its program speaks: the same events in the same shape.
@Suite(.serialized) struct AgentContractTests {
    /// A turn as the daemon reads it, to its end.
    private func events(_ turn: AgentTalk.Turn) -> [AgentEvent] {
        var decoder = ACPDecoder()
        return turn.messages.flatMap { decoder.decode($0.bytes).events }
    }

    private func text(_ events: [AgentEvent]) -> String {
        events.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    /// How the turn ended; `nil` when it is not the last event, or not the only end.
    private func end(_ events: [AgentEvent]) -> StopReason? {
        let ends = events.compactMap { event in if case .turnEnded(_, let reason) = event { reason } else { nil } }
        guard ends.count == 1, case .turnEnded? = events.last(where: { !$0.isRemark }) else { return nil }
        return ends[0]
    }

    private func expectNothingUnknown(_ events: [AgentEvent]) {
        for case .unknown(let type) in events { Issue.record("unknown: \(type)") }
    }

    /// The states of each tool call, in order; the first is that of its announcement.
    private func calls(_ events: [AgentEvent]) -> [ToolCallID: [ToolCall.Status]] {
        var calls: [ToolCallID: [ToolCall.Status]] = [:]
        for event in events {
            switch event {
            case .toolCall(let call):
                #expect(!call.title.isEmpty)
                calls[call.id, default: []].append(call.status)
            case .toolCallUpdated(let update):
                #expect(calls[update.id] != nil, "an update of a call that was not announced")
                if let status = update.status { calls[update.id, default: []].append(status) }
            default: break
            }
        }
        return calls
    }

    @Test(arguments: AgentProgram.allCases) func aTurnOfWordsStreamsAndEnds(_ program: AgentProgram) async throws {
        try await program.talk { talk in
            for _ in 0..<2 {
                let events = events(try await talk.prompt(program.words(.talk)))
                #expect(!text(events).isEmpty)
                #expect(end(events) == .endTurn)
                #expect(calls(events).isEmpty)
                expectNothingUnknown(events)
            }
        }
    }

    @Test(arguments: AgentProgram.allCases) func aToolCallIsAnnouncedAndCompleted(_ program: AgentProgram) async throws
    {
        try await program.talk { talk in
            let turn = try await talk.prompt(program.words(.tool), replies: AgentTalk.choosing(kind: "allow_once"))
            let events = events(turn)
            let states = try #require(calls(events).values.first)
            #expect(calls(events).count == 1)
            #expect([.pending, .inProgress].contains(states.first) && states.last == .completed, "\(states)")
            #expect(end(events) == .endTurn)
            expectNothingUnknown(events)
        }
    }

    @Test(arguments: AgentProgram.asking) func aPermissionNamesItsCallAndHasBothAnswers(
        _ program: AgentProgram
    ) async throws {
        try await program.talk { talk in
            let turn = try await talk.prompt(program.words(.tool), replies: AgentTalk.choosing(kind: "reject_once"))
            let events = events(turn)
            let asked = events.compactMap { event in
                if case .permissionRequested(let request) = event { request } else { nil }
            }
            let request = try #require(asked.first)
            #expect(asked.count == 1)
            #expect(request.toolCall.title?.isEmpty == false)
            #expect(Set(request.options.map(\.kind)).isSuperset(of: [.allowOnce, .rejectOnce]))
            #expect(request.options.allSatisfy { !$0.name.isEmpty })
            #expect(Set(request.options.map(\.id)).count == request.options.count)
            let states = try #require(
                calls(events)[request.toolCall.id], "a permission for a call that nobody announced")
            #expect(states.last == .failed, "\(states)")
            #expect(end(events) != nil)
            #expect(talk.file("hello.txt") == nil)
            expectNothingUnknown(events)
        }
    }

    @Test(arguments: AgentProgram.questioning) func aQuestionIsAFormAndItsAnswerReachesTheAgent(
        _ program: AgentProgram
    ) async throws {
        try await program.talk { talk in
            let events = events(
                try await talk.prompt(program.words(.question), replies: AgentTalk.choosingFirst))
            let asked = events.compactMap { event in
                if case .questionAsked(let request) = event { request } else { nil }
            }
            let request = try #require(asked.first)
            #expect(asked.count == 1 && !request.message.isEmpty)
            let choices = request.fields.compactMap { field in
                if case .single(let choices) = field.kind { choices.map(\.label) } else { nil }
            }
            #expect(choices.first?.isEmpty == false)
            #expect(end(events) == .endTurn)
            expectNothingUnknown(events)
        }
    }

    @Test(arguments: AgentProgram.allCases) func aTurnThatIsStoppedSaysSoAndTheNextOneIsClean(
        _ program: AgentProgram
    ) async throws {
        try await program.talk { talk in
            let stopped = try await talk.prompt(
                program.words(.slow),
                at: { $0["params"]?["update"]?.text("sessionUpdate") == "agent_message_chunk" },
                then: { try await $0.cancel() })
            #expect(end(events(stopped)) == .cancelled)
            let next = events(try await talk.prompt(program.words(.talk)))
            #expect(end(next) == .endTurn && !text(next).isEmpty)
        }
    }

    @Test(arguments: AgentProgram.allCases) func aFailureIsTheAnswerAndHasWords(_ program: AgentProgram) async throws {
        try await program.talk { talk in
            let events = events(try await talk.prompt(program.words(.failure)))
            let failures = events.compactMap { event in
                if case .callFailed(_, let failure) = event { failure } else { nil }
            }
            #expect(failures.count == 1 && end(events) == nil)
            #expect(failures.first?.message.contains { $0.isWhitespace } == true, "\(failures)")
        }
    }

    @Test(arguments: AgentProgram.counting) func whatATurnTookIsTold(_ program: AgentProgram) async throws {
        try await program.talk { talk in
            let events = events(try await talk.prompt(program.words(.talk)))
            let tells = events.contains { event in
                switch event {
                case .usage(let usage): usage.used ?? 0 > 0 || usage.cost ?? 0 > 0
                case .turnTook(_, let tokens): tokens > 0
                default: false
                }
            }
            #expect(tells)
        }
    }
}

extension AgentEvent {
    /// What may come beside the turn, and after its end.
    fileprivate var isRemark: Bool {
        switch self {
        case .usage, .turnTook, .commandsChanged, .titleChanged, .modeChanged, .modelChanged: true
        default: false
        }
    }
}
