import AnycodeJSON
import Testing

@testable import AnycodeRunner

@Suite struct CodexTranslationTests {
    /// A translation with an open session of the id `t`.
    private func opened(forms: Bool = true) -> CodexTranslation {
        var translation = CodexTranslation(directory: "/w")
        let capabilities: JSON = forms ? ["elicitation": ["form": [:]]] : [:]
        _ = translation.fromClient(
            ["id": 1, "method": "initialize", "params": ["clientCapabilities": capabilities]])
        _ = translation.fromProgram(["id": 1, "result": ["userAgent": "anycode/0.163.0 (x)"]])
        _ = translation.fromClient(["id": 2, "method": "session/new", "params": ["cwd": "/w", "mcpServers": []]])
        _ = translation.fromProgram(["id": 3, "result": ["thread": ["id": "t"], "model": "m"]])
        return translation
    }

    private func prompt(_ id: Int64, _ text: String = "go") -> JSON {
        [
            "id": .integer(id), "method": "session/prompt",
            "params": ["sessionId": "t", "prompt": [["type": "text", "text": .string(text)]]],
        ]
    }

    private let cancel: JSON = ["method": "session/cancel", "params": ["sessionId": "t"]]

    private func event(_ method: String, _ params: [JSON.Member] = []) -> JSON {
        ["method": .string(method), "params": .object([.init("threadId", "t")] + params)]
    }

    private func turn(_ status: String) -> [JSON.Member] {
        [.init("turn", ["id": "u", "status": .string(status)])]
    }

    private func methods(_ outputs: [CodexTranslation.Output]) -> [String] {
        outputs.compactMap { if case .program(let json) = $0 { json.text("method") } else { nil } }
    }

    private func client(_ outputs: [CodexTranslation.Output]) -> [JSON] {
        outputs.compactMap { if case .client(let json) = $0 { json } else { nil } }
    }

    @Test func aCancelBeforeTheTurnHasStartedIsKept() {
        var translation = opened()
        #expect(methods(translation.fromClient(prompt(5))) == ["turn/start"])
        #expect(translation.fromClient(cancel).isEmpty)
        #expect(methods(translation.fromProgram(event("turn/started", turn("inProgress")))) == ["turn/interrupt"])
        #expect(methods(translation.fromClient(cancel)).isEmpty, "once is enough")
        let ended = client(translation.fromProgram(event("turn/completed", turn("interrupted"))))
        #expect(ended.last?["result"]?.text("stopReason") == "cancelled")
    }

    @Test func aPromptInMidTurnSteersItAndEndsWithIt() {
        var translation = opened()
        _ = translation.fromClient(prompt(5))
        _ = translation.fromProgram(event("turn/started", turn("inProgress")))
        #expect(methods(translation.fromClient(prompt(6))) == ["turn/steer"])
        _ = translation.fromProgram(["id": 5, "result": [:]])
        let ended = client(translation.fromProgram(event("turn/completed", turn("completed"))))
        #expect(ended.compactMap { $0["id"]?.integer } == [5, 6])
    }

    @Test func aPromptThatCannotSteerComesNext() {
        var translation = opened()
        _ = translation.fromClient(prompt(5))
        #expect(translation.fromClient(prompt(6)).isEmpty)
        _ = translation.fromProgram(event("turn/started", turn("inProgress")))
        #expect(methods(translation.fromProgram(event("turn/completed", turn("completed")))) == ["turn/start"])
    }

    @Test func aCompactionIsATurnOfItsOwn() {
        var translation = opened()
        #expect(methods(translation.fromClient(prompt(5, "/compact"))) == ["thread/compact/start"])
        _ = translation.fromProgram(event("turn/started", turn("inProgress")))
        let item: JSON = ["type": "contextCompaction", "id": "c"]
        #expect(client(translation.fromProgram(event("item/completed", [.init("item", item)]))).count == 1)
        let ended = client(translation.fromProgram(event("turn/completed", turn("completed"))))
        #expect(ended.last?["result"]?.text("stopReason") == "end_turn")
    }

