import Synchronization

/// A request whose answer is collected and given out once.
final class WholeExchange: Exchange {
    typealias Waiter = CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>

    private enum State {
        case idle
        case running(Waiter, HTTPResponseHead?, [UInt8])
        case over(HTTPError)
    }

    let request: HTTPRequest
    private let state = Mutex(State.idle)

    init(_ request: HTTPRequest) {
        self.request = request
    }

    var isOver: Bool {
        state.withLock {
            if case .over = $0 { true } else { false }
        }
    }

    /// Registers the waiter; `false` when the exchange was cancelled before it began.
    func begin(_ waiter: Waiter) -> Bool {
        let error: HTTPError? = state.withLock {
            if case .over(let error) = $0 { return error }
            $0 = .running(waiter, nil, [])
            return nil
        }
        if let error { waiter.resume(returning: .failure(error)) }
        return error == nil
    }

    func receive(head: HTTPResponseHead) {
        state.withLock {
            if case .running(let waiter, _, let body) = $0 { $0 = .running(waiter, head, body) }
        }
    }

    func receive(bytes: UnsafeRawBufferPointer) -> Reception {
        state.withLock { state in
            guard case .running(let waiter, let head, var body) = state else { return .refused }
            state = .idle  // leaves the buffer with one owner, so that appending does not copy it
            defer { state = .running(waiter, head, body) }
            if let limit = request.limits.bodyBytes, body.count + bytes.count > limit { return .tooLarge }
            body.append(contentsOf: bytes)
            return .taken
        }
    }

    func deliver() {}

    func finish(_ error: HTTPError?) {
        let resolved: (Waiter, Result<HTTPResponse, HTTPError>)? = state.withLock { state in
            switch state {
            case .over: return nil
            case .idle:
                state = .over(error ?? .cancelled(request))
                return nil
            case .running(let waiter, let head, let body):
                state = .over(error ?? .cancelled(request))
                if let error { return (waiter, .failure(error)) }
                guard let head else { return (waiter, .failure(.withoutHead(request))) }
                return (waiter, .success(HTTPResponse(head: head, body: body)))
            }
        }
        if let (waiter, result) = resolved { waiter.resume(returning: result) }
    }
}

extension HTTPError {
    static func withoutHead(_ request: HTTPRequest) -> HTTPError {
        HTTPError(.protocolViolation, "\(request.hostForDisplay) gave an answer without a status line.")
    }
}
