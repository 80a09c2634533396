import HTTPTypes
import Hummingbird

/// Errors as `application/problem+json`.
enum Problem {
    static func response(_ error: RunnerError) -> Response {
        response(status: error.code.status, type: error.code.rawValue, detail: error.description)
    }

    static func response(status: HTTPResponse.Status, type: String, detail: String) -> Response {
        let body = """
            {"type":"urn:anycode:runner:\(type)","title":\(jsonString(status.reasonPhrase)),\
            "status":\(status.code),"detail":\(jsonString(detail))}
            """
        return Response(
            status: status, headers: [.contentType: "application/problem+json"],
            body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}

extension RunnerError.Code {
    var status: HTTPResponse.Status {
        switch self {
        case .invalid, .unknownAgent: .badRequest
        case .unauthorized: .unauthorized
        case .notFound: .notFound
        case .conflict, .denied: .conflict
        case .gone: .gone
        case .notAcceptable: .notAcceptable
        case .unsupportedMediaType: .unsupportedMediaType
        case .tooLarge: .contentTooLarge
        case .agentMissing: .init(code: 424, reasonPhrase: "Failed Dependency")
        case .agentExited: .badGateway
        case .busy: .serviceUnavailable
        case .timeout: .gatewayTimeout
        case .storage: .init(code: 507, reasonPhrase: "Insufficient Storage")
        case .internalError: .internalServerError
        }
    }
}
