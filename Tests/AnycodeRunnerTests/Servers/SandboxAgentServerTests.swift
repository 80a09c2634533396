import AnycodeJSON
import Testing

@testable import AnycodeRunner

/// The driver against a strict stand-in for sandbox-agent 0.2.
@Suite struct SandboxAgentServerTests {
    @Test func aTurnPassesThroughAndTheNextOneContinues() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            #expect(try await talk.prompt("hello").text == "This is prompt 1 of this session.")
            #expect(try await talk.prompt("hello").text == "This is prompt 2 of this session.")
        }
    }

    @Test func aPermissionIsAskedOnce() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("WRITE", replies: AgentTalk.choosing("yes"))
            #expect(turn.requests("session/request_permission").count == 1)
            #expect(turn.text.hasSuffix("You chose yes."))
        }
    }

    @Test func messagesThatAreMissingAreSaid() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("GAP")
            #expect(turn.text == "Before. After.")
            let gap = try #require(turn.requests("_adapter/gap").first)
            let from = try #require(gap["from"]?.integer)
            let to = try #require(gap["to"]?.integer)
            #expect(to - from == 2)
            #expect(turn.stopReason == "end_turn")
        }
    }

    @Test func anAnswerThatComesAfterTheServersPatienceIsTakenFromTheStream() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("LATE")
            #expect(turn.text == "It took a while.")
            #expect(turn.stopReason == "end_turn")
        }
    }

    @Test func aStreamThatBreaksGoesOnBehindItsNumber() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("CUT")
            #expect(turn.stopReason == "end_turn")
            #expect(turn.text == "One, two, three.")
            #expect(try await talk.prompt("hello").text == "This is prompt 2 of this session.")
        }
    }

    @Test func aReplacedProcessIsNoticedThoughItsNumbersBeginAnew() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("RESTART")
            #expect(turn.failure?.contains("restarted") == true)
            let text = try await talk.prompt("hello").text
            #expect(text.hasSuffix("This is prompt 1 of this session."))
        }
    }

    @Test func anAgentThatEndedIsToldAndStartedAgain() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("EXIT")
            #expect(turn.requests("_adapter/agent_exited").count == 1)
            #expect(turn.answer["error"]?["data"]?.text("reason") == "agent_exited")
            let again = try await talk.call("initialize", ["protocolVersion": 1])
            #expect(again["result"]?["protocolVersion"] == .integer(1))
            #expect(try await talk.prompt("hello").text == "This is prompt 1 of this session.")
        }
    }

    @Test func anAgentThatTheServerDoesNotHaveIsToldInWords() async throws {
        try await ServerBench.sandboxAgent(agent: "goose") { runner in
            let words = try await AgentTalk.refusal(runner)
            #expect(words.contains("no agent goose"))
        }
    }

    @Test func aTurnIsStopped() async throws {
        try await ServerBench.sandboxAgent { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt(
                "SLOW", at: { $0["params"]?["update"]?.text("sessionUpdate") == "agent_message_chunk" },
                then: { try await $0.cancel() })
            #expect(turn.stopReason == "cancelled")
        }
    }
}
