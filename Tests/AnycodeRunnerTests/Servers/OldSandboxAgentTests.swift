import AnycodeJSON
import Testing

@testable import AnycodeRunner

/// The ancestor's dialect, `item.delta` and its like, against a stand-in for sandbox-agent 0.1.
@Suite struct OldSandboxAgentTests {
    private func run(_ body: @escaping @Sendable (RunnerHarness) async throws -> Void) async throws {
        let command = ["server", "--host", "127.0.0.1", "--port", "{port}", "--token", "{token}"]
        try await ServerBench.run(
            .opencode, "sandbox-agent", command, environment: ["FAKE_SANDBOX_AGENT": "0.1"], body)
    }

    @Test func aTurnIsShownOnceAndTheNextOneContinues() async throws {
        try await run { runner in
            var talk = try await AgentTalk.served(runner)
            #expect(try await talk.prompt("hello").text == "This is prompt 1 of this session.")
            #expect(try await talk.prompt("CUT").text == "This is prompt 2 of this session.")
        }
    }

    @Test func permissionsAndQuestionsAreAnswered() async throws {
        try await run { runner in
            var talk = try await AgentTalk.served(runner)
            #expect(try await talk.prompt("WRITE", replies: AgentTalk.choosing("once")).text == "You said once")
            let asked = try await talk.prompt("ASK") { _, _ in ["action": "accept", "content": ["answer": "B"]] }
            #expect(asked.text == #"You chose {"answers":[["B"]]}"#)
        }
    }

    @Test func aTurnIsStoppedWithItsConversation() async throws {
        try await run { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt(
                "SLOW", at: { $0["params"]?["update"]?.text("sessionUpdate") == "agent_message_chunk" },
                then: { try await $0.cancel() })
            #expect(turn.stopReason == "cancelled")
            let next = try await talk.prompt("hello")
            #expect(next.notices.contains("this is a new one"))
            #expect(next.text == "This is prompt 1 of this session.")
        }
    }
}
