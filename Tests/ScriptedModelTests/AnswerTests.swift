import ScriptedModel
import TestJSON
import TestSupport
import Testing

@Suite struct AnswerTests {
    @Test(arguments: API.allCases)
    func firstCallsTheOfferedShellThenEndsTheTurn(api: API) async throws {
        try await withScriptedModel { model in
            let request = api.body("make the file")
            let first = try await api.post(model, request)
            #expect(first.status == 200)
            let content = api.content(first)
            #expect(content.text == "I will create hello.txt now.")
            #expect(content.calls.map(\.name) == ["bash"])
            #expect(content.calls.first?.input == ["command": "echo hello from the model > hello.txt"])
            let second = try await api.post(model, api.followUp(request, first, results: ["ok"]))
            #expect(second.status == 200)
            #expect(api.content(second).text == "Done: hello.txt was created.")
            #expect(api.content(second).calls.isEmpty)
            #expect(model.requests.map(\.step) == [0, 1])
            #expect(model.requests.map(\.calls) == [["bash"], []])
        }
    }

    @Test(arguments: API.allCases)
    func newTextAfterAResultStartsItsOwnScript(api: API) async throws {
        try await withScriptedModel { model in
            let request = api.body("make the file")
            let first = try await api.post(model, request)
            let next = try await api.post(model, api.followUp(request, first, results: ["ok"], then: "now TALK"))
            #expect(api.content(next).text == "Only words, no tool.")
        }
    }

    @Test(arguments: API.allCases)
    func twoCallsAtOnceCountAsOneStep(api: API) async throws {
        try await withScriptedModel { model in
            let request = api.body("TWICE please")
            let first = try await api.post(model, request)
            let calls = api.content(first).calls
            #expect(calls.count == 2 && Set(calls.map(\.id)).count == 2)
            let second = try await api.post(model, api.followUp(request, first, results: ["1", "2"]))
            #expect(api.content(second).text == "Both are done.")
        }
    }

    @Test(arguments: API.allCases)
    func requestWithoutToolsGetsATitle(api: API) async throws {
        try await withScriptedModel { model in
            let body: JSON = .object((api.body("make the file").object ?? [:]).filter { $0.key != "tools" })
            let answer = try await api.post(model, body)
            #expect(api.content(answer).text == "Short title")
            #expect(model.requests.first?.step == nil)
        }
        try await withScriptedModel(.init(scriptsNeedTools: false)) { model in
            let body: JSON = .object((api.body("TALK").object ?? [:]).filter { $0.key != "tools" })
            let answer = try await api.post(model, body)
            #expect(api.content(answer).text == "Only words, no tool.")
        }
    }

    @Test(arguments: API.allCases)
    func stepThatNoToolFitsSaysSo(api: API) async throws {
        try await withScriptedModel { model in
            let answer = try await api.ask(model, tools: [api.tool("paint", ["colour"])])
            #expect(api.content(answer).calls.isEmpty)
            #expect(api.content(answer).text.contains("No offered tool fits this step: paint."))
        }
    }

    @Test(arguments: API.allCases)
    func finishedScriptSaysThatNothingIsLeft(api: API) async throws {
        let scripts = [ModelScript(steps: [.init("Go.", calls: [.shell(command: "true")])])]
        try await withScriptedModel(.init(scripts: scripts)) { model in
            let request = api.body("x")
            let first = try await api.post(model, request)
            let second = try await api.post(model, api.followUp(request, first, results: ["ok"]))
            #expect(api.content(second).text == "Nothing is left to do.")
        }
    }

    @Test func modelsAreListedInTheStyleOfTheAsker() async throws {
        try await withScriptedModel { model in
            let openAI = try await send(
                "GET", model.openAIBaseURL + "/models", headers: ["authorization": "Bearer x"])
            #expect(openAI.json["object"] == "list")
            #expect(openAI.json["data"]?.array?.first?["object"] == "model")
            let anthropic = try await send(
                "GET", model.anthropicBaseURL + "/v1/models?limit=10",
                headers: ["x-api-key": "x", "anthropic-version": "2023-06-01"])
            #expect(anthropic.json["data"]?.array?.first?["type"] == "model")
            let one = try await send(
                "GET", model.openAIBaseURL + "/models/gpt-5", headers: ["authorization": "Bearer x"])
            #expect(one.json["id"] == "gpt-5")
            #expect(model.requests.map(\.path) == ["/v1/models", "/v1/models", "/v1/models/gpt-5"])
        }
    }

    @Test func tokensAreCounted() async throws {
        try await withScriptedModel { model in
            let body: JSON = ["model": "m", "messages": [["role": "user", "content": "how many"]]]
            let answer = try await send(
                "POST", model.anthropicBaseURL + "/v1/messages/count_tokens", body: body.text,
                headers: ["x-api-key": "x", "anthropic-version": "2023-06-01", "content-type": "application/json"])
            #expect(answer.status == 200)
            #expect((answer.json["input_tokens"]?.integer ?? 0) > 5)
        }
    }

    @Test func logNamesHeadersButKeepsNoValues() async throws {
        try await withScriptedModel { model in
            _ = try await API.chat.ask(model, "TALK to me", stream: true)
            let request = try await model.waitForRequest { $0.outcome == .answered }
            #expect(request.method == "POST" && request.path == "/v1/chat/completions" && request.number == 1)
            #expect(request.headerNames.contains("authorization"))
            #expect(request.lastUserText == "TALK to me" && request.isStreamed && request.model == "mock-model")
            #expect(request.tools == ["bash"] && request.status == 200)
            #expect(!"\(request)".contains("sk-test"))
        }
    }
}
