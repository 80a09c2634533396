import AnycodeJSON
import Testing

@testable import AnycodeRunner

@Suite struct ServerPartsTests {
    @Test func answersAreReadHoweverTheyArrive() throws {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n"
        for size in [1, 2, 3, 7, 200] {
            var parser = ServerAnswerParser()
            var pieces: [ServerAnswerParser.Piece] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                pieces += try parser.receive(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            let body = pieces.flatMap { piece -> [UInt8] in if case .body(let bytes) = piece { bytes } else { [] } }
            #expect(pieces.first == .head(status: 200))
            #expect(String(decoding: body, as: UTF8.self) == "hello world")
            #expect(pieces.last == .end)
        }
    }

    @Test func anAnswerWithoutALengthEndsWithItsConnection() throws {
        var parser = ServerAnswerParser()
        _ = try parser.receive(Array("HTTP/1.1 200 OK\r\n\r\nabc".utf8))
        #expect(parser.mayEnd)
        var cut = ServerAnswerParser()
        _ = try cut.receive(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".utf8))
        #expect(!cut.mayEnd)
    }

    @Test func whatIsNoAnswerIsRefused() {
        var parser = ServerAnswerParser()
        #expect(throws: ServerAnswerParser.Failure.self) { try parser.receive(Array("SSH-2.0-x\r\n".utf8)) }
    }

    @Test func eventsAreReadHoweverTheyArrive() throws {
        let text = ": hi\n\nid: 7\nevent: message\ndata: {\"a\":1}\ndata: x\r\n\r\ndata:y\n\n"
        for size in [1, 3, 100] {
            var parser = ServerEventParser(limit: 100)
            var events: [ServerEvent] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                events += try parser.receive(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == ["{\"a\":1}\nx", "y"])
            #expect(events.first?.id == "7")
        }
    }

    @Test func anEventWithoutAnEndIsRefused() {
        var parser = ServerEventParser(limit: 10)
        #expect(throws: ServerEventParser.Failure.self) { try parser.receive(Array("data: 0123456789".utf8)) }
    }

    @Test func serversSayWhereTheyListen() throws {
        let found = try #require(ServerProcess.address("opencode server listening on http://127.0.0.1:4096"))
        #expect(found == ("127.0.0.1", 4096))
        let local = try #require(ServerProcess.address("x listening on http://0.0.0.0:80/"))
        #expect(local == ("127.0.0.1", 80))
        #expect(ServerProcess.address("listening on https://127.0.0.1:4096") == nil)
        #expect(ServerProcess.address("listening on http://127.0.0.1:99999") == nil)
    }

    @Test func anOccasionThatCameBeforeTheWaitIsNotMissed() async {
        let occasions = Occasions()
        let count = occasions.count
        occasions.raise()
        await occasions.wait(beyond: count)
        #expect(occasions.count == count + 1)
    }

    @Test func aBodyOfAnUnknownDialectIsRefused() async throws {
        try await RunnerHarness.run { runner in
            let answer = try await runner.client.send(
                "PUT", "/anycode/v1/agents/a/server", #"{"dialect":"carrier-pigeon","command":["x"],"agent":"a"}"#)
            #expect(answer.status == 400)
            #expect(answer.text.contains("opencode, sandbox-agent, acpx"))
        }
    }
}
