import HTTPTransport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A Docker Engine, spoken to in a version of its API that both sides know.
struct Engine: Sendable {
    let host: DockerHost
    let http: HTTPClient
    private let version = AgreedVersion()

    init(host: DockerHost, http: HTTPClient) {
        self.host = host
        self.http = http
    }

    /// Sends a call; an answer outside 200–299 is an error, but for those named.
    @discardableResult
    func send(_ call: EngineCall, alsoFine: Set<Int> = []) async throws(EngineError) -> HTTPResponse {
        let response = try await versioned(call) { request throws(HTTPError) in
            let response = try await http.send(request)
            return (response, response.status, response.body)
        }
        guard response.isSuccess || alsoFine.contains(response.status) else {
            throw .status(response.status, Self.message(response.body))
        }
        return response
    }

    /// Sends a call and decodes the answer.
    func get<Value: Decodable>(_ type: Value.Type, _ call: EngineCall) async throws(EngineError) -> Value {
        try Self.decode(type, try await send(call).body)
    }

    /// Sends a call whose answer is read while it arrives.
    func stream(_ call: EngineCall) async throws(EngineError) -> HTTPStream {
        try await versioned(call) { request throws(HTTPError) in
            let stream = try await http.stream(request)
            guard !stream.isSuccess, stream.status != 101 else { return (stream, stream.status, []) }
            return (stream, stream.status, try await stream.collect(upTo: 64 * 1024))
        } checking: { stream, body throws(EngineError) in
            guard stream.isSuccess || stream.status == 101 else {
                throw .status(stream.status, Self.message(body))
            }
        }
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(EngineError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw .malformed("\(type) is not as documented")
        }
    }

    static func encode(_ value: some Encodable) throws(EngineError) -> [UInt8] {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Array(try encoder.encode(value))
        } catch {
            throw .malformed("a request cannot be written")
        }
    }

    /// The `message` of an error's body.
    static func message(_ body: [UInt8]) -> String {
        struct Problem: Decodable { let message: String }
        if let problem = try? JSONDecoder().decode(Problem.self, from: Data(body)) { return problem.message }
        return EngineError.line(String(decoding: body.prefix(400), as: UTF8.self))
    }

    private func versioned<Answer>(
        _ call: EngineCall, _ exchange: (HTTPRequest) async throws(HTTPError) -> (Answer, Int, [UInt8]),
        checking check: (Answer, [UInt8]) throws(EngineError) -> Void = { _, _ in }
    ) async throws(EngineError) -> Answer {
        var isSecondTry = false
        while true {
            let agreed = version.current
            var prefix = agreed
            if prefix == nil { prefix = try await negotiate() }
            let path = prefix.map { "/v\($0)" } ?? ""
            let (answer, status, body) = try await attempt(exchange, request(call, path))
            // An Engine that was replaced by another meanwhile speaks of the client's version.
            if status == 400, agreed != nil, !isSecondTry, Self.message(body).contains("client version") {
                version.forget()
                isSecondTry = true
                continue
            }
            try check(answer, body)
            return answer
        }
    }

    private func negotiate() async throws(EngineError) -> EngineVersion {
        let response = try await attempt(
            { request throws(HTTPError) in try await http.send(request) },
            request(EngineCall(.get, "/version"), ""))
        guard response.isSuccess else { throw .status(response.status, Self.message(response.body)) }
        let common = try EngineVersion.common(with: Self.decode(EngineVersion.Offer.self, response.body))
        version.agree(on: common)
        return common
    }

    private func attempt<Answer>(
        _ exchange: (HTTPRequest) async throws(HTTPError) -> Answer, _ request: HTTPRequest
    ) async throws(EngineError) -> Answer {
        do throws(HTTPError) {
            return try await exchange(request)
        } catch {
            if error.isRetryable { version.forget() }
            throw .transport(error)
        }
    }

    private func request(_ call: EngineCall, _ prefix: String) -> HTTPRequest {
        var request = HTTPRequest(
            call.method, host.baseURL + prefix + call.target, unixSocketPath: host.socketPath, body: call.body,
            timeouts: HTTPTimeouts(connect: .seconds(5), total: call.timeout), tls: host.tls)
        if !request.body.isAbsent { request.headers.append(HTTPHeader("Content-Type", call.contentType)) }
        if call.timeout == nil { request.limits.bodyBytes = nil }
        return request
    }
}

extension HTTPRequestBody {
    fileprivate var isAbsent: Bool {
        if case .none = self { true } else { false }
    }
}
