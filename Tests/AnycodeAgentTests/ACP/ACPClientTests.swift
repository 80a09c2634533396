import AnycodeCore
import AnycodeJSON
import HTTPTestSupport
import HTTPTransport
import Synchronization
import Testing

@testable import AnycodeAgent

struct ACPClientTests {
    private static func update(_ update: JSON) -> JSON {
        ["jsonrpc": "2.0", "method": "session/update", "params": ["sessionId": "s1", "update": update]]
    }

    private static func text(_ text: String) -> JSON {
        update(["sessionUpdate": "agent_message_chunk", "content": ["type": "text", "text": .string(text)]])
    }

    /// Answers like a small agent: a prompt asks for permission and goes on when it is given.
    @Sendable private static func agent(_ message: JSON) -> [JSON] {
        let id = message["id"] ?? .null
        switch message.text("method") {
        case "initialize": return [["jsonrpc": "2.0", "id": id, "result": ["protocolVersion": 1]]]
        case "session/new": return [["jsonrpc": "2.0", "id": id, "result": ["sessionId": "s1"]]]
        case "session/prompt":
            return [
                text("working"),
                [
                    "jsonrpc": "2.0", "id": "perm", "method": "session/request_permission",
                    "params": [
                        "sessionId": "s1", "toolCall": ["toolCallId": "c1"],
                        "options": [["optionId": "yes", "name": "Yes", "kind": "allow_once"]],
                    ],
                ],
            ]
        case "session/cancel": return [["jsonrpc": "2.0", "id": 2, "result": ["stopReason": "cancelled"]]]
        case .some: return [["jsonrpc": "2.0", "id": id, "result": [:]]]
        case .none:
            return [text("done"), ["jsonrpc": "2.0", "id": 2, "result": ["stopReason": "end_turn"]], text("late")]
        }
    }

    private static let permission = AgentEvent.permissionRequested(
        PermissionRequest(
            request: .string("perm"), toolCall: ToolCallUpdate(id: ToolCallID("c1")),
            options: [.init(id: "yes", name: "Yes", kind: .allowOnce)]))

    private func start(_ client: ACPClient) async throws(AgentError) {
        try await client.send(.initialize(.number(0)))
        try await client.send(.openSession(.number(1), directory: "/w"))
        try await client.send(.prompt(.number(2), AgentSessionID("s1"), text: "go"))
    }

