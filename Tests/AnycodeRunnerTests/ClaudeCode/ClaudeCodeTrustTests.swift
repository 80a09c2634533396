import AnycodeJSON
import Foundation
import Testing

@testable import AnycodeRunner

/// What the real Claude Code takes from a repository that was allowed, and from another sandbox.
@Suite(.enabled(if: ClaudeBench.isThere, "Claude Code is not fetched"), .serialized)
struct ClaudeCodeTrustTests {
    @Test func anAllowedRepositoryIsObeyed() async throws {
        try await ClaudeBench.run("trusted", environment: [NativeAgent.trustVariable: "1"]) { runner, _ in
            let mark = runner.folder + "/mark"
            try FileManager.default.createDirectory(
                atPath: runner.workspace + "/.claude", withIntermediateDirectories: true)
            let hook = #"[{"hooks":[{"type":"command","command":"touch \#(mark)"}]}]"#
            try runner.write(
                #"{"hooks":{"UserPromptSubmit":\#(hook)}}"#,
                to: runner.workspace + "/.claude/settings.json")
            var talk = try await AgentTalk.begin("claude-code", runner)
            let turn = try await talk.prompt("WRITE", replies: AgentTalk.choosing("allow"))
            #expect(turn.text.contains("is ready."))
            #expect(FileManager.default.fileExists(atPath: mark))
        }
    }

    @Test func aConversationGoesOnInAnotherSandbox() async throws {
        let kept = Kept()
        try await ClaudeBench.run("leaving") { runner, _ in
            var talk = try await AgentTalk.begin("claude-code", runner)
            #expect(try await talk.prompt("TALK about herons").stopReason == "end_turn")
            let answer = try await runner.client.send(
                "GET", "/anycode/v1/agents/claude-code/state?session=\(talk.session)")
            #expect(answer.status == 200 && answer.text.contains("herons"))
            #expect(!answer.text.contains("sk-mock"))
            kept.set(talk.session, answer.body)
        }
        let (session, state) = kept.value
        try await ClaudeBench.run("arriving") { runner, _ in
            let path = "/anycode/v1/agents/claude-code/state?session=\(session)"
            #expect(try await runner.client.send("PUT", path, bytes: state).status == 204)
            var talk = try await AgentTalk.begin("claude-code", runner, load: session)
            #expect(talk.opened["error"] == nil, "\(talk.opened)")
            #expect(try await talk.prompt("TALK again").text.contains("Only words, no tool."))
            let memory = ClaudeBench.memory(runner)
            #expect(memory.contains("TALK about herons") && memory.contains("TALK again"))
        }
    }

    @Test func aDenialCanBeExplained() async throws {
        try await ClaudeBench.run("explained") { runner, _ in
            var talk = try await AgentTalk.begin("claude-code", runner)
            let turn = try await talk.prompt("WRITE") { method, _ in
                method == "session/request_permission"
                    ? ["outcome": ["outcome": "selected", "optionId": "explain"]]
                    : ["action": "accept", "content": ["reason": "Call it goodbye.txt."]]
            }
            #expect(turn.stopReason == "end_turn" && talk.file("hello.txt") == nil)
            #expect(turn.requests("elicitation/create").first?.text("message") == "What should it do instead?")
            #expect(ClaudeBench.memory(runner).contains("Call it goodbye.txt."))
        }
    }
}
