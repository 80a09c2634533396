import CCurl

/// Translates a request into libcurl's options.
struct CurlOptions {
    let easy: UnsafeMutableRawPointer
    let request: HTTPRequest

    func apply(_ configuration: HTTPClient.Configuration, _ resources: inout CurlResources) throws(HTTPError) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_BUFFERSIZE, max(1024, request.limits.receiveBuffer))
        set(CURLOPT_FORBID_REUSE, 0)
        set(CURLOPT_FRESH_CONNECT, request.reusesConnection ? 0 : 1)
        try applyAddress(&resources)
        try applyHeaders(configuration, &resources)
        try applyBody(&resources)
        applyBounds()
        try applyTLS(request.tls ?? configuration.tls)
    }

    private func applyAddress(_ resources: inout CurlResources) throws(HTTPError) {
        let scheme = request.url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https" else { throw .invalid(request, "the URL is not http or https") }
        guard let url = curl_url() else { throw HTTPError(.internal, "Out of memory.", delivery: .notSent) }
        resources.url = url
        if curl_url_set(url, CURLUPART_URL, request.url, 0) != CURLUE_OK {
            throw .invalid(request, "the URL is malformed")
        }
        ccurl_set_url(easy, url)
        if let path = request.unixSocketPath {
            // A longer path does not fit into a socket address (sun_path).
            guard (1...107).contains(path.utf8.count) else {
                throw .invalid(request, "the socket's path is empty or longer than 107 bytes")
            }
            set(CURLOPT_UNIX_SOCKET_PATH, path)
        }
        if request.unixSocketPath != nil || request.proxy == .none { set(CURLOPT_PROXY, "") }
        if case .follow(let max) = request.redirects {
            set(CURLOPT_FOLLOWLOCATION, 1)
            set(CURLOPT_MAXREDIRS, max)
        }
    }

    private func applyHeaders(
        _ configuration: HTTPClient.Configuration, _ resources: inout CurlResources
    ) throws(HTTPError) {
        // libcurl would wait for "100 Continue" before larger bodies, and names a form type for plain bytes.
        append("Expect:", to: &resources)
        if request.headers.first("content-type") == nil, case .bytes = request.body {
            append("Content-Type:", to: &resources)
        }
        if let userAgent = configuration.userAgent { set(CURLOPT_USERAGENT, userAgent) }
        for header in request.headers {
            guard header.name.isHTTPToken, header.value.isHTTPFieldValue else {
                throw .invalid(request, "a header has characters that are not allowed")
            }
            append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)", to: &resources)
        }
        ccurl_set_list(easy, CURLOPT_HTTPHEADER, resources.headers)
    }

    private func append(_ line: String, to resources: inout CurlResources) {
        if let list = curl_slist_append(resources.headers, line) { resources.headers = list }
    }

    private func applyBody(_ resources: inout CurlResources) throws(HTTPError) {
        let method = request.method
        guard method.rawValue.isHTTPToken else { throw .invalid(request, "the method is not allowed") }
        switch request.body {
        case .none:
            switch method {
            case .get: set(CURLOPT_HTTPGET, 1)
            case .head: set(CURLOPT_NOBODY, 1)
            case .post, .put, .patch: setPostFields([])
            default: break
            }
        case .bytes(let bytes):
            setPostFields(bytes)
        case .multipart(let parts):
            let mime = try CurlMultipart(request: request).form(easy, parts)
            resources.mime = mime
            ccurl_set_mime(easy, mime)
        }
        if ![.get, .head, .post].contains(method) || (method == .get && !request.body.isNone) {
            set(CURLOPT_CUSTOMREQUEST, method.rawValue)
        }
    }

    private func setPostFields(_ bytes: [UInt8]) {
        set(CURLOPT_POST, 1)
        ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
        bytes.withUnsafeBytes { buffer in
            // An empty array has no address, which would make libcurl read from its input callback.
            if let base = buffer.baseAddress, !bytes.isEmpty {
                ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: base))
            } else {
                set(CURLOPT_COPYPOSTFIELDS, "")
            }
        }
    }

    private func applyBounds() {
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, request.timeouts.connect.wholeMilliseconds))
        if let total = request.timeouts.total { set(CURLOPT_TIMEOUT_MS, max(1, total.wholeMilliseconds)) }
        if let limit = request.limits.bodyBytes, limit > 0 {
            ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(limit))
        }
    }

    private func applyTLS(_ tls: HTTPTLS) throws(HTTPError) {
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        switch tls.trust {
        case .system: break
        case .authorities(let file): set(CURLOPT_CAINFO, file)
        case .publicKey(let key):
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
            guard !key.isEmpty, ccurl_set_string(easy, CURLOPT_PINNEDPUBLICKEY, key) == CURLE_OK else {
                throw HTTPError(.tls, "The pinned key cannot be used.", delivery: .notSent)
            }
        }
        if let client = tls.clientCertificate {
            set(CURLOPT_SSLCERT, client.certificateFile)
            set(CURLOPT_SSLKEY, client.keyFile)
        }
    }

    private func set(_ option: CURLoption, _ value: Int) {
        ccurl_set_long(easy, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        ccurl_set_string(easy, option, value)
    }
}

/// Builds `multipart/form-data`.
struct CurlMultipart {
    let request: HTTPRequest

    func form(_ easy: UnsafeMutableRawPointer, _ parts: [HTTPPart]) throws(HTTPError) -> OpaquePointer {
        guard let mime = curl_mime_init(easy) else {
            throw HTTPError(.internal, "Out of memory.", delivery: .notSent)
        }
        for part in parts {
            if add(part, to: mime) { continue }
            curl_mime_free(mime)
            throw .invalid(request, "the part \"\(part.name)\" cannot be read")
        }
        return mime
    }

    private func add(_ part: HTTPPart, to mime: OpaquePointer) -> Bool {
        guard let target = curl_mime_addpart(mime), curl_mime_name(target, part.name) == CURLE_OK else { return false }
        let result =
            switch part.content {
            case .file(let path): curl_mime_filedata(target, path)
            case .bytes(let bytes):
                bytes.isEmpty
                    ? curl_mime_data(target, "", 0)
                    : bytes.withUnsafeBytes {
                        curl_mime_data(target, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
                    }
            }
        guard result == CURLE_OK else { return false }
        if let name = part.fileName, curl_mime_filename(target, name) != CURLE_OK { return false }
        guard let type = part.contentType else { return true }
        return type.isHTTPFieldValue && curl_mime_type(target, type) == CURLE_OK
    }
}

extension HTTPRequestBody {
    var isNone: Bool {
        if case .none = self { true } else { false }
    }
}

extension String {
    /// A `token` of RFC 9110.
    var isHTTPToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// Free of what would end a header line.
    var isHTTPFieldValue: Bool {
        utf8.allSatisfy { $0 != 0x0D && $0 != 0x0A && $0 != 0 }
    }
}