    @Test(arguments: [false, true])
    func runsATurnWithAPermission(unix: Bool) async throws {
        let runner = try FakeRunner(unix: unix, agent: Self.agent)
        try await withRunner(runner) { client, _ in
            try await start(client)
            let stream = try await client.events(after: nil)
            let first = try await stream.items(4)
            #expect(first.map(\.number) == [1, 2, 3, 4])
            #expect(
                first.flatMap(\.events) == [
                    .initialized(.number(0), AgentCapabilities()),
                    .sessionOpened(.number(1), AgentSession(id: AgentSessionID("s1"))), .text("working"),
                    Self.permission,
                ])
            try await client.send(.answerPermission(.string("perm"), .selected("yes")))
            let rest = try await stream.items(3)
            #expect(rest.flatMap(\.events) == [.text("done"), .turnEnded(.number(2), .endTurn), .text("late")])
            try await client.acknowledge(7)
            #expect(runner.state.withLock { $0.acknowledged } == [7])
        }
    }

    @Test func repeatedCallsReachTheAgentOnce() async throws {
        let runner = try FakeRunner(agent: Self.agent)
        try await withRunner(runner) { client, _ in
            try await start(client)
            try await start(client)
            try await client.send(.answerPermission(.string("perm"), .selected("yes")))
            try await client.send(.answerPermission(.string("perm"), .selected("yes")))
            #expect(runner.received.count == 4)
        }
    }

    @Test func sendsEveryCallAsTheSchemaWantsIt() async throws {
        let runner = try FakeRunner(agent: { _ in [] })
        let session = AgentSessionID("s1")
        let calls: [AgentCall] = [
            .initialize(.number(0)), .openSession(.number(1), directory: "/w"),
            .loadSession(.number(2), session, directory: "/w"), .prompt(.number(3), session, text: "x"),
            .setMode(.number(4), session, mode: "m"), .setMode(.number(5), session, mode: "@mode=m"),
            .setModel(.number(6), session, model: "m"), .setModel(.number(7), session, model: "@model=m"),
            .cancel(session),
        ]
        try await withRunner(runner) { client, _ in
            for call in calls { try await client.send(call) }
            runner.emit([["jsonrpc": "2.0", "id": 77, "method": "elicitation/create", "params": [:]]])
            for answer in [QuestionAnswer.accepted(["a": .number(1)]), .declined, .cancelled] {
                try await client.send(.answerQuestion(.number(77), answer))
            }
            try await client.send(.answerPermission(.number(77), .cancelled))
            #expect(runner.received.count == calls.count + 1)
        }
    }

    @Test func continuesBehindTheCursorAndHearsOpenRequestsAgain() async throws {
        let runner = try FakeRunner(agent: Self.agent)
        try await withRunner(runner) { client, _ in
            try await start(client)
            _ = try await client.events(after: nil).items(4)
            let stream = try await client.events(after: 4)
            let again = try await stream.items(1)
            #expect(again == [AgentStreamItem(number: nil, events: [Self.permission])])
            try await client.send(.answerPermission(.string("perm"), .cancelled))
            let rest = try await stream.items(3)
            #expect(rest.map(\.number) == [5, 6, 7])
        }
    }

    @Test func aCutStreamEndsAndGoesOn() async throws {
        let runner = try FakeRunner(agent: Self.agent)
        try await withRunner(runner) { client, _ in
            try await start(client)
            runner.state.withLock { $0.cutAfter = 2 }
            let stream = try await client.events(after: nil)
            var items: [AgentStreamItem] = []
            while let batch = try await stream.next() { items += batch }
            #expect(items.map(\.number) == [1, 2])
            let rest = try await client.events(after: 2).items(2)
            #expect(rest.map(\.number) == [3, 4])
        }
    }

    @Test func tellsAboutGaps() async throws {
        let runner = try FakeRunner(agent: Self.agent)
        try await withRunner(runner) { client, _ in
            try await start(client)
            runner.state.withLock { $0.firstKept = 4 }
            let items = try await client.events(after: 1).items(2)
            #expect(
                items == [
                    AgentStreamItem(number: 3, events: [.gap(from: 2, to: 3)]),
                    AgentStreamItem(number: 4, events: [Self.permission]),
                ])
        }
    }

    @Test func declinesWhatItDoesNotServe() async throws {
        let runner = try FakeRunner(agent: { _ in [] })
        try await withRunner(runner) { client, _ in
            try await client.send(.initialize(.number(0)))
            let stream = try await client.events(after: nil)
            runner.emit([
                ["jsonrpc": "2.0", "id": 5, "method": "fs/read_text_file", "params": ["path": "/etc/passwd"]],
                [
                    "jsonrpc": "2.0", "id": 6, "method": "elicitation/create",
                    "params": ["mode": "_voice", "message": "m"],
                ],
            ])
            let items = try await stream.items(2)
            #expect(
                items.flatMap(\.events) == [
                    .unknown(type: "fs/read_text_file"), .unknown(type: "elicitation/create:_voice"),
                ])
            #expect(runner.received.count == 3)
            #expect(runner.received.last?["result"] == ["action": "cancel"])
        }
    }

    @Test(arguments: [
        ("504 Gateway Timeout", nil), ("424 Failed Dependency", AgentError.Code.agentMissing),
        ("503 Busy", .unreachable),
        ("409 Conflict", .conflict), ("507 Insufficient Storage", .failed), ("413 Too Large", .tooLarge),
        ("500 Internal Server Error", .failed), ("502 Bad Gateway", .unreachable),
    ])
    func understandsRefusals(status: String, code: AgentError.Code?) async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { client, _ in
            runner.state.withLock { $0.nextStatus = status }
            let error = await agentError { () async throws(AgentError) in try await client.send(.initialize(.number(0)))
            }
            #expect(error?.code == code)
            if code != nil { #expect(error?.message == "Scripted \(status.prefix(3))") }
        }
    }

    @Test func wrongTokenIsUnauthorizedAndStaysSecret() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner, token: "wrong-SECRET") { client, workspace in
            let first = await agentError { () async throws(AgentError) in try await client.send(.initialize(.number(0)))
            }
            let second = await agentError { () async throws(AgentError) in try await client.events(after: nil) }
            let third = await agentError { () async throws(AgentError) in try await workspace.health() }
            for error in [first, second, third] {
                #expect(error?.code == .unauthorized)
                #expect(!"\(String(describing: error))".contains("SECRET"))
            }
        }
    }

    @Test func anotherAgentIsAConflict() async throws {
        let runner = try FakeRunner()
        runner.state.withLock { $0.agent = "other" }
        try await withRunner(runner) { client, _ in
            let error = await agentError { () async throws(AgentError) in try await client.send(.initialize(.number(0)))
            }
            #expect(error?.code == .conflict)
        }
    }

    @Test func streamOpenedBeforeTheFirstMessageWaitsForIt() async throws {
        let refused = Gate()
        let runner = try FakeRunner(refused: { refused.open() }, agent: Self.agent)
        try await withRunner(runner) { client, _ in
            async let stream = client.events(after: nil)
            await refused.wait()
            try await client.send(.initialize(.number(0)))
            let items = try await stream.items(1)
            #expect(items.map(\.number) == [1])
        }
    }

    @Test func waitingForTheFirstMessageCanBeCancelled() async throws {
        let refused = Gate()
        let runner = try FakeRunner(refused: { refused.open() })
        try await withRunner(runner) { client, _ in
            let task = Task { await agentError { () async throws(AgentError) in try await client.events(after: nil) } }
            await refused.wait()
            task.cancel()
            #expect(await task.value?.code == .cancelled)
        }
    }

    @Test func streamErrorsCarryTheRunnersWords() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { client, _ in
            let none = await agentError { () async throws(AgentError) in try await client.events(after: 3) }
            #expect(none?.message == "There is no server yet")
            try await client.send(.initialize(.number(0)))
            let wrong = await agentError { () async throws(AgentError) in try await client.events(after: 99) }
            #expect(wrong?.code == .conflict)
        }
    }

    @Test func silenceIsUnreachable() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner, silence: .milliseconds(30)) { client, _ in
            try await client.send(.initialize(.number(0)))
            let error = await agentError { () async throws(AgentError) in
                let stream = try await client.events(after: nil)
                while try await stream.next() != nil {}
            }
            #expect(error?.code == .unreachable)
        }
    }

    @Test func goneRunnerIsUnreachable() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { client, _ in
            try await client.send(.initialize(.number(0)))
            let stream = try await client.events(after: nil)
            runner.stop()
            let read = await agentError { () async throws(AgentError) in try await stream.next() }
            #expect(read == nil || read?.code == .unreachable)
            let error = await agentError { () async throws(AgentError) in try await client.send(.initialize(.number(0)))
            }
            #expect(error?.code == .unreachable)
            #expect(error?.isTransient == true)
        }
    }

    @Test func cancellingTheReaderIsCancelled() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { client, _ in
            try await client.send(.initialize(.number(0)))
            let stream = try await client.events(after: nil)
            let task = Task { await agentError { () async throws(AgentError) in try await stream.next() } }
            task.cancel()
            #expect(await task.value?.code == .cancelled)
        }
    }

    @Test func closeEndsTheAgent() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner) { client, _ in
            try await client.send(.initialize(.number(0)))
            try await client.close()
            #expect(runner.state.withLock { $0.agent } == nil)
        }
    }

    @Test func agentNamesAreEncoded() async throws {
        let runner = try FakeRunner()
        try await withRunner(runner, agent: "my agent&x=ü") { client, _ in
            try await client.send(.initialize(.number(0)))
            #expect(runner.state.withLock { $0.agent } == "my agent&x=ü")
        }
    }
}
