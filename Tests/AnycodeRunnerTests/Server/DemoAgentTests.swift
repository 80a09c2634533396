import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// The demo agent through the runner: what a first task is made of.
@Suite struct DemoAgentTests {
    /// A client that answers the agent's questions from a list.
    private struct Conversation {
        let runner: RunnerHarness
        let session: String
        var cursor: UInt64
        var id = 10

        static func begin(_ runner: RunnerHarness, forms: Bool = true) async throws -> Conversation {
            let capabilities = forms ? #"{"elicitation":{"form":{}}}"# : "{}"
            _ = try await runner.post(
                #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":\#(capabilities)}}"#,
                agent: "demo")
            let answer = try await runner.post(
                #"{"jsonrpc":"2.0","id":2,"method":"session/new","params":{"cwd":"\#(runner.workspace)","mcpServers":[]}}"#,
                agent: "demo")
            let session = try #require(
                answer.text.split(separator: "\"sessionId\":\"").last?.split(separator: "\"").first)
            return Conversation(runner: runner, session: String(session), cursor: 3)
        }

        func send(_ text: String, _ headers: [String: String] = [:]) async throws -> TestClient.Answer {
            try await runner.post(text, agent: "demo", headers: headers)
        }

        /// Sends a prompt and answers until the turn ends; returns everything that was said.
        mutating func prompt(_ text: String, answers: [String] = [], cancelAt marker: String? = nil) async throws
            -> String
        {
            id += 1
            let id = id
            let session = session
            let prompt =
                #"{"jsonrpc":"2.0","id":\#(id),"method":"session/prompt","params":{"sessionId":"\#(session)","prompt":[{"type":"text","text":"\#(text)"}]}}"#
            #expect(try await send(prompt, ["Prefer": "respond-async"]).status == 202)
            var answers = answers[...]
            let conversation = self
            let (said, last) = try await runner.client.events("s", after: cursor) { events in
                var said = ""
                while true {
                    let event = try await events.next()
                    said += event.data + "\n"
                    if let marker, event.data.contains(marker) {
                        let cancel =
                            #"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"\#(session)"}}"#
                        _ = try await conversation.send(cancel)
                    } else if let question = Self.question(event.data), let answer = answers.popFirst() {
                        _ = try await conversation.send(#"{"jsonrpc":"2.0","id":\#(question),"result":\#(answer)}"#)
                    }
                    if event.data.contains("\"id\":\(id),"), !event.data.contains("\"method\"") {
                        return (said, event.id)
                    }
                }
            }
            cursor = last ?? cursor
            #expect(answers.isEmpty)
            return said
        }

        /// A turn that says nothing, cancelled.
        mutating func silence() async throws -> String {
            id += 1
            let prompt =
                #"{"jsonrpc":"2.0","id":\#(id),"method":"session/prompt","params":{"sessionId":"\#(session)","prompt":[{"type":"text","text":"silent"}]}}"#
            _ = try await send(prompt, ["Prefer": "respond-async"])
            _ = try await send(#"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"\#(session)"}}"#)
            let answer = try await send(prompt).text
            cursor += 1
            return answer
        }

        private static func question(_ data: String) -> String? {
            guard data.contains("\"method\":\"session/request_permission\"") || data.contains("elicitation/create")
            else { return nil }
            return data.split(separator: "\"id\":").dropFirst().first.map { String($0.prefix { $0.isNumber }) }
        }
    }

    private static let once = #"{"outcome":{"outcome":"selected","optionId":"once"}}"#
    private static let always = #"{"outcome":{"outcome":"selected","optionId":"always"}}"#
    private static let reject = #"{"outcome":{"outcome":"selected","optionId":"no"}}"#

    private static func choice(_ value: String) -> String {
        #"{"action":"accept","content":{"choice":"\#(value)"}}"#
    }

    private func run(_ body: @Sendable (RunnerHarness) async throws -> Void) async throws {
        try await RunnerHarness.run { runner in
            _ = try await runner.client.send("POST", "/anycode/v1/workspace/prepare", #"{"source":null}"#)
            try await body(runner)
        }
    }

    private func file(_ runner: RunnerHarness, _ name: String) -> String? {
        (try? Data(contentsOf: URL(filePath: runner.workspace + "/" + name))).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test func theFirstTaskAsksEditsChecksAndReports() async throws {
        try await run { runner in
            var talk = try await Conversation.begin(runner)
            let said = try await talk.prompt(
                "Hello", answers: [Self.choice("formal"), Self.once, Self.once, Self.once])
            for part in [
                "agent_thought_chunk", "agent_message_chunk", "\"plan\"", "\"type\":\"diff\"", "usage_update",
                "ok: the welcome section is there", #""stopReason":"end_turn""#,
            ] { #expect(said.contains(part), "\(part)") }
            #expect(file(runner, "README.md")?.contains("We welcome every contribution.") == true)
            let status = try await runner.client.send("GET", "/anycode/v1/workspace/status").text
            #expect(status.contains("README.md") && status.contains("scripts/check-welcome.sh"))
        }
    }

    @Test func rejectionsLeadToAnotherWayOrNone() async throws {
        try await run { runner in
            var talk = try await Conversation.begin(runner)
            let other = try await talk.prompt(
                "Hi", answers: [Self.choice("warm"), Self.reject, Self.once, Self.reject])
            #expect(other.contains("a file of its own") || other.contains("own. "))
            #expect(file(runner, "README.md") == nil)
            #expect(file(runner, "WELCOME.md") != nil)
            let none = try await talk.prompt("make it brief", answers: [Self.reject, Self.reject])
            #expect(none.contains(#""stopReason":"end_turn""#))
            #expect(file(runner, "WELCOME.md")?.contains("glad") == true)
        }
    }

    @Test func alwaysIsRememberedAndAFollowUpChangesTheChoice() async throws {
        try await run { runner in
            var talk = try await Conversation.begin(runner)
            let own = [
                Self.choice("other"), #"{"action":"accept","content":{"text":"Ahoy!"}}"#, Self.always, Self.always,
            ]
            _ = try await talk.prompt("Hi", answers: own)
            #expect(file(runner, "README.md")?.contains("Ahoy!") == true)
            _ = try await talk.prompt("rather formal, please")
            #expect(file(runner, "README.md")?.contains("We welcome every contribution.") == true)
            #expect(file(runner, "README.md")?.contains("Ahoy!") == false)
            _ = try await talk.prompt("/greeting Salut à tous")
            #expect(file(runner, "README.md")?.contains("Salut à tous") == true)
        }
    }

    @Test(arguments: ["request_permission", "elicitation/create", "agent_thought_chunk"])
    func cancellingEndsTheTurnAtOnce(marker: String) async throws {
        try await run { runner in
            var talk = try await Conversation.begin(runner)
            let answers = marker == "request_permission" ? [Self.choice("warm")] : []
            let said = try await talk.prompt("Hi", answers: answers, cancelAt: marker)
            #expect(said.contains(#""stopReason":"cancelled""#))
            #expect(file(runner, "README.md") == nil)
        }
    }

    @Test func modesAndClientsWithoutFormsNeedNoAnswers() async throws {
        try await run { runner in
            var talk = try await Conversation.begin(runner, forms: false)
            let mode =
                #"{"jsonrpc":"2.0","id":5,"method":"session/set_mode","params":{"sessionId":"\#(talk.session)","modeId":"auto"}}"#
            #expect(try await talk.send(mode).text.contains("result"))
            #expect(try await talk.prompt("Hi").contains("Done: "))
            #expect(file(runner, "README.md")?.contains("glad") == true)
        }
    }

    @Test func aSessionIsLoadedAgainByAnotherProcess() async throws {
        try await run { runner in
            var talk = try await Conversation.begin(runner)
            _ = try await talk.prompt("Hi", answers: [Self.choice("warm"), Self.once, Self.once, Self.once])
            _ = try await runner.client.send("DELETE", "/v1/acp/s")
            let before = talk.cursor
            let load =
                #"{"jsonrpc":"2.0","id":3,"method":"session/load","params":{"sessionId":"\#(talk.session)","cwd":"\#(runner.workspace)","mcpServers":[]}}"#
            #expect(try await talk.send(load).text.contains("currentModeId"))
            let events = try await runner.client.events("s", after: before) {
                try await $0.collect { $0.data.contains("\"id\":3,") }
            }
            #expect(events.contains { $0.data.contains("user_message_chunk") && $0.data.contains("Hi") })
        }
    }

    @Test func theWordsForTestsDoWhatTheySay() async throws {
        try await run { runner in
            var talk = try await Conversation.begin(runner)
            #expect(try await talk.prompt("error").contains("This error was asked for."))
            #expect(try await talk.prompt("empty").split(separator: "\n").count == 1)
            #expect(try await talk.prompt("flood").split(separator: "\n").count > 5000)
            #expect(try await talk.prompt("big").utf8.count > 2 << 20)
            #expect(try await talk.silence().contains("cancelled"))
            let several = #"{"action":"accept","content":{"choices":["tests","ci"]}}"#
            #expect(try await talk.prompt("multi", answers: [several]).contains("ci."))
            #expect(try await talk.prompt("text", answers: [#"{"action":"decline"}"#]).contains("nothing."))
            #expect(
                try await talk.prompt("longcmd", answers: [Self.once], cancelAt: "in_progress").contains("cancelled"))
            #expect(try await talk.prompt("crash").contains("ended with exit code 3"))
        }
    }
}
