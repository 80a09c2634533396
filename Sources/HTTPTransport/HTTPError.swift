/// Why there is no answer.
///
/// Texts name the host at most: never a path, a query, a header or a body.
package struct HTTPError: Error, Sendable, Hashable {
    /// What went wrong.
    package enum Code: String, Sendable, Hashable {
        /// The request cannot be sent as it is.
        case invalidRequest
        /// The host was not found or did not accept the connection.
        case connect
        case tls
        case timeout
        /// The answer exceeds a limit.
        case tooLarge
        /// The answer is not HTTP, or not the format that was asked for.
        case protocolViolation
        /// The connection broke before the answer was complete.
        case interrupted
        case cancelled
        /// The client was shut down.
        case shutdown
        case `internal`
    }

    /// Whether the server may have acted on the request.
    package enum Delivery: String, Sendable, Hashable {
        case notSent
        case unknown
    }

    package var code: Code
    package var delivery: Delivery
    /// Safe to show in a chat.
    package var message: String
    /// What to do next.
    package var hint: String

    package init(_ code: Code, _ message: String, hint: String = "", delivery: Delivery = .unknown) {
        self.code = code
        self.message = message
        self.hint = hint
        self.delivery = delivery
    }

    /// Whether the same request may succeed later.
    package var isRetryable: Bool {
        switch code {
        case .connect, .timeout, .interrupted: true
        case .invalidRequest, .tls, .tooLarge, .protocolViolation, .cancelled, .shutdown, .internal: false
        }
    }
}

extension HTTPError: CustomStringConvertible {
    package var description: String { message }
}

extension HTTPError {
    static func cancelled(_ request: HTTPRequest) -> HTTPError {
        HTTPError(.cancelled, "The request to \(request.hostForDisplay) was cancelled.")
    }

    static func shutdown(_ request: HTTPRequest) -> HTTPError {
        HTTPError(.shutdown, "The request to \(request.hostForDisplay) ended because the program stops.")
    }

    static func invalid(_ request: HTTPRequest, _ reason: String) -> HTTPError {
        HTTPError(
            .invalidRequest, "The request to \(request.hostForDisplay) cannot be sent: \(reason).", delivery: .notSent)
    }
}
