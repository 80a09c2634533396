import AnycodeJSON
import NIOCore

/// Requests to one server on this sandbox's loopback; a connection for each.
struct ServerClient: Sendable {
    private typealias Channel = LoopbackChannel.Stream

    /// The stream opened, or the server refused it.
    enum StreamStart: Sendable {
        case opened
        case refused(ServerAnswer)
    }

    let host: String
    let port: Int
    /// Sent with every request.
    let headers: [String: String]
    let group: any EventLoopGroup
    let clock: any Clock<Duration>

    /// Longest answer, bytes.
    private static let bodyLimit = 64 << 20

    /// Never throws: that there is no answer is one, too.
    func send(_ request: ServerRequest) async -> ServerAnswer {
        do {
            return try await within(request.timeout) { try await exchange(request) }
        } catch is Overdue {
            return ServerAnswer(status: 0, problem: "The server did not answer within \(request.timeout).")
        } catch {
            return ServerAnswer(status: 0, problem: "The server cannot be reached.")
        }
    }

    /// Whether something listens there.
    func answers() async -> Bool {
        guard let channel = try? await connect() else { return false }
        try? await channel.executeThenClose { _, _ in }
        return true
    }

    private func exchange(_ request: ServerRequest) async throws -> ServerAnswer {
        try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(written(request, accept: "application/json"))
            var parser = ServerAnswerParser()
            var answer = ServerAnswer(status: 0)
            for try await buffer in inbound {
                for piece in try parser.receive(buffer.readableBytesView) {
                    switch piece {
                    case .head(let status): answer.status = status
                    case .body(let bytes): answer.body += bytes
                    case .end: return answer
                    }
                }
                guard answer.body.count <= Self.bodyLimit else { throw Overlong() }
            }
            return parser.mayEnd ? answer : ServerAnswer(status: 0, problem: "The server broke off its answer.")
        }
    }

    /// Carries a stream's bytes until it ends, or was silent for longer than `silence`.
    func stream(
        _ request: ServerRequest, silence: Duration, started: @Sendable (StreamStart) async -> Void,
        receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        try await connect(silence: silence).executeThenClose { inbound, outbound in
            try await outbound.write(written(request, accept: "text/event-stream"))
            var parser = ServerAnswerParser()
            var refusal: ServerAnswer?
            for try await buffer in inbound {
                for piece in try parser.receive(buffer.readableBytesView) {
                    switch piece {
                    case .head(status: 200): await started(.opened)
                    case .head(let status): refusal = ServerAnswer(status: status)
                    case .body(let bytes) where refusal == nil: try await receive(bytes)
                    case .body(let bytes): refusal?.body += bytes.prefix(64 << 10)
                    case .end:
                        if let refusal { await started(.refused(refusal)) }
                        return
                    }
                }
            }
        }
    }

    private func connect(silence: Duration? = nil) async throws -> Channel {
        let limit = silence.map { TimeAmount($0) }
        return try await LoopbackChannel.connect(host, port, on: group) { channel in
            guard let limit else { return }
            let handlers: [any ChannelHandler] = [IdleStateHandler(readTimeout: limit), SilenceEnds()]
            try channel.pipeline.syncOperations.addHandlers(handlers)
        }
    }

    private func written(_ request: ServerRequest, accept: String) -> ByteBuffer {
        let body = request.body?.bytes ?? []
        var fields = ["Host": "\(host):\(port)", "Connection": "close", "Accept": accept]
        fields.merge(headers) { $1 }
        fields.merge(request.headers) { $1 }
        if request.body != nil { fields["Content-Type"] = "application/json" }
        if request.method != "GET" { fields["Content-Length"] = String(body.count) }
        var buffer = ByteBuffer(string: "\(request.method) \(request.path) HTTP/1.1\r\n")
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { buffer.writeString("\(name): \(value)\r\n") }
        buffer.writeString("\r\n")
        buffer.writeBytes(body)
        return buffer
    }

    // MARK: Limits

    private struct Overdue: Error {}
    private struct Overlong: Error {}

    private func within<Value: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { tasks in
            tasks.addTask { try await body() }
            tasks.addTask { [clock] in
                try await clock.sleep(for: limit)
                throw Overdue()
            }
            defer { tasks.cancelAll() }
            guard let value = try await tasks.next() else { throw Overdue() }
            return value
        }
    }
}

/// Closes a connection on which nothing came for too long.
private final class SilenceEnds: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }
}
