import Foundation
import ScriptedModel
import TestJSON
import TestSupport
import Testing

/// The test agent against the scripted model.
@Suite struct TestAgentTests {
    private func withAgent(
        _ scripts: [ModelScript] = .standard, _ body: (TestAgentClient, ScriptedModel) async throws -> Void
    ) async throws {
        try await withScriptedModel(.init(scripts: scripts)) { model in
            try await withTemporaryDirectory { directory in
                let agent = try TestAgentClient(in: directory, baseURL: model.openAIBaseURL)
                defer { agent.end() }
                try await body(agent, model)
            }
        }
    }

    private static func isPermission(_ message: JSON) -> Bool { message["method"] == "session/request_permission" }

    @Test func allowedCommandRuns() async throws {
        try await withAgent { agent, _ in
            let session = try await agent.newSession()
            try agent.prompt("make the file", in: session, id: 3)
            let before = await agent.messages(until: Self.isPermission)
            #expect(before.contains { $0.kind == "agent_message_chunk" })
            #expect(before.contains { $0.kind == "tool_call" && $0.update["kind"] == "execute" })
            try agent.choose("once", for: try #require(before.last))
            #expect(await agent.answer(to: 3)["result"]?["stopReason"] == "end_turn")
            #expect(agent.directory.read("hello.txt") == "hello from the model\n")
        }
    }

    @Test func rejectedCommandDoesNotRun() async throws {
        try await withAgent { agent, _ in
            let session = try await agent.newSession()
            try agent.prompt("make the file", in: session, id: 3)
            try agent.choose("no", for: try #require(await agent.messages(until: Self.isPermission).last))
            #expect(await agent.answer(to: 3)["result"]?["stopReason"] == "end_turn")
            #expect(agent.directory.read("hello.txt") == nil)
        }
    }

    @Test func alwaysAsksNoMoreAlsoAfterALoad() async throws {
        try await withAgent { agent, model in
            let session = try await agent.newSession()
            try agent.prompt("WRITE it", in: session, id: 3)
            try agent.choose("always", for: try #require(await agent.messages(until: Self.isPermission).last))
            _ = await agent.answer(to: 3)
            agent.end()
            let next = try TestAgentClient(in: agent.directory, baseURL: model.openAIBaseURL)
            defer { next.end() }
            let load: JSON = ["sessionId": .string(session), "cwd": .string(agent.directory.path), "mcpServers": []]
            try next.send("session/load", id: 1, load)
            let replayed = await next.messages { $0["id"] == 1 }
            #expect(replayed.compactMap(\.kind).contains("user_message_chunk"))
            try next.prompt("WRITE it again", in: session, id: 2)
            let seen = await next.messages { $0["id"] == 2 }
            #expect(!seen.contains(where: Self.isPermission))
            #expect(seen.contains { $0.update["content"]?.array?.contains { $0["type"] == "diff" } == true })
        }
    }

    @Test func automaticModeNeverAsks() async throws {
        try await withAgent { agent, _ in
            let session = try await agent.newSession()
            try agent.send("session/set_mode", id: 3, ["sessionId": .string(session), "modeId": "auto"])
            _ = await agent.answer(to: 3)
            try agent.prompt("TWICE", in: session, id: 4)
            let seen = await agent.messages { $0["id"] == 4 }
            #expect(!seen.contains(where: Self.isPermission))
            #expect(agent.directory.read("two.txt") == "two\n")
        }
    }

    @Test func cancelEndsAPendingPermission() async throws {
        try await withAgent { agent, _ in
            let session = try await agent.newSession()
            try agent.prompt("make the file", in: session, id: 3)
            _ = await agent.messages(until: Self.isPermission)
            try agent.send("session/cancel", ["sessionId": .string(session)])
            #expect(await agent.answer(to: 3)["result"]?["stopReason"] == "cancelled")
            try agent.prompt("now TALK", in: session, id: 4)
            #expect(await agent.answer(to: 4)["result"]?["stopReason"] == "end_turn")
        }
    }

    @Test func cancelKillsTheWholeCommand() async throws {
        let command = "sleep 1000 & echo $! > child.pid; wait"
        let scripts = [ModelScript(steps: [.init("Wait.", calls: [.shell(command: command)])])]
        try await withAgent(scripts) { agent, _ in
            let session = try await agent.newSession()
            try agent.prompt("go", in: session, id: 3)
            try agent.choose("once", for: try #require(await agent.messages(until: Self.isPermission).last))
            _ = await agent.messages { $0.update["status"] == "in_progress" }
            while agent.directory.read("child.pid")?.hasSuffix("\n") != true { await Task.yield() }
            let child = try #require(
                agent.directory.read("child.pid").flatMap { Int32($0.trimmingCharacters(in: .newlines)) })
            try agent.send("session/cancel", ["sessionId": .string(session)])
            #expect(await agent.answer(to: 3)["result"]?["stopReason"] == "cancelled")
            // A killed process may stay a zombie where nothing reaps orphans.
            let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
            #expect(state == nil || state?.contains(") Z ") == true)
        }
    }

    @Test func cancelEndsAStream() async throws {
        try await withAgent([ModelScript(steps: [.init("one two", pace: .seconds(3600))])]) { agent, _ in
            let session = try await agent.newSession()
            try agent.prompt("go", in: session, id: 3)
            _ = await agent.messages { $0.kind == "agent_message_chunk" }
            try agent.send("session/cancel", ["sessionId": .string(session)])
            #expect(await agent.answer(to: 3)["result"]?["stopReason"] == "cancelled")
        }
    }

    @Test(arguments: [("ERR500", "500"), ("ERR401", "401"), ("CUT", "broke off")])
    func modelErrorsAreTold(prompt: String, expected: String) async throws {
        try await withAgent { agent, _ in
            let session = try await agent.newSession()
            try agent.prompt(prompt, in: session, id: 3)
            let message = await agent.answer(to: 3)["error"]?["message"]?.string
            #expect(message?.contains(expected) == true)
        }
    }

    @Test func badRequestsGetErrors() async throws {
        try await withAgent { agent, _ in
            try agent.send("session/prompt", id: 1, ["sessionId": "none", "prompt": []])
            #expect(await agent.answer(to: 1)["error"]?["code"] == -32002)
            try agent.send("no/method", id: 2, [:])
            #expect(await agent.answer(to: 2)["error"]?["code"] == -32601)
            try agent.send("session/new", id: 3, ["cwd": "relative"])
            #expect(await agent.answer(to: 3)["error"]?["code"] == -32602)
        }
    }
}
