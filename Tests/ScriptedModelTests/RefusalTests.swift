import Foundation
import ScriptedModel
import TestJSON
import Testing

/// What the real APIs refuse, the scripted model refuses in the same shape.
@Suite struct RefusalTests {
    private func error(_ answer: Answer) -> JSON { answer.json["error"] ?? .null }

    @Test(arguments: API.allCases, [429, 500, 401, 529])
    func scriptedFailureHasTheShapeOfTheAPI(api: API, status: Int) async throws {
        let failure = ModelFailure(status: status, retryAfter: 7)
        let scripts = [ModelScript(steps: [.init(failure: failure)])]
        try await withScriptedModel(.init(scripts: scripts)) { model in
            let answer = try await api.ask(model)
            #expect(answer.status == status)
            #expect(answer.headers["retry-after"] == "7")
            #expect(answer.headers["request-id"]?.hasPrefix("req_") == true)
            #expect(error(answer)["message"]?.string?.isEmpty == false)
            if api == .anthropic {
                #expect(answer.json["type"] == "error")
                let types = [
                    429: "rate_limit_error", 500: "api_error", 401: "authentication_error", 529: "overloaded_error",
                ]
                #expect(error(answer)["type"]?.string == types[status])
            } else {
                #expect(error(answer).object?.keys.sorted() == ["code", "message", "param", "type"])
            }
            #expect(model.requests.first?.status == status)
        }
    }

    @Test(arguments: API.allCases)
    func failureEndsAfterItsTimes(api: API) async throws {
        try await withScriptedModel { model in
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await api.ask(model, "ERR429").status) }
            #expect(statuses == [429, 429, 200])
        }
    }

    @Test(arguments: API.allCases)
    func keyIsNeededAndMustBeTheExpectedOne(api: API) async throws {
        try await withScriptedModel(.init(key: "sk-other")) { model in
            let wrong = try await api.ask(model)
            #expect(wrong.status == 401)
            #expect(error(wrong)["message"]?.string?.contains("sk-test") == false)
            let none = try await api.post(model, api.body("x"), headers: ["x-api-key": "", "authorization": ""])
            #expect(none.status == 401)
            #expect(error(none)["message"] != error(wrong)["message"])
            let right = try await api.post(
                model, api.body("TALK"), headers: ["x-api-key": "", "authorization": "Bearer sk-other"])
            #expect(right.status == 200)
        }
    }

    @Test(arguments: API.allCases)
    func bodyThatIsNoJSONIsRefused(api: API) async throws {
        try await withScriptedModel { model in
            for text in ["", "{", "[]", "\"x\""] {
                let answer = try await api.post(model, text: text)
                #expect(answer.status == 400)
                #expect(error(answer)["type"] == "invalid_request_error")
            }
        }
    }

    @Test(arguments: API.allCases)
    func everyRequiredMemberIsMissed(api: API) async throws {
        let required =
            switch api {
            case .anthropic: ["model", "max_tokens", "messages"]
            case .responses: ["model", "input"]
            case .chat: ["model", "messages"]
            }
        try await withScriptedModel { model in
            for key in required {
                let body = JSON.object((api.body("x").object ?? [:]).filter { $0.key != key })
                let answer = try await api.post(model, body)
                #expect(answer.status == 400)
                #expect(error(answer)["message"]?.string?.contains(key) == true)
            }
        }
    }

    @Test(arguments: API.allCases)
    func resultWithoutCallAndCallWithoutResultAreRefused(api: API) async throws {
        try await withScriptedModel { model in
            let request = api.body("make the file")
            let first = try await api.post(model, request)
            let unanswered = api.followUp(request, first, results: [], then: "go on")
            #expect(try await api.post(model, unanswered).status == 400)
            let stray = api.followUp(request, first, results: ["ok"]).text
            let id = try #require(api.content(first).calls.first?.id)
            let changed = stray.replacingFirst(id, with: "call_unknown")
            #expect(changed != stray)
            #expect(try await api.post(model, text: changed).status == 400)
        }
    }

    @Test(arguments: API.allCases)
    func badToolsAreRefused(api: API) async throws {
        try await withScriptedModel { model in
            for tool in [api.tool("two words", ["a"]), "bash"] {
                let answer = try await api.ask(model, tools: [tool])
                #expect(answer.status == 400)
            }
        }
    }

    @Test(arguments: API.allCases)
    func unknownRoleIsRefused(api: API) async throws {
        try await withScriptedModel { model in
            let message: JSON = ["role": "robot", "content": "x"]
            let body = api.body("x").with([api == .responses ? "input" : "messages": [message]])
            let answer = try await api.post(model, body)
            #expect(answer.status == 400)
        }
    }

    @Test func pathsMethodsAndHeadersAreChecked() async throws {
        try await withScriptedModel { model in
            let key = ["authorization": "Bearer x"]
            let expected = [
                ("POST", "/v2/nothing", 404), ("GET", "/v1/responses", 405), ("GET", "/v1/models/none", 404),
                ("HEAD", "/", 200),
            ]
            for (method, path, status) in expected {
                let answer = try await send(method, model.anthropicBaseURL + path, headers: key)
                #expect(answer.status == status)
            }
            let body = API.anthropic.body("TALK")
            #expect(try await API.anthropic.post(model, body, headers: ["anthropic-version": ""]).status == 400)
            #expect(try await API.chat.post(model, body, headers: ["content-type": "text/plain"]).status == 415)
            #expect(try await API.chat.post(model, body, headers: ["content-encoding": "zstd"]).status == 415)
        }
    }

    @Test func streamOptionsNeedAStream() async throws {
        try await withScriptedModel { model in
            let body = API.chat.body("x").with(["stream_options": ["include_usage": true]])
            let answer = try await API.chat.post(model, body)
            #expect(answer.status == 400)
        }
    }
}

extension String {
    /// Replaces one occurrence, so that a call and its result no longer match.
    fileprivate func replacingFirst(_ old: String, with new: String) -> String {
        guard let range = range(of: old) else { return self }
        return replacingCharacters(in: range, with: new)
    }
}
