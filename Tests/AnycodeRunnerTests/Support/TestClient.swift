import NIOCore
import NIOPosix

/// A small HTTP/1.1 client over a Unix socket, one connection a request.
struct TestClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    struct Failure: Error {
        var what: String
    }

    typealias Channel = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let socket: String
    let token: String?

    func send(
        _ method: String, _ path: String, _ body: String = "", headers: [String: String] = [:]
    ) async throws -> Answer {
        try await send(method, path, bytes: Array(body.utf8), headers: headers)
    }

    func send(_ method: String, _ path: String, bytes: [UInt8], headers: [String: String] = [:]) async throws -> Answer
    {
        try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(request(method, path, bytes, headers))
            var received: [UInt8] = []
            for try await buffer in inbound { received += Array(buffer.readableBytesView) }
            var reader = AnswerReader()
            reader.append(received)
            guard let head = reader.head else { throw Failure(what: "no answer") }
            return Answer(status: head.status, headers: head.headers, body: reader.takeBody())
        }
    }

    /// Opens an event stream and hands its events to `body` as they come.
    func events<Value>(
        _ server: String, after cursor: UInt64? = nil, _ body: (inout Events) async throws -> Value
    ) async throws -> Value {
        let headers = cursor.map { ["Last-Event-ID": String($0)] } ?? [:]
        return try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(request("GET", "/v1/acp/\(server)", [], headers))
            let (pieces, pump) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
            async let _: Void = {
                do {
                    for try await buffer in inbound { pump.yield(buffer) }
                    pump.finish()
                } catch {
                    pump.finish(throwing: error)
                }
            }()
            var events = Events(input: pieces.makeAsyncIterator())
            return try await body(&events)
        }
    }

    private func connect() async throws -> Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(unixDomainSocketPath: socket) {
            channel in
            channel.eventLoop.makeCompletedFuture { try Channel(wrappingChannelSynchronously: channel) }
        }
    }

    private func request(_ method: String, _ path: String, _ body: [UInt8], _ extra: [String: String]) -> ByteBuffer {
        var headers = [
            "Host": "localhost", "Connection": "close", "Content-Length": String(body.count),
            "Content-Type": "application/json",
        ]
        if let token { headers["Authorization"] = "Bearer \(token)" }
        headers.merge(extra) { $1 }
        var buffer = ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\n")
        for (name, value) in headers where !value.isEmpty { buffer.writeString("\(name): \(value)\r\n") }
        buffer.writeString("\r\n")
        buffer.writeBytes(body)
        return buffer
    }
}

/// Server-sent events of one connection.
struct Events {
    struct Event: Equatable, Sendable {
        var id: UInt64?
        var name = ""
        var data = ""
    }

    private var input: AsyncThrowingStream<ByteBuffer, any Error>.AsyncIterator
    private var reader = AnswerReader()
    private var text: [UInt8] = []

    init(input: AsyncThrowingStream<ByteBuffer, any Error>.AsyncIterator) {
        self.input = input
    }

    /// The next event that is no comment.
    mutating func next() async throws -> Event {
        while true {
            let block = try await nextBlock()
            if !block.hasPrefix(":") { return Self.parse(block) }
        }
    }

    /// The next block, comments included, without the blank line.
    mutating func nextBlock() async throws -> String {
        while true {
            if let end = text.firstRange(of: [0x0A, 0x0A]) {
                defer { text.removeSubrange(..<end.upperBound) }
                return String(decoding: text[..<end.lowerBound], as: UTF8.self)
            }
            guard let buffer = try await input.next(isolation: #isolation) else {
                throw TestClient.Failure(what: "the stream ended")
            }
            reader.append(Array(buffer.readableBytesView))
            if let status = reader.head?.status, status != 200 { throw TestClient.Failure(what: "status \(status)") }
            text += reader.takeBody()
        }
    }

    /// Events up to and with the first that `isLast` accepts.
    mutating func collect(until isLast: (Event) -> Bool) async throws -> [Event] {
        var found: [Event] = []
        while true {
            found.append(try await next())
            if isLast(found[found.count - 1]) { return found }
        }
    }

    private static func parse(_ block: String) -> Event {
        var event = Event()
        for line in block.split(separator: "\n") {
            if line.hasPrefix("id: ") { event.id = UInt64(line.dropFirst(4)) }
            if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
            if line.hasPrefix("data: ") { event.data += line.dropFirst(6) }
        }
        return event
    }
}

/// Takes an HTTP answer apart as it arrives.
struct AnswerReader {
    private(set) var head: (status: Int, headers: [String: String])?
    private var raw: [UInt8] = []
    private var body: [UInt8] = []

    mutating func append(_ bytes: [UInt8]) {
        raw += bytes
        if head == nil, let end = raw.firstRange(of: Array("\r\n\r\n".utf8)) {
            readHead(String(decoding: raw[..<end.lowerBound], as: UTF8.self))
            raw.removeSubrange(..<end.upperBound)
        }
        guard let head else { return }
        if head.headers["transfer-encoding"] == "chunked" {
            readChunks()
        } else {
            body += raw
            raw = []
        }
    }

    mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    private mutating func readHead(_ text: String) {
        let lines = text.split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2 { headers[pair[0].lowercased()] = String(pair[1].drop { $0 == " " }) }
        }
        head = (Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0, headers)
    }

    private mutating func readChunks() {
        while let line = raw.firstRange(of: [0x0D, 0x0A]),
            let size = Int(String(decoding: raw[..<line.lowerBound], as: UTF8.self), radix: 16),
            raw.count >= line.upperBound + size + 2
        {
            body += raw[line.upperBound..<(line.upperBound + size)]
            raw.removeSubrange(..<(line.upperBound + size + 2))
        }
    }
}
