import AnycodeJSON
import Foundation
import Testing

@testable import AnycodeRunner

/// The driver against a stand-in for the program acpx.
@Suite struct AcpxTests {
    @Test func followUpsContinueANamedSessionWithoutItsHistory() async throws {
        try await ServerBench.acpx { runner in
            var talk = try await AgentTalk.served(runner)
            let first = try await talk.prompt("hello")
            #expect(first.text == "This is prompt 1 of this session.")
            #expect(first.notices.contains("everything the agent wants to do is allowed"))
            #expect(first.stopReason == "end_turn")
            let second = try await talk.prompt("hello")
            #expect(second.text == "This is prompt 2 of this session.")
            #expect(second.notices.isEmpty)
        }
    }

    @Test func aSessionIsFoundAgainByItsName() async throws {
        try await ServerBench.acpx { runner in
            var talk = try await AgentTalk.served(runner)
            _ = try await talk.prompt("hello")
            _ = try await runner.client.send("DELETE", "/v1/acp/s")
            var again = try await AgentTalk.served(runner, load: talk.session, from: talk.lastID)
            let text = try await again.prompt("hello").text
            #expect(text.hasSuffix("This is prompt 2 of this session."))
        }
    }

    @Test func whatIsAllowedHappens() async throws {
        try await ServerBench.acpx { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("WRITE")
            #expect(turn.requests("session/request_permission").isEmpty)
            #expect(turn.call.text("status") == "completed")
            #expect(talk.file("hello.txt") == "hello from acpx\n")
        }
    }

    @Test func whatIsDeniedIsSaid() async throws {
        try await ServerBench.acpx(permissions: "deny-all") { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt("WRITE")
            #expect(turn.notices.contains("acpx denied “echo hello > hello.txt”"))
            #expect(turn.failure?.contains("its policy is deny-all") == true)
            #expect(talk.file("hello.txt") == nil)
        }
    }

    @Test(arguments: [
        ("FAIL", "The agent behind acpx failed. It said: the adapter fell over"),
        ("LOST", "acpx does not know the conversation any more."), ("TIMEOUT", "acpx gave up waiting for the agent."),
        ("QUESTION", "The agent asked a question, which acpx cannot pass on."),
    ]) func exitCodesAreToldInWords(word: String, words: String) async throws {
        try await ServerBench.acpx { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt(word)
            #expect(turn.failure?.contains(words) == true, "\(turn.answer)")
        }
    }

    @Test func linesThatAreNoMessagesAreSkipped() async throws {
        try await ServerBench.acpx { runner in
            var talk = try await AgentTalk.served(runner)
            #expect(try await talk.prompt("GARBAGE").text == "This is prompt 1 of this session.")
        }
    }

    @Test func aTurnIsStopped() async throws {
        try await ServerBench.acpx { runner in
            var talk = try await AgentTalk.served(runner)
            let turn = try await talk.prompt(
                "SLOW",
                at: {
                    let update = $0["params"]?["update"]
                    return update?.text("sessionUpdate") == "agent_message_chunk" && update?["_meta"] == nil
                }, then: { try await $0.cancel() })
            #expect(turn.stopReason == "cancelled")
            #expect(try await talk.prompt("hello").text == "This is prompt 2 of this session.")
        }
    }

    @Test func anOldReleaseIsRefused() async throws {
        try await ServerBench.acpx(version: "0.1.13") { runner in
            let words = try await AgentTalk.refusal(runner)
            #expect(words.contains("acpx 0.1.13 is too old"))
        }
    }

    @Test func aRepositoryMayNotNameThePrograms() async throws {
        try await ServerBench.acpx { runner in
            try FileManager.default.createDirectory(atPath: runner.workspace, withIntermediateDirectories: true)
            try runner.write("{}", to: runner.workspace + "/.acpxrc.json")
            var talk = try await AgentTalk.served(runner)
            #expect(talk.opened["error"]?.text("message")?.contains(".acpxrc.json") == true)
            _ = try await talk.call("initialize", ["protocolVersion": 1])
        }
    }

    @Test func versionsAreRead() {
        #expect(AcpxWords.version("0.1.14\n") == [0, 1, 14])
        #expect(AcpxWords.version("acpx/1.2.3 linux") == [1, 2, 3])
        #expect(AcpxWords.version("development") == nil)
        #expect(AcpxWords.isTooOld([0, 1, 9]))
        #expect(!AcpxWords.isTooOld([0, 2]))
        #expect(!AcpxWords.isTooOld([1, 0, 0]))
    }
}
