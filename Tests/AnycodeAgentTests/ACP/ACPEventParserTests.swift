import AnycodeCore
import HTTPTestSupport
import Testing

@testable import AnycodeAgent

struct ACPEventParserTests {
    private static func text(_ text: String) -> String {
        #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"\#(text)"}}}}"#
    }

    private func parse(_ pieces: [[UInt8]], cursor: Int64? = nil) throws -> [AgentStreamItem] {
        var parser = ACPEventParser(cursor: cursor, limit: 10_000)
        return try pieces.flatMap { try parser.receive($0).items }
    }

    private static let stream = """
        : connected\n\nevent: pending\ndata: {"id":1,"method":"session/request_permission","params":{"options":[]}}\n\n\
        id: 1\nevent: message\ndata: \(text("ä🙂"))\n\n: heartbeat\n\nid: 2\nevent: message\ndata: \(text("b"))\n\n\
        event: gap\ndata: {"from":3,"to":7}\n\nid: 8\nevent: message\ndata: {"id":"p","result":{"stopReason":"end_turn"}}\n\n\
        id: 9\nevent: message\ndata: \(text("late"))\n\nid: 12\nevent: message\ndata: \(text("lost"))\n\n\
        id: 12\nevent: message\ndata: \(text("again"))\n\nevent: news\ndata: 1\n\n
        """
    private static let expected: [AgentStreamItem] = [
        .init(
            number: nil,
            events: [
                .permissionRequested(
                    PermissionRequest(request: .number(1), toolCall: ToolCallUpdate(id: ToolCallID("")), options: []))
            ]),
        .init(number: 1, events: [.text("ä🙂")]), .init(number: 2, events: [.text("b")]),
        .init(number: 7, events: [.gap(from: 3, to: 7)]),
        .init(number: 8, events: [.turnEnded(.string("p"), .endTurn)]),
        .init(number: 9, events: [.text("late")]),
        .init(number: 12, events: [.gap(from: 10, to: 11), .text("lost")]),
        .init(number: nil, events: [.unknown(type: "event:news")]),
    ]

    @Test func readsTheWhole() throws {
        #expect(try parse([Array(Self.stream.utf8)]) == Self.expected)
    }

    @Test func readsByteByByte() throws {
        #expect(try parse(Self.stream.utf8.map { [$0] }) == Self.expected)
    }

    @Test func readsAnySplit() throws {
        var random = SeededRandom(seed: 3)
        for _ in 0..<100 {
            #expect(try parse(random.split(Array(Self.stream.utf8), longest: 40)) == Self.expected)
        }
    }

    @Test func beginsBehindTheCursor() throws {
        let items = try parse([Array("id: 42\ndata: \(Self.text("x"))\n\n".utf8)], cursor: 41)
        #expect(items == [.init(number: 42, events: [.text("x")])])
        let later = try parse([Array("id: 44\ndata: \(Self.text("x"))\n\n".utf8)], cursor: 41)
        #expect(later == [.init(number: 44, events: [.gap(from: 42, to: 43), .text("x")])])
        let older = try parse([Array("id: 41\ndata: \(Self.text("x"))\n\n".utf8)], cursor: 41)
        #expect(older == [])
    }

    @Test func gapsReachOnlyBehindTheCursor() throws {
        let items = try parse(
            [Array("event: gap\ndata: {\"from\":1,\"to\":50}\n\nevent: gap\ndata: x\n\n".utf8)], cursor: 41)
        #expect(items == [.init(number: 50, events: [.gap(from: 42, to: 50)])])
    }

    @Test func longMessagesAreAnError() {
        let long = "data: " + String(repeating: "x", count: 20_000)
        let error = #expect(throws: AgentError.self) { try parse([Array(long.utf8)]) }
        #expect(error?.code == .tooLarge)
    }
}
