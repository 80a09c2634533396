import CCurl

/// One request inside libcurl. Lives on the loop thread.
final class CurlTransfer {
    let exchange: any Exchange
    let easy: UnsafeMutableRawPointer
    /// Silence that ends the transfer, in milliseconds.
    let idleLimit: Int?
    private let awaited: AwaitedExchanges
    private var resources = CurlResources()
    private var parser: ResponseHeadParser
    /// Why a callback refused to go on.
    private var failure: HTTPError?
    private var lastActivity: Int
    private var uploaded: curl_off_t = 0
    private var isPaused = false

    init(
        _ exchange: any Exchange, _ configuration: HTTPClient.Configuration, awaited: AwaitedExchanges, now: Int
    ) throws(HTTPError) {
        guard let easy = curl_easy_init() else { throw HTTPError(.internal, "Out of memory.", delivery: .notSent) }
        let request = exchange.request
        self.exchange = exchange
        self.easy = easy
        self.awaited = awaited
        lastActivity = now
        idleLimit = request.timeouts.idle?.wholeMilliseconds
        parser = ResponseHeadParser(limit: request.limits.headerBytes, followsRedirects: request.redirects != .none)
        do throws(HTTPError) {
            try CurlOptions(easy: easy, request: request).apply(configuration, &resources)
            installCallbacks()
        } catch {
            close(nil)
            throw error
        }
    }

    /// The transfer that an easy handle belongs to.
    static func of(_ easy: UnsafeMutableRawPointer) -> CurlTransfer? {
        var pointer: UnsafeMutableRawPointer?
        ccurl_get_pointer(easy, CURLINFO_PRIVATE, &pointer)
        return pointer.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Frees everything. Not to be called from a callback.
    func close(_ multi: UnsafeMutableRawPointer?) {
        if let multi { curl_multi_remove_handle(multi, easy) }
        curl_easy_cleanup(easy)
        resources.free()
    }

    /// Lets bytes flow again after the reader has caught up.
    func resume(now: Int) {
        guard isPaused else { return }
        isPaused = false
        lastActivity = now
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// When the transfer counts as silent, in milliseconds of the monotonic clock.
    func idleDeadline(now: Int) -> Int? {
        guard let idleLimit else { return nil }
        var sent: curl_off_t = 0
        ccurl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T, &sent)
        if sent != uploaded || isPaused {
            uploaded = sent
            lastActivity = now
        }
        return lastActivity + idleLimit
    }

    /// What a finished transfer ended with.
    func error(for result: CURLcode) -> HTTPError? {
        if let failure { return failure }
        if result == CURLE_OK { return nil }
        var osError = 0
        var requestSize = 0
        ccurl_get_long(easy, CURLINFO_OS_ERRNO, &osError)
        ccurl_get_long(easy, CURLINFO_REQUEST_SIZE, &requestSize)
        return .curl(result, exchange.request, osError: osError, delivery: requestSize == 0 ? .notSent : .unknown)
    }

    private func installCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(easy, CURLOPT_PRIVATE, context)
        ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        ccurl_set_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        ccurl_set_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    private func receive(header line: UnsafeRawBufferPointer) -> Int {
        lastActivity = MonotonicClock.milliseconds()
        switch parser.receive(line: line) {
        case .more: break
        case .head(let head): exchange.receive(head: head)
        case .tooLarge: return refuse(.tooLarge(exchange.request, "headers"))
        case .malformed:
            return refuse(
                HTTPError(
                    .protocolViolation, "\(exchange.request.hostForDisplay) gave an answer that is not HTTP.",
                    hint: "Check the address and what listens there."))
        }
        return line.count
    }

    private func receive(body bytes: UnsafeRawBufferPointer) -> Int {
        lastActivity = MonotonicClock.milliseconds()
        switch exchange.receive(bytes: bytes) {
        case .taken: return bytes.count
        case .awaited:
            awaited.add(exchange)
            return bytes.count
        case .tooLarge: return refuse(.tooLarge(exchange.request, "body"))
        case .refused: return refuse(.cancelled(exchange.request))
        case .full:
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
    }

    /// A count other than what was offered makes libcurl end the transfer.
    private func refuse(_ error: HTTPError) -> Int {
        failure = error
        return 0
    }
}

/// What libcurl borrows for the time of a transfer.
struct CurlResources {
    var headers: UnsafeMutablePointer<curl_slist>?
    var url: OpaquePointer?
    var mime: OpaquePointer?

    mutating func free() {
        curl_slist_free_all(headers)
        if let url { curl_url_cleanup(url) }
        if let mime { curl_mime_free(mime) }
        self = CurlResources()
    }
}
