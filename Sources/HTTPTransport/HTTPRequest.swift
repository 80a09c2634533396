/// An outgoing request with everything that bounds it.
///
/// Its text forms show the method and the host only: a URL, a header and a body may hold secrets.
package struct HTTPRequest: Sendable {
    package var method: HTTPMethod
    /// An absolute `http` or `https` URL, percent-encoded.
    package var url: String
    /// Connects to this socket instead of the URL's host; the host still goes into the `Host` header.
    ///
    /// Idle connections are looked up by host: with many sockets, give each a host name of its own.
    package var unixSocketPath: String?
    package var headers: [HTTPHeader]
    package var body: HTTPRequestBody
    package var timeouts: HTTPTimeouts
    package var limits: HTTPLimits
    package var redirects: HTTPRedirects
    /// Overrides the client's settings.
    package var tls: HTTPTLS?
    package var proxy: HTTPProxy
    /// Whether an idle connection may be used.
    ///
    /// When a reused connection turns out to be closed before any byte of an answer, the request is sent again on a new
    /// one. The server may then see it twice, which `false` rules out at the price of a new connection.
    package var reusesConnection: Bool

    package init(
        _ method: HTTPMethod = .get, _ url: String, unixSocketPath: String? = nil, headers: [HTTPHeader] = [],
        body: HTTPRequestBody = .none, timeouts: HTTPTimeouts = HTTPTimeouts(), limits: HTTPLimits = HTTPLimits(),
        redirects: HTTPRedirects = .none, tls: HTTPTLS? = nil, proxy: HTTPProxy = .environment,
        reusesConnection: Bool = true
    ) {
        self.method = method
        self.url = url
        self.unixSocketPath = unixSocketPath
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self.limits = limits
        self.redirects = redirects
        self.tls = tls
        self.proxy = proxy
        self.reusesConnection = reusesConnection
    }
}

/// What a request carries.
package enum HTTPRequestBody: Sendable {
    case none
    case bytes([UInt8])
    /// `multipart/form-data`; the content type is set by the client.
    case multipart([HTTPPart])
}

/// One part of a `multipart/form-data` body.
package struct HTTPPart: Sendable {
    /// Where the part's bytes come from.
    package enum Content: Sendable {
        case bytes([UInt8])
        /// Read while the request is sent, without being held in memory.
        case file(path: String)
    }

    package var name: String
    package var content: Content
    package var fileName: String?
    package var contentType: String?

    package init(name: String, content: Content, fileName: String? = nil, contentType: String? = nil) {
        self.name = name
        self.content = content
        self.fileName = fileName
        self.contentType = contentType
    }

    /// A plain form field.
    package init(name: String, text: String) {
        self.init(name: name, content: .bytes(Array(text.utf8)))
    }
}

/// When a request is given up. `nil` means never.
package struct HTTPTimeouts: Sendable, Hashable {
    /// Until the connection stands, name lookup and TLS included.
    package var connect: Duration
    /// Until the whole answer is there; leave it out for streams.
    package var total: Duration?
    /// Without a byte in either direction; it stands still while the reader is behind.
    package var idle: Duration?

    package init(connect: Duration = .seconds(10), total: Duration? = nil, idle: Duration? = nil) {
        self.connect = connect
        self.total = total
        self.idle = idle
    }
}

/// How much of an answer is accepted, in bytes. Beyond it the request fails with ``HTTPError/Code/tooLarge``.
package struct HTTPLimits: Sendable, Hashable {
    package var headerBytes: Int
    /// The whole body; `nil` for endless streams.
    package var bodyBytes: Int?
    /// Size of the receive buffer that every open transfer holds; small for many quiet streams.
    package var receiveBuffer: Int

    package init(headerBytes: Int = 64 * 1024, bodyBytes: Int? = 16 * 1024 * 1024, receiveBuffer: Int = 16 * 1024) {
        self.headerBytes = headerBytes
        self.bodyBytes = bodyBytes
        self.receiveBuffer = receiveBuffer
    }
}

/// Whether redirects are followed. `Authorization` does not follow to another host.
package enum HTTPRedirects: Sendable, Hashable {
    case none
    case follow(max: Int)
}

/// Where a proxy comes from.
package enum HTTPProxy: Sendable, Hashable {
    /// `HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY`.
    case environment
    case none
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(method) \(hostForDisplay)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["request": description]) }

    /// Host of the URL, or the socket's file name; never user, path or query.
    var hostForDisplay: String {
        if let unixSocketPath {
            return "socket \(unixSocketPath.split(separator: "/").last ?? "")"
        }
        guard let scheme = url.firstRange(of: "://") else { return "an invalid URL" }
        let authority = url[scheme.upperBound...].prefix { !"/?#\\".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return host.isEmpty ? "an invalid URL" : String(host)
    }
}
