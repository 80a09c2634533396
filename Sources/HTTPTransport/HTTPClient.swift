/// Sends requests on one thread of its own, thousands at a time.
///
/// Continuations are all it needs of its callers, so that it works under any executor. Letting go of the client does not
/// stop it: call ``shutdown()``.
package final class HTTPClient: Sendable {
    package struct Configuration: Sendable {
        /// Sent as `User-Agent` unless a request has its own.
        package var userAgent: String?
        package var tls: HTTPTLS
        /// Bytes of a stream that may wait for its reader.
        package var streamBuffer: Int

        package init(userAgent: String? = nil, tls: HTTPTLS = HTTPTLS(), streamBuffer: Int = 64 * 1024) {
            self.userAgent = userAgent
            self.tls = tls
            self.streamBuffer = streamBuffer
        }
    }

    private let configuration: Configuration
    private let inbox: LoopInbox

    /// Fails only when the process is out of descriptors, memory or threads.
    package init(configuration: Configuration = Configuration()) throws(HTTPError) {
        self.configuration = configuration
        inbox = try CurlLoop.start(configuration)
    }

    /// Sends a request and collects the answer. Cancelling the calling task aborts it.
    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let exchange = WholeExchange(request)
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                if exchange.begin(waiter) { inbox.start(exchange) }
            }
        } onCancel: {
            exchange.finish(.cancelled(request))
            inbox.post(.abort(ObjectIdentifier(exchange)))
        }.get()
    }

    /// Sends a request and returns as soon as the headers are there. Cancelling the calling task aborts it.
    package func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let exchange = StreamExchange(request, bufferLimit: configuration.streamBuffer, inbox: inbox)
        let head = try await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                if exchange.begin(waiter) { inbox.start(exchange) }
            }
        } onCancel: {
            exchange.cancel()
        }.get()
        return HTTPStream(head: head, body: HTTPBody(exchange))
    }

    /// Ends every transfer with ``HTTPError/Code/shutdown`` and returns when the thread is gone. Later requests fail alike.
    package func shutdown() async {
        await inbox.close()
    }
}
