/// The server-sent events of a stream.
///
/// A lost connection is noticed by ``HTTPTimeouts/idle``: heartbeats are bytes too. An event that is cut off by the end of
/// the stream is dropped, as the standard wants it.
package struct ServerSentEvents: Sendable, AsyncSequence {
    package typealias Element = ServerSentItem

    private let body: HTTPBody
    private let limit: Int

    /// - Parameter limit: Bytes that one event may have.
    package init(_ stream: HTTPStream, limit: Int = 4 * 1024 * 1024) {
        body = stream.body
        self.limit = limit
    }

    /// A request made for such a stream: no limit on the body, a small buffer, the right `Accept` header.
    ///
    /// - Parameter idle: Silence, heartbeats included, after which the connection counts as lost.
    package static func request(
        _ url: String, unixSocketPath: String? = nil, headers: [HTTPHeader] = [], lastEventID: String? = nil,
        idle: Duration? = .seconds(45)
    ) -> HTTPRequest {
        var request = HTTPRequest(.get, url, unixSocketPath: unixSocketPath, headers: headers)
        request.headers.append(HTTPHeader("Accept", "text/event-stream"))
        request.headers.append(HTTPHeader("Cache-Control", "no-store"))
        if let lastEventID { request.headers.append(HTTPHeader("Last-Event-ID", lastEventID)) }
        request.timeouts.idle = idle
        request.limits.bodyBytes = nil
        request.limits.receiveBuffer = 4 * 1024
        return request
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        private let body: HTTPBody
        private var parser: ServerSentEventParser
        private var pending: ArraySlice<ServerSentItem> = []

        init(body: HTTPBody, limit: Int) {
            self.body = body
            parser = ServerSentEventParser(limit: limit)
        }

        /// All that has arrived since the last call, waiting for at least one item; `nil` at the end.
        package mutating func nextBatch() async throws(HTTPError) -> [ServerSentItem]? {
            if !pending.isEmpty {
                defer { pending = [] }
                return Array(pending)
            }
            while let bytes = try await body.next() {
                let items = try parser.receive(bytes)
                if !items.isEmpty { return items }
            }
            return nil
        }

        package mutating func next() async throws(HTTPError) -> ServerSentItem? {
            if let item = pending.popFirst() { return item }
            pending = (try await nextBatch() ?? [])[...]
            return pending.popFirst()
        }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPError) -> ServerSentItem? {
            try await next()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body, limit: limit) }
}
