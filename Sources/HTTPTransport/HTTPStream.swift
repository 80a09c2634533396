/// An answer whose body arrives while it is read.
///
/// The body has one reader. Letting go of the stream and its body aborts the transfer.
package struct HTTPStream: Sendable {
    package let head: HTTPResponseHead
    package let body: HTTPBody

    package var status: Int { head.status }
    package var headers: [HTTPHeader] { head.headers }
    package var isSuccess: Bool { head.isSuccess }

    /// Reads the rest of the body, up to a limit in bytes; for error answers of an endpoint that streams.
    package func collect(upTo limit: Int) async throws(HTTPError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await body.next() {
            guard bytes.count + chunk.count <= limit else {
                body.cancel()
                throw HTTPError(.tooLarge, "The answer exceeds the limit for its body.")
            }
            bytes += chunk
        }
        return bytes
    }
}

/// The bytes of an ``HTTPStream``.
///
/// At most `Configuration.streamBuffer` bytes wait here; then the connection is not read until the reader catches up.
/// Cancelling the reading task aborts the transfer.
package struct HTTPBody: Sendable, AsyncSequence {
    /// Aborts the transfer when the last copy of the body is gone.
    private final class Owner: Sendable {
        let exchange: StreamExchange

        init(_ exchange: StreamExchange) {
            self.exchange = exchange
        }

        deinit {
            exchange.cancel()
        }
    }

    private let owner: Owner

    init(_ exchange: StreamExchange) {
        owner = Owner(exchange)
    }

    /// Everything received since the last call, waiting for at least one byte; `nil` at the end.
    package func next() async throws(HTTPError) -> [UInt8]? {
        try await owner.exchange.next()
    }

    /// Aborts the transfer; a waiting reader gets ``HTTPError/Code/cancelled``.
    package func cancel() {
        owner.exchange.cancel()
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let body: HTTPBody

        package mutating func next() async throws(HTTPError) -> [UInt8]? {
            try await body.next()
        }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPError) -> [UInt8]? {
            try await body.next()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
