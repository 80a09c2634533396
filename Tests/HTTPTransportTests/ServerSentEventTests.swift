import Foundation
import HTTPTestSupport
import Testing

@testable import HTTPTransport

struct ServerSentEventTests {
    private static let sample = """
        \u{FEFF}: hello\r\nid: 1\r\nevent: message\r\ndata: {"a":1}\r\n\r\ndata: zwei\ndata:  drei – ünï 🙂\n\n\
        retry: 1500\rid: 3\rdata\r\rdata:x\r\r\n\nevent: pending\nid\n\n:\n:heartbeat\nretry: 1x\nfoo: bar\ndata: end\n\nid: 9\ndata: cut
        """
    private static let expected: [ServerSentItem] = [
        .comment("hello"),
        .event(ServerSentEvent(id: "1", data: Array(#"{"a":1}"#.utf8))),
        .event(ServerSentEvent(data: Array("zwei\n drei – ünï 🙂".utf8))),
        .retry(.milliseconds(1500)),
        .event(ServerSentEvent(id: "3", data: [])),
        .event(ServerSentEvent(data: Array("x".utf8))),
        .comment(""), .comment("heartbeat"),
        .event(ServerSentEvent(data: Array("end".utf8))),
    ]

    private func parse(_ chunks: [[UInt8]], limit: Int = 1000) throws(HTTPError) -> [ServerSentItem] {
        var parser = ServerSentEventParser(limit: limit)
        var items: [ServerSentItem] = []
        for chunk in chunks { items += try parser.receive(chunk) }
        return items
    }

    @Test func parsesTheWhole() throws {
        #expect(try parse([Array(Self.sample.utf8)]) == Self.expected)
    }

    @Test func parsesByteByByte() throws {
        #expect(try parse(Self.sample.utf8.map { [$0] }) == Self.expected)
    }

    @Test func parsesAnySplit() throws {
        var random = SeededRandom(seed: 7)
        let bytes = Array(Self.sample.utf8)
        for _ in 0..<500 {
            let chunks = random.split(bytes, longest: 9)
            #expect(try parse(chunks) == Self.expected)
        }
    }

    @Test func keepsNameWithoutIDApart() throws {
        let items = try parse([Array("event: pending\ndata: {}\n\nevent: gap\ndata: 1\nid: 5\n\n".utf8)])
        #expect(
            items == [
                .event(ServerSentEvent(name: "pending", data: Array("{}".utf8))),
                .event(ServerSentEvent(id: "5", name: "gap", data: [0x31])),
            ])
    }

    @Test func ignoresIDWithNull() throws {
        let items = try parse([Array("id: a\0b\ndata: x\n\n".utf8)])
        #expect(items == [.event(ServerSentEvent(data: [0x78]))])
    }

    @Test func replacesInvalidUTF8InTextOnly() throws {
        let items = try parse([Array("data: ".utf8) + [0xFF, 0x0A, 0x0A]])
        guard case .event(let event) = items.first else {
            Issue.record("no event")
            return
        }
        #expect(event.data == [0xFF])
        #expect(event.text == "\u{FFFD}")
    }

    @Test(arguments: [
        "data: 0123456789\n\n", "data: 01234\ndata: 56789\n\n", "0123456789012345", ": 01234567890123456\n",
    ])
    func refusesLongEventsHoweverTheyAreCut(text: String) {
        for chunks in [text.utf8.map { [$0] }] {
            let error = #expect(throws: HTTPError.self) { try parse(chunks, limit: 10) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func allowsEventsOfExactlyTheLimit() throws {
        let items = try parse([Array("data:12345\n\n".utf8)], limit: 10)
        #expect(items == [.event(ServerSentEvent(data: Array("12345".utf8)))])
    }

    @Test func readsEventsFromAServer() async throws {
        try await withServer { connection in
            guard let request = connection.readRequest() else { return }
            connection.startChunks("text/event-stream")
            connection.chunk("id: 1\ndata: \(request.headers["last-event-id"] ?? "-")\n\n: heartbeat\n")
            connection.chunk("\nid: 2\nda")
            connection.chunk("ta: \(request.headers["accept"] ?? "-")\n\n")
            connection.chunk("")
        } _: { server, client in
            let request = ServerSentEvents.request(server.url, lastEventID: "17")
            var items: [ServerSentItem] = []
            for try await item in ServerSentEvents(try await client.stream(request)) { items.append(item) }
            #expect(
                items == [
                    .event(ServerSentEvent(id: "1", data: Array("17".utf8))), .comment("heartbeat"),
                    .event(ServerSentEvent(id: "2", data: Array("text/event-stream".utf8))),
                ])
        }
    }

    @Test func missingHeartbeatIsATimeout() async throws {
        try await withServer { connection in
            _ = connection.readRequest()
            connection.startChunks("text/event-stream")
            connection.chunk(": heartbeat\n\n")
            connection.waitForHangUp()
        } _: { server, client in
            let request = ServerSentEvents.request(server.url, idle: .milliseconds(30))
            // On a busy machine it may be late before the first byte already.
            let error = await httpError { () async throws(HTTPError) in
                var iterator = ServerSentEvents(try await client.stream(request)).makeAsyncIterator()
                while let item = try await iterator.next() { #expect(item == .comment("heartbeat")) }
            }
            #expect(error?.code == .timeout)
        }
    }
}
