import AnycodeCore
import AnycodeJSON
import Testing

@testable import AnycodeAgent

/// Every message of the v1 schema that can come from an agent, and what lenient readers must survive.
struct ACPDecoderTests {
    private func decode(_ text: String) -> ACPDecoder.Decoded {
        var decoder = ACPDecoder()
        return decoder.decode(Array(text.utf8))
    }

    private func events(_ text: String) -> [AgentEvent] { decode(text).events }

    private func update(_ text: String) -> [AgentEvent] {
        events(#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s1","update":\#(text)}}"#)
    }

    private func answer(_ result: String) -> [AgentEvent] { events(#"{"jsonrpc":"2.0","id":3,"result":\#(result)}"#) }

    // MARK: Text

    @Test func readsTextAndThoughts() {
        #expect(
            update(#"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"Hé\n"}}"#) == [
                .text("Hé\n")
            ])
        #expect(
            update(#"{"content":{"text":"hm","type":"text"},"sessionUpdate":"agent_thought_chunk","messageId":"m"}"#)
                == [.thought("hm")])
        #expect(update(#"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":""}}"#) == [])
        #expect(update(#"{"sessionUpdate":"user_message_chunk","content":{"type":"text","text":"me"}}"#) == [])
    }

    @Test(arguments: [
        (#"{"type":"image","data":"AA","mimeType":"image/png"}"#, "[image image/png]"),
        (#"{"type":"audio","data":"AA","mimeType":"audio/wav"}"#, "[audio audio/wav]"),
        (#"{"type":"resource_link","name":"a.md","uri":"file:///a.md"}"#, "[a.md](file:///a.md)"),
        (#"{"type":"resource","resource":{"uri":"file:///a","text":"inside"}}"#, "inside"),
        (#"{"type":"resource","resource":{"uri":"file:///a","blob":"AA"}}"#, "[file:///a]"),
    ])
    func namesOtherContent(content: String, expected: String) {
        #expect(update(#"{"sessionUpdate":"agent_message_chunk","content":\#(content)}"#) == [.text(expected)])
    }

    @Test func setsAdjacentMessagesApart() {
        var decoder = ACPDecoder()
        func text(_ text: String, _ message: String?) -> [AgentEvent] {
            let id = message.map { #","messageId":"\#($0)""# } ?? ""
            let update = #"{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"\#(text)"}\#(id)}"#
            return decoder.decode(Array(#"{"method":"session/update","params":{"update":\#(update)}}"#.utf8)).events
        }
        #expect(text("a", "1") == [.text("a")])
        #expect(text("b", "1") == [.text("b")])
        #expect(text("c", "2") == [.text("\n\n"), .text("c")])
        #expect(text("d", nil) == [.text("d")])
        #expect(text("e", "3") == [.text("e")])
        _ = decoder.decode(
            Array(#"{"method":"session/update","params":{"update":{"sessionUpdate":"plan","entries":[]}}}"#.utf8))
        #expect(text("f", "4") == [.text("f")])
    }

    // MARK: Tools

    @Test func readsAToolCall() {
        let expected = ToolCall(
            id: ToolCallID("c1"), title: "Edit a.swift", kind: .edit, status: .inProgress,
            locations: [.init(path: "/w/a.swift", line: 3), .init(path: "/w/b.swift")],
            content: [
                .text("before"), .diff(path: "/w/a.swift", old: "x", new: "y"),
                .diff(path: "/w/n.swift", old: nil, new: "new"), .terminal(id: "t1"),
            ], rawInput: #"{"b":1,"a":[true]}"#)
        #expect(
            update(
                #"""
                {"sessionUpdate":"tool_call","toolCallId":"c1","title":"Edit a.swift","kind":"edit","status":"in_progress",
                "locations":[{"path":"/w/a.swift","line":3},{"path":"/w/b.swift","line":null},{"line":1}],
                "content":[{"type":"content","content":{"type":"text","text":"before"}},
                {"type":"diff","path":"/w/a.swift","oldText":"x","newText":"y"},
                {"type":"diff","path":"/w/n.swift","oldText":null,"newText":"new"},
                {"type":"terminal","terminalId":"t1"},{"type":"hologram"}],
                "rawInput":{"b":1,"a":[true]},"_meta":{"x":1}}
                """#) == [.toolCall(expected)])
    }

    @Test(
        arguments: zip(
            [
                "read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode", "other",
                "teleport",
            ],
            [
                ToolCall.Kind.read, .edit, .delete, .move, .search, .execute, .think, .fetch, .switchMode, .other,
                .other,
            ]))
    func readsEachKind(text: String, kind: ToolCall.Kind) {
        let call = ToolCall(id: ToolCallID("c"), title: "t", kind: kind)
        #expect(
            update(#"{"sessionUpdate":"tool_call","toolCallId":"c","title":"t","kind":"\#(text)"}"#) == [
                .toolCall(call)
            ])
    }

    @Test(arguments: [
        ("pending", ToolCall.Status.pending), ("in_progress", .inProgress), ("completed", .completed),
        ("failed", .failed),
        ("odd", nil),
    ])
    func readsEachStatus(text: String, status: ToolCall.Status?) {
        #expect(
            update(#"{"sessionUpdate":"tool_call_update","toolCallId":"c","status":"\#(text)"}"#)
                == [.toolCallUpdated(ToolCallUpdate(id: ToolCallID("c"), status: status))])
    }

    @Test func updateCarriesOnlyWhatChanged() {
        #expect(
            update(
                #"{"sessionUpdate":"tool_call_update","toolCallId":"c","title":null,"kind":null,"content":null,"locations":[]}"#
            ) == [.toolCallUpdated(ToolCallUpdate(id: ToolCallID("c"), locations: []))])
        #expect(
            update(#"{"sessionUpdate":"tool_call_update","toolCallId":"c","rawOutput":"done","content":[]}"#)
                == [.toolCallUpdated(ToolCallUpdate(id: ToolCallID("c"), content: [.text("done")]))])
        #expect(update(#"{"sessionUpdate":"tool_call_update","title":"no id"}"#) == [])
    }

    @Test func boundsWhatAToolShows() {
        let long = String(repeating: "ü", count: 100_000)
        let found = update(
            #"""
            {"sessionUpdate":"tool_call","toolCallId":"c","title":"\#(long)","rawInput":"\#(long)",
            "content":[{"type":"content","content":{"type":"text","text":"\#(long)"}}]}
            """#)
        guard case .toolCall(let call) = found.first, case .text(let text) = call.content.first else {
            Issue.record("no call")
            return
        }
        #expect(call.title == String(repeating: "ü", count: ACPLimits.title / 2) + "…")
        #expect(text.utf8.count == ACPLimits.toolText + 3)
        #expect((call.rawInput ?? "").utf8.count <= ACPLimits.rawInput + 3)
    }

    // MARK: Other updates

    @Test func readsPlanUsageCommandsTitleAndMode() {
        #expect(
            update(
                #"""
                {"sessionUpdate":"plan","entries":[{"content":"a","priority":"high","status":"completed"},
                {"content":"b","priority":"low","status":"in_progress"},{"content":"c","priority":"low","status":"pending"},{}]}
                """#)
                == [
                    .plan([
                        .init(text: "a", status: .completed), .init(text: "b", status: .inProgress),
                        .init(text: "c", status: .pending),
                    ])
                ])
        #expect(
            update(#"{"sessionUpdate":"usage_update","used":12,"size":200000,"cost":{"amount":0.25,"currency":"USD"}}"#)
                == [.usage(AgentUsage(used: 12, size: 200_000, cost: 0.25, currency: "USD"))])
        #expect(
            update(#"{"sessionUpdate":"usage_update","used":12,"size":9,"cost":null}"#)
                == [.usage(AgentUsage(used: 12, size: 9))])
        #expect(
            update(
                #"""
                {"sessionUpdate":"available_commands_update","availableCommands":[{"name":"web","description":"Search",
                "input":{"hint":"query"}},{"name":"","description":"x"},7]}
                """#) == [.commandsChanged([AgentCommand(name: "web", summary: "Search")])])
        #expect(update(#"{"sessionUpdate":"session_info_update","title":"Fix"}"#) == [.titleChanged("Fix")])
        #expect(update(#"{"sessionUpdate":"session_info_update","updatedAt":"2026-01-01T00:00:00Z"}"#) == [])
        #expect(update(#"{"sessionUpdate":"current_mode_update","currentModeId":"plan"}"#) == [.modeChanged("plan")])
    }

    private static let options = #"""
        [{"id":"m","name":"Mode","category":"mode","type":"select","currentValue":"ask",
        "options":[{"value":"ask","name":"Ask"},{"value":"code","name":"Code"}]},
        {"id":"model","name":"Model","category":"model","type":"select","currentValue":"b",
        "options":[{"group":"g","name":"G","options":[{"value":"a","name":"A"},{"value":"b","name":"B"}]}]},
        {"id":"brave","name":"Brave","type":"boolean","currentValue":true}]
        """#

    @Test func readsConfigurationOptions() {
        #expect(
            update(#"{"sessionUpdate":"config_option_update","configOptions":\#(Self.options)}"#)
                == [.modeChanged("@m=ask"), .modelChanged("@model=b")])
        #expect(answer(#"{"configOptions":\#(Self.options)}"#).first == .callSucceeded(.number(3)))
    }

    // MARK: Answers

    @Test func readsInitialize() {
        #expect(
            answer(
                #"""
                {"protocolVersion":1,"agentCapabilities":{"loadSession":true,"promptCapabilities":{"image":true},
                "sessionCapabilities":{"resume":{},"list":null}},"authMethods":[{"id":"login","name":"Log in"}],
                "agentInfo":{"name":"demo","title":"Demo","version":"1.2"}}
                """#)
                == [
                    .initialized(
                        .number(3),
                        AgentCapabilities(
                            name: "Demo", version: "1.2", loadsSessions: true, resumesSessions: true,
                            acceptsImages: true,
                            authenticationMethods: ["login"]))
                ])
        #expect(answer(#"{"protocolVersion":1}"#) == [.initialized(.number(3), AgentCapabilities())])
    }

    @Test func readsANewSessionWithModesAndModels() {
        let expected = AgentSession(
            id: AgentSessionID("s"), modes: [.init(id: "ask", name: "Ask")], currentMode: "ask",
            models: [.init(id: "x/1", name: "One")], currentModel: "x/1")
        #expect(
            answer(
                #"""
                {"sessionId":"s","modes":{"currentModeId":"ask","availableModes":[{"id":"ask","name":"Ask"}]},
                "models":{"currentModelId":"x/1","availableModels":[{"modelId":"x/1","name":"One"}]}}
                """#) == [.sessionOpened(.number(3), expected)])
        let fromOptions = AgentSession(
            id: AgentSessionID("s"), modes: [.init(id: "@m=ask", name: "Ask"), .init(id: "@m=code", name: "Code")],
            currentMode: "@m=ask", models: [.init(id: "@model=a", name: "A"), .init(id: "@model=b", name: "B")],
            currentModel: "@model=b")
        #expect(
            answer(#"{"sessionId":"s","modes":null,"configOptions":\#(Self.options)}"#)
                == [.sessionOpened(.number(3), fromOptions)])
    }

    @Test(arguments: ["null", "{}", #"{"_meta":{}}"#])
    func readsPlainSuccess(result: String) {
        #expect(answer(result) == [.callSucceeded(.number(3))])
    }

    @Test func readsWhatASuccessSaysOfTheMode() {
        #expect(
            answer(#"{"modes":{"currentModeId":"ask","availableModes":[]}}"#)
                == [.callSucceeded(.number(3)), .modeChanged("ask")])
    }

    @Test(arguments: [RequestID.number(-7), .string("anycode-3"), .string("a|b é"), .string("")])
    func loadedSessionsAreNamedByTheIDTheyTravelUnder(id: RequestID) {
        let session = AgentSessionID("s|1 ü")
        let wire = String(decoding: JSON(ACPWireID.load(id, session)).bytes, as: UTF8.self)
        #expect(
            events(#"{"id":\#(wire),"result":null}"#) == [.sessionOpened(id, AgentSession(id: session))])
        #expect(
            events(#"{"id":\#(wire),"result":{"modes":{"currentModeId":"ask","availableModes":[]}}}"#)
                == [.sessionOpened(id, AgentSession(id: session, currentMode: "ask"))])
        #expect(
            events(#"{"id":\#(wire),"error":{"code":-32002,"message":"Gone"}}"#)
                == [.callFailed(id, AgentFailure(code: .notFound, message: "Gone"))])
    }

    @Test(arguments: ["load|s|9|short", "load|n|1|x", "load|s|x|y", "load|s|-1|y", "load", "|||", "load|s"])
    func otherTextIDsStayAsTheyAre(id: String) {
        #expect(ACPWireID.callerID(.string(id)).id == .string(id))
    }

    @Test(arguments: [
        ("end_turn", StopReason.endTurn), ("max_tokens", .maxTokens), ("max_turn_requests", .maxRequests),
        ("refusal", .refusal), ("cancelled", .cancelled), ("tired", .other("tired")),
    ])
    func readsTheEndOfATurn(text: String, reason: StopReason) {
        #expect(
            answer(#"{"stopReason":"\#(text)","usage":{"totalTokens":1}}"#) == [
                .turnTook(.number(3), tokens: 1), .turnEnded(.number(3), reason),
            ])
    }

    @Test func keepsTextIDsApart() {
        #expect(
            events(#"{"jsonrpc":"2.0","id":"3","result":{"stopReason":"end_turn"}}"#) == [
                .turnEnded(.string("3"), .endTurn)
            ])
    }

    @Test(arguments: [
        (
            #"{"code":-32000,"message":"Authentication required"}"#, AgentFailure.Code.authenticationRequired,
            "Authentication required"
        ),
        (#"{"code":-32002,"message":"Not found"}"#, .notFound, "Not found"),
        (#"{"code":-32800,"message":"Cancelled"}"#, .cancelled, "Cancelled"),
        (#"{"code":-32050,"message":"Gone","data":{"reason":"agent_exited"}}"#, .agentExited, "Gone"),
        (
            #"{"code":-32603,"message":"Internal error","data":{"details":"no key"}}"#, .other(-32603),
            "Internal error: no key"
        ),
        (#"{"code":-32603,"message":"Internal error","data":"boom"}"#, .other(-32603), "Internal error: boom"),
        (#"{"code":1}"#, .other(1), "error 1"), (#"{}"#, .other(0), "error 0"),
    ])
    func readsErrors(error: String, code: AgentFailure.Code, message: String) {
        #expect(
            events(#"{"jsonrpc":"2.0","id":4,"error":\#(error)}"#)
                == [.callFailed(.number(4), AgentFailure(code: code, message: message))])
    }

    // MARK: Requests

    @Test func readsAPermissionRequestWithAllKinds() {
        let options = [
            PermissionRequest.Option(id: "a", name: "Allow", kind: .allowOnce),
            .init(id: "b", name: "Always", kind: .allowAlways), .init(id: "c", name: "No", kind: .rejectOnce),
            .init(id: "d", name: "Never", kind: .rejectAlways),
        ]
        let call = ToolCallUpdate(
            id: ToolCallID("c1"), title: "rm -rf build", kind: .execute, rawInput: #"{"command":"rm -rf build"}"#)
        #expect(
            decode(
                #"""
                {"jsonrpc":"2.0","id":"p1","method":"session/request_permission","params":{"sessionId":"s",
                "toolCall":{"toolCallId":"c1","title":"rm -rf build","kind":"execute","rawInput":{"command":"rm -rf build"}},
                "options":[{"optionId":"a","name":"Allow","kind":"allow_once"},
                {"optionId":"b","name":"Always","kind":"allow_always"},{"optionId":"c","name":"No","kind":"reject_once"},
                {"optionId":"d","name":"Never","kind":"reject_always"},{"optionId":"e","name":"Odd","kind":"allow_sometimes"}]}}
                """#)
                == ACPDecoder.Decoded(events: [
                    .permissionRequested(PermissionRequest(request: .string("p1"), toolCall: call, options: options))
                ]))
    }

    @Test func readsAFormWithEveryFieldInOrder() {
        let found = events(
            #"""
            {"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{"sessionId":"s","mode":"form","message":"Some choices",
            "requestedSchema":{"type":"object","required":["db","n"],"properties":{
            "zeta":{"type":"string","title":"Notes","description":"anything"},
            "db":{"type":"string","oneOf":[{"const":"pg","title":"Postgres","description":"solid"},{"const":"my","title":"MySQL"}]},
            "plain":{"type":"string","enum":["a","b"]},
            "many":{"type":"array","minItems":1,"maxItems":2,"items":{"anyOf":[{"const":"x","title":"X"},{"const":"y","title":"Y"}]}},
            "more":{"type":"array","items":{"type":"string","enum":["p","q"]}},
            "n":{"type":"integer"},"r":{"type":"number"},"ok":{"type":"boolean"},"odd":{"type":"_color"}}}}}
            """#)
        let expected = QuestionRequest(
            request: .number(9), message: "Some choices",
            fields: [
                .init(name: "zeta", title: "Notes", detail: "anything", kind: .text, required: false),
                .init(
                    name: "db", title: "db", detail: "Postgres: solid",
                    kind: .single([.init(value: "pg", label: "Postgres"), .init(value: "my", label: "MySQL")]),
                    required: true),
                .init(
                    name: "plain", title: "plain",
                    kind: .single([.init(value: "a", label: "a"), .init(value: "b", label: "b")]),
                    required: false),
                .init(
                    name: "many", title: "many",
                    kind: .multiple(
                        [.init(value: "x", label: "X"), .init(value: "y", label: "Y")], minimum: 1, maximum: 2),
                    required: false),
                .init(
                    name: "more", title: "more",
                    kind: .multiple(
                        [.init(value: "p", label: "p"), .init(value: "q", label: "q")], minimum: 0, maximum: nil),
                    required: false),
                .init(name: "n", title: "n", kind: .number(integer: true), required: true),
                .init(name: "r", title: "r", kind: .number(integer: false), required: false),
                .init(name: "ok", title: "ok", kind: .boolean, required: false),
            ])
        #expect(found == [.questionAsked(expected)])
    }

    @Test func readsAPageToOpen() {
        #expect(
            events(
                #"{"id":9,"method":"elicitation/create","params":{"requestId":1,"mode":"url","message":"Log in","elicitationId":"e","url":"https://x/y"}}"#
            ) == [
                .questionAsked(QuestionRequest(request: .number(9), message: "Log in", fields: [], url: "https://x/y"))
            ])
        #expect(events(#"{"method":"elicitation/complete","params":{"elicitationId":"e"}}"#) == [])
    }

    @Test(arguments: [
        (#"{"mode":"_voice","message":"say"}"#, "elicitation/create:_voice"),
        (
            #"{"mode":"form","message":"m","requestedSchema":{"required":["c"],"properties":{"c":{"type":"_color"}}}}"#,
            "elicitation/create:form"
        ),
        (#"{"mode":"url","message":"m"}"#, "elicitation/create:url"),
    ])
    func cancelsFormsThatCannotBeShown(params: String, type: String) {
        let found = decode(#"{"id":9,"method":"elicitation/create","params":\#(params)}"#)
        #expect(found.events == [.unknown(type: type)])
        #expect(found.reply == ["jsonrpc": "2.0", "id": 9, "result": ["action": "cancel"]])
    }

    @Test(arguments: [
        "fs/read_text_file", "fs/write_text_file", "terminal/create", "terminal/kill", "_agentao.cn/ask_user",
    ])
    func declinesRequestsWeDoNotServe(method: String) {
        let found = decode(#"{"jsonrpc":"2.0","id":"q","method":"\#(method)","params":{}}"#)
        #expect(found.events == [.unknown(type: method)])
        #expect(found.reply?["error"]?["code"] == -32601)
        #expect(found.reply?["id"] == "q")
    }

    // MARK: The rest

    @Test func readsWithdrawalAndExit() {
        #expect(
            events(#"{"method":"$/cancel_request","params":{"requestId":"p1"}}"#) == [.requestWithdrawn(.string("p1"))])
        #expect(
            events(
                #"{"method":"_adapter/agent_exited","params":{"success":false,"code":null,"signal":9,"message":"Killed"}}"#
            )
                == [.agentExited(AgentExit(exitCode: nil, signal: 9, message: "Killed"))])
        #expect(
            events(#"{"method":"_adapter/agent_exited","params":{"success":true,"code":0}}"#)
                == [.agentExited(AgentExit(exitCode: 0, signal: nil, message: ""))])
    }

    @Test(arguments: [
        (#"{"method":"session/update","params":{"update":{"sessionUpdate":"dream"}}}"#, "session/update:dream"),
        (#"{"method":"session/update","params":{}}"#, "session/update:none"),
        (#"{"method":"_vendor/no tice\u0007"}"#, "_vendor/no?tice?"),
        (#"{"method":"_adapter/invalid_stdout"}"#, "_adapter/invalid_stdout"),
        ("nonsense", "invalid message"), ("[]", "invalid message"), ("{}", "invalid message"),
        (#"{"id":null,"result":{}}"#, "invalid message"),
    ])
    func reportsUnknownMessagesByType(text: String, type: String) {
        #expect(decode(text) == ACPDecoder.Decoded(events: [.unknown(type: type)]))
    }

    @Test func survivesEveryTruncationAndMutation() {
        let sample = Array(
            #"{"id":9,"method":"session/request_permission","params":{"toolCall":{"toolCallId":"c"},"options":[{"optionId":"a","kind":"allow_once"}]}}"#
                .utf8)
        var decoder = ACPDecoder()
        for index in sample.indices {
            _ = decoder.decode(Array(sample.prefix(index)))
            var changed = sample
            changed[index] = UInt8(ascii: "1")
            _ = decoder.decode(changed)
        }
    }
}
