import AnycodeJSON
import Testing

@testable import AnycodeRunner

/// The driver against a strict stand-in for `opencode serve`, a program of its own over a real socket.
@Suite struct OpenCodeServerTests {
    static let releases = ["1.1.49", "1.18.18"]

    @Test(arguments: releases) func aTurnIsShownOnceAndTheNextOneContinues(version: String) async throws {
        try await ServerBench.opencode(version: version) { runner in
            var talk = try await AgentTalk.served(runner)
            let first = try await talk.prompt("hello")
            #expect(first.text == "This is prompt 1 of this session.")
            #expect(first.stopReason == "end_turn")
            #expect(first.updates("agent_thought_chunk").compactMap { $0["content"]?.text("text") } == ["Let me see."])
            let usage = try #require(first.updates("usage_update").last)
            #expect(usage["used"] == .integer(125))
            #expect(usage["size"] == .integer(200_000))
            #expect(usage["cost"]?["amount"]?.double == 0.25)
            let second = try await talk.prompt("and again")
            #expect(second.text == "This is prompt 2 of this session.")
            #expect(second.updates("usage_update").last?["cost"]?["amount"]?.double == 0.5)
        }
    }

    @Test func theEmulationBelowAPathIsFound() async throws {
        try await ServerBench.opencode(base: "/opencode") { runner in
            var talk = try await AgentTalk.served(runner)
            #expect(try await talk.prompt("hello").text == "This is prompt 1 of this session.")
        }
    }

    @Test func aPermissionIsAskedAndItsCommandRuns() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("WRITE", replies: AgentTalk.choosing("once"))
            let asked = try #require(turn.requests("session/request_permission").first)
            #expect(asked["toolCall"]?.text("title") == "echo hello from the server > hello.txt")
            #expect(
                asked["options"]?.array?.compactMap { $0.text("optionId") } == ["once", "always", "explain", "reject"])
            #expect(asked["options"]?.array?[1].text("name") == "Always allow echo *")
            #expect(turn.text == "I will create hello.txt now.Done: hello.txt was created.")
            #expect(turn.call.text("status") == "completed")
            #expect(turn.call.text("kind") == "execute")
            #expect(talk.file("hello.txt") == "hello from the server\n")
        }
    }

    @Test func aDenialWithWordsReachesTheAgent() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("WRITE") { method, _ in
                method == "session/request_permission"
                    ? ["outcome": ["outcome": "selected", "optionId": "explain"]]
                    : ["action": "accept", "content": ["reason": "use a folder"]]
            }
            #expect(turn.text.hasSuffix("I was told: use a folder"))
            #expect(turn.call.text("status") == "failed")
            #expect(talk.file("hello.txt") == nil)
        }
    }

    @Test func aDenialIsNeverTakenForAPermission() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("WRITE", replies: AgentTalk.choosing("reject"))
            #expect(turn.text == "I will create hello.txt now.")
            #expect(talk.file("hello.txt") == nil)
        }
    }

    @Test func questionsAreAnsweredByChoiceByChoicesAndInOwnWords() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("ASK") { _, params in
                params["requestedSchema"]?["properties"]?["q2"] == nil
                    ? ["action": "accept", "content": ["q1": "DuckDB"]]
                    : [
                        "action": "accept",
                        "content": [
                            "q1": .string(OpenCodeTranslation.otherChoice), "q2": ["Monday", "Friday"],
                        ],
                    ]
            }
            #expect(turn.requests("elicitation/create").count == 2)
            #expect(turn.text == #"You chose: [["DuckDB"],["Monday","Friday"]]"#)
        }
    }

    @Test func aQuestionThatIsDeclinedIsRejected() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("ASK") { _, _ in ["action": "decline"] }
            #expect(turn.text == "You chose: null")
        }
    }

    @Test func aSubAgentAsksToo() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("CHILD", replies: AgentTalk.choosing("always"))
            let asked = try #require(turn.requests("session/request_permission").first)
            #expect(asked["toolCall"]?.text("title") == "Sub-agent: ls | wc -l")
            #expect(turn.text == "The sub-agent was told: always.")
            #expect(turn.updates("tool_call").compactMap { $0.text("title") }.contains("Sub-agent: bash"))
        }
    }

    @Test(arguments: releases) func aStreamThatBreaksLosesAndRepeatsNothing(version: String) async throws {
        try await ServerBench.opencode(version: version) { runner in
            var talk = try await AgentTalk.served(runner)
            #expect(try await talk.prompt("CUT").text == "One, two, three, four.That was all.")
            #expect(try await talk.prompt("CUT LOST").text == "One, two, three, four.That was all.")
            #expect(try await talk.prompt("hello").text == "This is prompt 3 of this session.")
        }
    }

    @Test func aPromptThatFailsAfterItWasAcceptedIsToldInWords() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            #expect(try await talk.prompt("BADMODEL").failure == "Model not found: nowhere/none")
            let failed = try await talk.prompt("APIERROR")
            #expect(failed.text == "I begin.")
            #expect(failed.failure == "The model's server answered with 529: Overloaded")
            let login = try await talk.prompt("LOGIN")
            #expect(login.answer["error"]?["code"] == .integer(-32000))
            #expect(login.failure == "API key is missing")
            #expect(try await talk.prompt("hello").text == "This is prompt 4 of this session.")
        }
    }

    @Test func aTurnIsStopped() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt(
                "SLOW", at: { $0["params"]?["update"]?.text("sessionUpdate") == "agent_message_chunk" },
                then: { try await $0.cancel() })
            #expect(turn.stopReason == "cancelled")
            #expect(try await talk.prompt("hello").text == "This is prompt 2 of this session.")
        }
    }

    @Test func aServerThatEndsIsToldAndStartedAgain() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("DIE")
            #expect(turn.text == "I am about to end")
            #expect(turn.failure?.contains("code 3") == true, "\(turn.answer)")
            #expect(turn.failure?.contains("out of luck") == true)
            // This one keeps nothing on disk.
            let again = try await talk.call("initialize", ["protocolVersion": 1])
            #expect(again["result"]?["agentInfo"]?.text("version") == "1.18.18")
            let lost = try await talk.call(
                "session/load", ["sessionId": .string(talk.session), "cwd": "/", "mcpServers": []])
            #expect(lost["error"]?["code"] == .integer(-32002))
        }
    }

    @Test func aSessionIsTakenUpWithoutItsHistory() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            _ = try await talk.prompt("hello")
            let modes = talk.opened["result"]?["configOptions"]?.array?.first { $0.text("id") == "mode" }
            #expect(modes?["options"]?.array?.compactMap { $0.text("value") } == ["build", "plan"])
            let set = try await talk.call(
                "session/set_config_option",
                ["sessionId": .string(talk.session), "configId": "model", "value": "fake/fake-1"])
            #expect(set["result"] != nil)
            #expect(try await talk.prompt("with the model").text == "This is prompt 2 of this session.")
        }
    }

    @Test func aPlanIsShown() async throws {
        try await ServerBench.opencode { runner in
            var talk = try await AgentTalk.served(runner)
            let plan = try #require(try await talk.prompt("PLAN").updates("plan").first)
            #expect(plan["entries"]?.array?.first?.text("content") == "Look")
        }
    }

    @Test func aServerOfTheNextGenerationIsRefusedInWords() async throws {
        try await ServerBench.opencode(version: "2.1.0") { runner in
            let words = try await AgentTalk.refusal(runner)
            #expect(words.contains("version 2 or later"))
            #expect(words.contains("opencode-ai@1"))
        }
    }
}
