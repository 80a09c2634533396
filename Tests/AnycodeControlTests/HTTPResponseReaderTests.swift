import Testing

@testable import AnycodeControl

@Suite struct HTTPResponseReaderTests {
    private static let head = "HTTP/1.1 200 OK\r\n"
    private static let responses: [(String, String, isClosed: Bool)] = [
        (head + "Content-Length: 5\r\n\r\nhello", "hello", false),
        (head + "content-length:0\r\n\r\n", "", false),
        (
            head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            "abc0123456789", false
        ),
        (head + "Connection: close\r\n\r\nto the end", "to the end", true),
        ("HTTP/1.1 100 Continue\r\n\r\n" + head + "Content-Length: 2\r\n\r\nok", "ok", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", "", false),
    ]

    @Test(arguments: 0..<6, [1, 2, 7, 1_000]) func readsInAnyPieces(index: Int, size: Int) throws {
        let (response, expected, isClosed) = Self.responses[index]
        var reader = HTTPResponseReader()
        var body: [UInt8] = []
        var rest = Array(response.utf8)[...]
        while !rest.isEmpty {
            body += try reader.read(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        if isClosed { try reader.close() }
        #expect(String(decoding: body, as: UTF8.self) == expected)
        #expect(reader.isComplete)
        #expect(reader.status == (index == 5 ? 204 : 200))
    }

    @Test(arguments: [
        "SSH-2.0\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ])
    func refusesWhatIsNoResponse(text: String) {
        #expect(throws: HTTPResponseReader.Failure.self) {
            var reader = HTTPResponseReader()
            _ = try reader.read(text.utf8)
        }
    }

    @Test func refusesEndlessHeads() {
        #expect(throws: HTTPResponseReader.Failure.self) {
            var reader = HTTPResponseReader()
            _ = try reader.read(repeatElement(UInt8(ascii: "a"), count: 70_000))
        }
    }

    @Test func cutResponsesAreNotComplete() throws {
        var reader = HTTPResponseReader()
        _ = try reader.read((Self.head + "Content-Length: 5\r\n\r\nhel").utf8)
        #expect(throws: HTTPResponseReader.Failure.self) { try reader.close() }
    }
}
