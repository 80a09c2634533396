import HTTPTypes
import Hummingbird

/// `/v1/acp`: messages in, events out.
struct ACPRoutes: Sendable {
    /// Longest message a client may post, bytes.
    static let maximumMessage = 32 << 20

    let servers: AgentServers
    let stream: EventStream.Settings

    func list() async throws -> Response {
        struct Item: Encodable {
            var serverId: String
            var agent: String
            var createdAtMs: Int64
        }
        let items = await servers.all().map(\.identity).map {
            Item(serverId: $0.serverID, agent: $0.agent, createdAtMs: $0.createdAtMs)
        }
        return try .json(["servers": items])
    }

    func post(_ request: Request, server id: String) async throws -> Response {
        guard MediaTypes.isJSON(contentType: request.headers[.contentType]) else {
            throw RunnerError(.unsupportedMediaType, "A message is posted as application/json.")
        }
        guard MediaTypes.accepts(request.headers[.accept], "application/json") else {
            throw RunnerError(.notAcceptable, "The answer is application/json.")
        }
        let body = try await request.body.collect(upTo: Self.maximumMessage)
        guard let message = Message(Array(body.readableBytesView)) else {
            throw RunnerError(.invalid, "The body is not one JSON-RPC message.")
        }
        let server = try await servers.server(id, agent: request.query("agent"))
        let waits = !(request.headers[.prefer]?.lowercased().contains("respond-async") ?? false)
        switch try await server.post(message, waits: waits) {
        case .accepted: return Response(status: .accepted)
        case .answer(let bytes):
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
    }

    func stream(_ request: Request, server id: String) async throws -> Response {
        guard MediaTypes.accepts(request.headers[.accept], "text/event-stream") else {
            throw RunnerError(.notAcceptable, "The answer is text/event-stream.")
        }
        let server = try await existing(id)
        let cursor = try cursor(request)
        guard cursor <= server.log.lastEvent else {
            throw RunnerError(
                .conflict, "Event \(cursor) was never sent; the newest is \(server.log.lastEvent).",
                hint: "Compare the log id in /v1/health: the log was lost.")
        }
        guard server.log.listenerCount < stream.maximumReaders else {
            throw RunnerError(.busy, "There are already \(stream.maximumReaders) readers of “\(id)”.")
        }
        let events = EventStream(server: server, cursor: cursor, settings: stream)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: .init { writer in
                do { try await events.run(to: &writer) } catch is CancellationError {}
                try await writer.finish(nil)
            })
    }

    private func cursor(_ request: Request) throws -> UInt64 {
        guard let text = request.headers[.lastEventID], !text.isEmpty else { return 0 }
        guard let cursor = UInt64(text) else { throw RunnerError(.invalid, "Last-Event-ID is a number.") }
        return cursor
    }

    func close(_ id: String) async -> Response {
        await servers.close(id)
        return .done
    }

    func acknowledge(_ request: Request, server id: String) async throws -> Response {
        struct Body: Decodable {
            private enum CodingKeys: String, CodingKey { case event = "event_id" }
            var event: UInt64
        }
        let body = try await request.json(Body.self)
        try await existing(id).acknowledge(body.event)
        return .done
    }

    private func existing(_ id: String) async throws -> AgentServer {
        guard let server = await servers.server(id) else {
            throw RunnerError(.notFound, "There is no server “\(id)” yet.")
        }
        return server
    }
}

extension HTTPField.Name {
    private static func named(_ name: String) -> Self {
        // Only names that are no token are refused.
        Self(name) ?? .date
    }
    static let prefer = named("Prefer")
    static let lastEventID = named("Last-Event-ID")
    static let anycodeBase = named("x-anycode-base")
}
