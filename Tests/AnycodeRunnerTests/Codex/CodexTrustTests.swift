import AnycodeJSON
import Foundation
import Testing

@testable import AnycodeRunner

/// What the real Codex takes from a repository that was allowed, and from another sandbox.
@Suite(.enabled(if: CodexBench.folder != nil, "Codex is not fetched"), .serialized)
struct CodexTrustTests {
    @Test func anAllowedRepositoryIsObeyed() async throws {
        let settings = """
            [mcp_servers.helper]
            command = "/bin/sh"
            args = ["-c", "touch STARTED; cat"]
            """
        let files = [".codex/config.toml": settings, ".git/HEAD": "ref: refs/heads/main\n"]
        try await CodexBench.run(files: files, environment: [NativeAgent.trustVariable: "1"]) { runner, _ in
            var talk = try await AgentTalk.begin("codex", runner)
            let turn = try await talk.prompt("TALK")
            #expect(turn.text == "Only words, no tool.")
            #expect(!turn.notices.contains("🔒"))
            #expect(FileManager.default.fileExists(atPath: runner.workspace + "/STARTED"))
        }
    }

    @Test func aConversationGoesOnInAnotherSandbox() async throws {
        let kept = Kept()
        try await CodexBench.run { runner, _ in
            var talk = try await AgentTalk.begin("codex", runner)
            #expect(try await talk.prompt("TALK about herons").stopReason == "end_turn")
            let answer = try await runner.client.send("GET", "/anycode/v1/agents/codex/state?session=\(talk.session)")
            #expect(answer.status == 200 && answer.text.contains("herons"))
            #expect(!answer.text.contains("sk-test-key"))
            kept.set(talk.session, answer.body)
        }
        let (session, state) = kept.value
        try await CodexBench.run { runner, _ in
            let path = "/anycode/v1/agents/codex/state?session=\(session)"
            #expect(try await runner.client.send("PUT", path, bytes: state).status == 204)
            var talk = try await AgentTalk.begin("codex", runner, load: session)
            #expect(talk.opened["error"] == nil, "\(talk.opened)")
            let turn = try await talk.prompt("TALK again")
            #expect(turn.updates("user_message_chunk").contains { $0["content"]?.text("text") == "TALK about herons" })
            #expect(turn.stopReason == "end_turn")
        }
    }

    @Test func aDenialCanBeExplained() async throws {
        try await CodexBench.run { runner, _ in
            var talk = try await AgentTalk.begin("codex", runner)
            let turn = try await talk.prompt("hello") { method, _ in
                method == "session/request_permission"
                    ? ["outcome": ["outcome": "selected", "optionId": "explain"]]
                    : ["action": "accept", "content": ["reason": "Do not, only TALK of goodbye.txt."]]
            }
            #expect(turn.stopReason == "end_turn" && talk.file("hello.txt") == nil)
            #expect(turn.requests("elicitation/create").map { $0.text("message") } == ["What should it do instead?"])
            #expect(turn.text.hasSuffix("Only words, no tool."))
            let kept = try runner.find("only TALK of goodbye.txt.")
            #expect(kept.contains { $0.contains("rollout-") }, "\(kept)")
        }
    }
}
