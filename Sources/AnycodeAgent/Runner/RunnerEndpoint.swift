import AnycodeCore
import AnycodeJSON
import HTTPTransport

/// Makes requests to one runner and reads its refusals.
struct RunnerEndpoint: Sendable {
    private let http: HTTPClient
    private let base: String
    private let socketPath: String?
    private let token: Secret

    init(_ endpoint: SandboxEndpoint, http: HTTPClient) {
        self.http = http
        token = endpoint.token
        switch endpoint.address {
        case .unixSocket(let path):
            socketPath = path
            // Idle connections are looked up by host: each socket has its own.
            base = "http://\(Self.hostName(of: path))"
        case .url(let url):
            socketPath = nil
            base = url.hasSuffix("/") ? String(url.dropLast()) : url
        }
    }

    /// A request with the token. A runner is reached directly, never through a proxy.
    func request(
        _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], headers: [HTTPHeader] = [],
        body: HTTPRequestBody = .none, total: Duration? = .seconds(30)
    ) -> HTTPRequest {
        let pairs = query.map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")
        return HTTPRequest(
            method, base + path + (pairs.isEmpty ? "" : "?" + pairs), unixSocketPath: socketPath,
            headers: [HTTPHeader("Authorization", "Bearer \(token.reveal())")] + headers, body: body,
            timeouts: HTTPTimeouts(total: total), proxy: .none)
    }

    /// A request that carries JSON.
    func request(
        _ method: HTTPMethod, _ path: String, query: [(String, String)] = [], headers: [HTTPHeader] = [],
        json: JSON, total: Duration? = .seconds(30)
    ) -> HTTPRequest {
        request(
            method, path, query: query, headers: [HTTPHeader("Content-Type", "application/json")] + headers,
            body: .bytes(json.bytes), total: total)
    }

    /// Sends a request; statuses outside 200–299 are errors.
    @discardableResult
    func send(_ request: HTTPRequest) async throws(AgentError) -> HTTPResponse {
        let response = try await answer(request)
        guard response.isSuccess else {
            if Self.isMissing(response.status), request.url.contains(Self.ownRoutes) { throw RunnerProblem.unsupported }
            throw RunnerProblem.error(status: response.status, body: response.body)
        }
        return response
    }

    /// The beginning of the paths that only our runner has. On these, 404 says that this version has no such route.
    private static let ownRoutes = "/anycode/v1/"

    private static func isMissing(_ status: Int) -> Bool { status == 404 || status == 405 || status == 501 }

    /// Sends a request; any status is an answer.
    func answer(_ request: HTTPRequest) async throws(AgentError) -> HTTPResponse {
        try await RunnerProblem.translated { () throws(HTTPError) in try await http.send(request) }
    }

    /// Opens a stream; any status is an answer.
    func stream(_ request: HTTPRequest) async throws(AgentError) -> HTTPStream {
        try await RunnerProblem.translated { () throws(HTTPError) in try await http.stream(request) }
    }

    /// Throws the error that a stream with such a status carries.
    func check(_ stream: HTTPStream, isOwnRoute: Bool = false) async throws(AgentError) {
        guard !stream.isSuccess else { return }
        if isOwnRoute, Self.isMissing(stream.status) { throw RunnerProblem.unsupported }
        let body = try await RunnerProblem.translated { () throws(HTTPError) in
            try await stream.collect(upTo: 64 * 1024)
        }
        throw RunnerProblem.error(status: stream.status, body: body)
    }

    /// A host name made from the path (FNV-1a); nothing looks it up.
    private static func hostName(of path: String) -> String {
        let hash = path.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return "runner-\(String(hash, radix: 16)).internal"
    }

    /// Percent-encodes a query value or path segment.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { out, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                out.append("%")
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
    }
}
