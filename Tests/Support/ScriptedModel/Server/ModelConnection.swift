import NIOCore
import NIOHTTP1

/// Serves the requests of one connection, one after the other.
struct ModelConnection: Sendable {
    typealias Channel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

    private struct Cut: Error {}

    let routes: ModelRoutes
    let clock: any Clock<Duration>

    /// - Throws: when the connection broke, or was cut by a script.
    func serve(_ channel: Channel) async throws {
        try await channel.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            var body: [UInt8] = []
            var number = 0
            for try await part in inbound {
                switch part {
                case .head(let request):
                    head = request
                    body = []
                    number = routes.log.append { ModelRequest(number: $0, head: request) }
                    if request.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
                        try await outbound.write(.head(.init(version: .http1_1, status: .continue)))
                    }
                case .body(let bytes):
                    body += bytes.readableBytesView
                case .end:
                    guard let request = head else { continue }
                    try await answer(ModelRoutes.Call(number: number, head: request, body: body), request, outbound)
                    if !request.isKeepAlive { return }
                }
            }
        }
    }

    private func answer(_ call: ModelRoutes.Call, _ request: HTTPRequestHead, _ outbound: Writer) async throws {
        let answer = routes.answer(call)
        routes.log.update(call.number) { $0.status = answer.status }
        do {
            try await write(answer, to: request, outbound)
            routes.log.update(call.number) { $0.outcome = .answered }
        } catch {
            routes.log.update(call.number) { $0.outcome = error is Cut ? .cut : .abandoned }
            throw error
        }
    }

    private func write(_ answer: ModelAnswer, to request: HTTPRequestHead, _ outbound: Writer) async throws {
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status))
        for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
        if !request.isKeepAlive { head.headers.add(name: "connection", value: "close") }
        switch answer.body {
        case .document(let text):
            head.headers.add(name: "content-type", value: "application/json")
            head.headers.add(name: "content-length", value: "\(text.utf8.count)")
            try await outbound.write(.head(head))
            if request.method != .HEAD { try await outbound.write(.body(.byteBuffer(ByteBuffer(string: text)))) }
        case .stream(let frames, let pace, let cutAfterWords):
            head.headers.add(name: "content-type", value: "text/event-stream; charset=utf-8")
            head.headers.add(name: "cache-control", value: "no-cache")
            try await outbound.write(.head(head))
            try await write(frames, pace: pace, cutAfterWords: cutAfterWords, outbound)
        }
        try await outbound.write(.end(nil))
    }

    private func write(_ frames: [ModelFrame], pace: Duration, cutAfterWords: Int?, _ outbound: Writer) async throws {
        var words = 0
        for frame in frames {
            if frame.isWord {
                if words == cutAfterWords { throw Cut() }
                words += 1
            }
            try await outbound.write(.body(.byteBuffer(ByteBuffer(string: frame.wireText))))
            if frame.isWord, pace > .zero { try await clock.sleep(for: pace) }
        }
        if cutAfterWords != nil { throw Cut() }
    }
}

extension ModelRequest {
    fileprivate init(number: Int, head: HTTPRequestHead) {
        self.init(
            number: number, method: head.method.rawValue, path: head.path,
            headerNames: Set(head.headers.map { $0.name.lowercased() }).sorted())
    }
}

extension ModelRoutes.Call {
    fileprivate init(number: Int, head: HTTPRequestHead, body: [UInt8]) {
        let headers = head.headers.map { ($0.name.lowercased(), $0.value) }
        self.init(
            number: number, method: head.method.rawValue, path: head.path,
            headers: Dictionary(headers) { first, _ in first }, body: body)
    }
}

extension HTTPRequestHead {
    fileprivate var path: String {
        String(uri.prefix { $0 != "?" })
    }
}
