import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Request {
    /// Decodes the body, which may have `limit` bytes.
    func json<Value: Decodable>(_ type: Value.Type, limit: Int = 1 << 20) async throws -> Value {
        let body = try await body.collect(upTo: limit)
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch {
            throw RunnerError(.invalid, "The body is not the JSON that is expected here.")
        }
    }

    /// A parameter of the query, percent-decoded.
    func query(_ name: String) -> String? {
        uri.queryParameters[name[...]].map(String.init)
    }
}

extension Response {
    static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    static var done: Response { Response(status: .noContent) }
}