    @Test func aRequestThatIsNoLongerOpenIsWithdrawn() {
        var translation = opened()
        _ = translation.fromClient(prompt(5))
        _ = translation.fromProgram(event("turn/started", turn("inProgress")))
        let asked: JSON = [
            "id": 7, "method": "item/commandExecution/requestApproval",
            "params": ["threadId": "t", "itemId": "c", "command": "/bin/sh -lc ls", "reason": "Why not?"],
        ]
        let request = client(translation.fromProgram(asked)).first
        #expect(request?["params"]?["toolCall"]?.text("title") == "ls")
        #expect(request?["params"]?["options"]?.array?.count == 5)
        let gone = client(translation.fromProgram(event("serverRequest/resolved", [.init("requestId", 7)])))
        #expect(gone.first?.text("method") == "$/cancel_request")
        let late: JSON = ["id": 1, "result": ["outcome": ["outcome": "selected", "optionId": "accept"]]]
        #expect(translation.fromClient(late).isEmpty)
    }

    @Test func questionsWithoutFormsAreLeftToTheProgram() {
        var translation = opened(forms: false)
        let asked: JSON = [
            "id": 0, "method": "item/tool/requestUserInput",
            "params": ["threadId": "t", "questions": [["id": "q", "question": "?"]]],
        ]
        #expect(translation.fromProgram(asked) == [.program(["id": 0, "result": ["answers": [:]]])])
    }

    @Test func unknownMessagesAreCountedAndRefused() {
        var translation = opened()
        #expect(translation.fromProgram(event("news/today")).isEmpty)
        #expect(translation.fromProgram(event("news/today")).isEmpty)
        let refused = translation.fromProgram(["id": 4, "method": "news/ask", "params": [:]])
        #expect(refused.count == 1)
        #expect(translation.skipped == ["news/today": 2, "news/ask": 1])
    }

    @Test func choicesOfModelEffortAndModeGoWithTheNextTurn() throws {
        var translation = opened()
        let efforts: JSON = [["reasoningEffort": "low"], ["reasoningEffort": "high"]]
        let models: JSON = [["model": "big", "displayName": "Big", "supportedReasoningEfforts": efforts]]
        let listed = client(translation.fromProgram(["id": 2, "result": ["data": models]]))
        #expect(listed.first?["params"]?["update"]?["configOptions"]?.array?.count == 1)
        func set(_ option: String, _ value: String) -> JSON? {
            let params: JSON = ["sessionId": "t", "configId": .string(option), "value": .string(value)]
            return client(translation.fromClient(["id": 9, "method": "session/set_config_option", "params": params]))
                .first
        }
        #expect(set("effort", "high")?["error"] != nil)
        #expect(set("model", "big")?["result"]?["configOptions"]?.array?.count == 2)
        #expect(set("effort", "high")?["error"] == nil)
        #expect(set("model", "big/huge")?["error"] != nil)
        #expect(set("model", "big/low")?["error"] == nil && translation.settings.effort == "low")
        #expect(set("model", "big/high")?["error"] == nil)
        #expect(set("mode", "plan")?["error"] == nil)
        guard case .program(let start) = translation.fromClient(prompt(5)).first else {
            Issue.record("no turn")
            return
        }
        let params = try #require(start["params"])
        #expect(params.text("model") == "big" && params.text("effort") == "high")
        #expect(params["collaborationMode"]?.text("mode") == "plan")
    }

    @Test func theClientsServersAreHandedOver() {
        let servers: [JSON] = [
            ["name": "a", "command": "x", "args": ["y"], "env": [["name": "N", "value": "V"]]],
            ["type": "http", "name": "b", "url": "http://h", "headers": []],
        ]
        let expected: JSON = [
            "a": ["command": "x", "args": ["y"], "env": ["N": "V"]], "b": ["url": "http://h", "http_headers": [:]],
        ]
        #expect(CodexSettings.servers(servers) == expected)
    }
}
