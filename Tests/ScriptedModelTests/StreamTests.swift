import Foundation
import ScriptedModel
import TestJSON
import TestSupport
import Testing

@Suite struct StreamTests {
    private static let scripts = [
        ModelScript(steps: [
            .init("Two words", thinking: "Hm, so.", calls: [.shell(command: "echo a long enough command to be split")])
        ])
    ]

    @Test func anthropicEventsBuildOneMessage() async throws {
        try await withScriptedModel(.init(scripts: Self.scripts)) { model in
            let answer = try await API.anthropic.ask(model, stream: true)
            #expect(answer.headers["content-type"]?.hasPrefix("text/event-stream") == true)
            #expect(answer.events.allSatisfy { $0.name == $0.data["type"]?.string })
            #expect(answer.events.first?.name == "message_start" && answer.events.last?.name == "message_stop")
            let starts = answer.data(of: "content_block_start")
            #expect(starts.map { $0["content_block"]?["type"] } == ["thinking", "text", "tool_use"])
            #expect(starts.map { $0["index"] } == [0, 1, 2])
            let deltas = answer.data(of: "content_block_delta").compactMap { $0["delta"] }
            #expect(deltas.compactMap { $0["thinking"]?.string }.joined() == "Hm, so.")
            #expect(deltas.compactMap { $0["text"]?.string } == ["Two ", "words"])
            let input = deltas.compactMap { $0["partial_json"]?.string }
            #expect(input.count > 1)
            #expect(try JSON(parsing: Array(input.joined().utf8))["command"] != nil)
            #expect(deltas.contains { $0["type"] == "signature_delta" })
            #expect(answer.data(of: "message_delta").first?["delta"]?["stop_reason"] == "tool_use")
        }
    }

    @Test func responsesEventsAreNumberedAndComplete() async throws {
        try await withScriptedModel(.init(scripts: Self.scripts)) { model in
            let answer = try await API.responses.ask(model, stream: true)
            #expect(answer.events.map { $0.data["sequence_number"]?.integer } == Array(0..<answer.events.count))
            #expect(answer.events.first?.name == "response.created")
            #expect(
                answer.data(of: "response.output_text.delta").compactMap { $0["delta"]?.string } == ["Two ", "words"])
            let arguments = answer.data(of: "response.function_call_arguments.delta").compactMap { $0["delta"]?.string }
            let done = answer.data(of: "response.function_call_arguments.done").first?["arguments"]?.string
            #expect(arguments.count > 1 && arguments.joined() == done)
            let final = try #require(answer.data(of: "response.completed").first?["response"])
            #expect(final["output"]?.array?.map { $0["type"] } == ["reasoning", "message", "function_call"])
            #expect(final["usage"]?["total_tokens"] == 120)
            let added = answer.data(of: "response.output_item.added").compactMap { $0["item"]?["id"] }
            #expect(added == final["output"]?.array?.compactMap { $0["id"] })
        }
    }

    @Test func chatChunksEndWithDone() async throws {
        try await withScriptedModel(.init(scripts: Self.scripts)) { model in
            var body = API.chat.body("go", stream: true)
            let plain = try await API.chat.post(model, body)
            #expect(plain.events.last?.data == "[DONE]")
            #expect(!plain.events.contains { $0.data["usage"] != nil })
            body = body.with(["stream_options": ["include_usage": true]])
            let answer = try await API.chat.post(model, body)
            #expect(answer.events.contains { $0.data["usage"]?["total_tokens"] == 120 })
            let deltas = answer.events.compactMap { $0.data["choices"]?.array?.first?["delta"] }
            #expect(deltas.compactMap { $0["content"]?.string }.joined() == "Two words")
            let calls = deltas.compactMap { $0["tool_calls"]?.array?.first }
            #expect(calls.first?["function"]?["name"] == "bash")
            let input = calls.compactMap { $0["function"]?["arguments"]?.string }.joined()
            #expect(try JSON(parsing: Array(input.utf8))["command"] != nil)
            let reasons = answer.events.compactMap { $0.data["choices"]?.array?.first?["finish_reason"] }
            #expect(reasons == ["tool_calls"])
        }
    }

    @Test(arguments: API.allCases)
    func twoMegabytesArriveWhole(api: API) async throws {
        try await withScriptedModel { model in
            let answer = try await api.ask(model, "BIGTEXT", stream: true)
            #expect(answer.status == 200)
            #expect(answer.text.utf8.count > 2_097_152)
            #expect(try await model.waitForRequest { $0.outcome == .answered }.number == 1)
        }
    }

    @Test(arguments: API.allCases)
    func cutStreamHasNoEnd(api: API) async throws {
        try await withScriptedModel { model in
            await #expect(throws: URLError.self) { try await api.ask(model, "CUT it", stream: true) }
            let request = try await model.waitForRequest { $0.outcome == .cut }
            #expect(request.status == 200)
        }
    }

    @Test func wordsKeepThePaceOfTheScript() async throws {
        let clock = ManualClock()
        let scripts = [ModelScript(steps: [.init("one two three", pace: .seconds(1))])]
        try await withScriptedModel(.init(scripts: scripts, clock: clock)) { model in
            async let answer = API.anthropic.ask(model, stream: true)
            for word in 1...3 {
                try await clock.waitForSleepers(count: 1)
                #expect(model.requests.first?.outcome == .answering)
                clock.advance(by: .seconds(1))
                #expect(clock.now.offset == .seconds(word))
            }
            #expect(try await answer.data(of: "content_block_delta").count == 3)
        }
    }

    @Test func customToolGetsPlainText() async throws {
        try await withScriptedModel { model in
            let tools: [JSON] = [["type": "custom", "name": "apply_patch", "format": ["type": "text"]]]
            let request = API.responses.body("WRITE it", stream: true, tools: tools)
            let answer = try await API.responses.post(model, request)
            let input = answer.data(of: "response.custom_tool_call_input.done").first?["input"]?.string
            #expect(input?.hasPrefix("*** Begin Patch\n*** Add File: hello.txt\n+hello") == true)
            let item = answer.data(of: "response.completed").first?["response"]?["output"]?.array?.last
            #expect(item?["type"] == "custom_tool_call" && item?["input"]?.string == input)
        }
    }
}
