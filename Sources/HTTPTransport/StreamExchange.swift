import Synchronization

/// A request whose answer is handed on while it arrives, at the reader's pace.
final class StreamExchange: Exchange {
    typealias HeadWaiter = CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>
    typealias BytesWaiter = UnsafeContinuation<Result<[UInt8]?, HTTPError>, Never>

    private struct State {
        var headWaiter: HeadWaiter?
        var hasHead = false
        var buffer: [UInt8] = []
        var reader: BytesWaiter?
        var isPaused = false
        var isAwaited = false
        var received = 0
        var end: Result<Void, HTTPError>?

        /// What is here, and whether the transfer stands still because of it.
        mutating func takeBuffer() -> (bytes: [UInt8], resumes: Bool) {
            defer { (buffer, isPaused) = ([], false) }
            return (buffer, isPaused)
        }
    }

    let request: HTTPRequest
    private let bufferLimit: Int
    private let inbox: LoopInbox
    private let state = Mutex(State())

    init(_ request: HTTPRequest, bufferLimit: Int, inbox: LoopInbox) {
        self.request = request
        self.bufferLimit = bufferLimit
        self.inbox = inbox
    }

    var isOver: Bool { state.withLock { $0.end != nil } }

    /// Registers the waiter for the head; `false` when the exchange was cancelled before it began.
    func begin(_ waiter: HeadWaiter) -> Bool {
        let error: HTTPError? = state.withLock {
            if case .failure(let error) = $0.end { return error }
            $0.headWaiter = waiter
            return nil
        }
        if let error { waiter.resume(returning: .failure(error)) }
        return error == nil
    }

    func receive(head: HTTPResponseHead) {
        let waiter = state.withLock { state in
            state.hasHead = true
            defer { state.headWaiter = nil }
            return state.headWaiter
        }
        waiter?.resume(returning: .success(head))
    }

    func receive(bytes: UnsafeRawBufferPointer) -> Reception {
        state.withLock { state in
            if state.end != nil { return .refused }
            if let limit = request.limits.bodyBytes, state.received + bytes.count > limit { return .tooLarge }
            if !state.buffer.isEmpty, state.buffer.count + bytes.count > bufferLimit {
                state.isPaused = true
                return .full
            }
            state.buffer.append(contentsOf: bytes)
            state.received += bytes.count
            if state.reader == nil || state.isAwaited { return .taken }
            state.isAwaited = true
            return .awaited
        }
    }

    func deliver() {
        let (reader, bytes, resumes): (BytesWaiter?, [UInt8], Bool) = state.withLock { state in
            state.isAwaited = false
            guard let reader = state.reader, !state.buffer.isEmpty else { return (nil, [], false) }
            state.reader = nil
            let (bytes, resumes) = state.takeBuffer()
            return (reader, bytes, resumes)
        }
        reader?.resume(returning: .success(bytes))
        if resumes { inbox.post(.resume(ObjectIdentifier(self))) }
    }

    /// Ends the exchange. Bytes that are already here are still read, unless the reader itself gave up.
    func finish(_ error: HTTPError?) {
        _ = end(error)
    }

    /// `false` when it was over already.
    private func end(_ error: HTTPError?) -> Bool {
        let (ended, headWaiter, reader, bytes): (Bool, HeadWaiter?, BytesWaiter?, [UInt8]) = state.withLock { state in
            guard state.end == nil else { return (false, nil, nil, []) }
            state.end = error.map { .failure($0) } ?? .success(())
            if error?.code == .cancelled { state.buffer = [] }
            defer { (state.headWaiter, state.reader) = (nil, nil) }
            let bytes = state.reader == nil ? [] : state.takeBuffer().bytes
            return (true, state.headWaiter, state.reader, bytes)
        }
        headWaiter?.resume(returning: .failure(error ?? .withoutHead(request)))
        if !bytes.isEmpty {
            reader?.resume(returning: .success(bytes))
        } else {
            reader?.resume(returning: error.map { .failure($0) } ?? .success(nil))
        }
        return ended
    }

    /// Everything received since the last call, waiting for at least one byte; `nil` at the end.
    func next() async throws(HTTPError) -> [UInt8]? {
        try await withTaskCancellationHandler {
            await withUnsafeContinuation { (waiter: BytesWaiter) in read(waiter) }
        } onCancel: {
            cancel()
        }.get()
    }

    /// Gives up: the transfer is aborted, a waiting reader gets ``HTTPError/Code/cancelled``.
    func cancel() {
        if end(.cancelled(request)) { inbox.post(.abort(ObjectIdentifier(self))) }
    }

    private func read(_ waiter: BytesWaiter) {
        let (result, resumes): (Result<[UInt8]?, HTTPError>?, Bool) = state.withLock { state in
            if !state.buffer.isEmpty {
                let (bytes, resumes) = state.takeBuffer()
                return (.success(bytes), resumes)
            }
            if let end = state.end { return (end.map { nil }, false) }
            if state.reader != nil {
                return (.failure(HTTPError(.internal, "Two readers wait for the same stream.")), false)
            }
            state.reader = waiter
            return (nil, false)
        }
        if let result { waiter.resume(returning: result) }
        if resumes { inbox.post(.resume(ObjectIdentifier(self))) }
    }
}
