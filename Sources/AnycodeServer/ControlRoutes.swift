import AnycodeControl
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The control socket's routes: each decodes, asks the backend, encodes.
enum ControlRoutes {
    private static let bodyLimit = 65_536

    static func router(_ backend: any ControlBackend) -> Router<BasicRequestContext> {
        let router = Router()
        router.middlewares.add(RefusalMiddleware())
        let v1 = router.group("v1")
        v1.get("version") { _, _ in try json(try await backend.version()) }
        v1.get("tree") { request, _ in
            if isSet("watch", in: request) { return watch(backend) }
            return try json(try await backend.tree())
        }
        v1.get("sessions") { request, _ in
            try json(try await backend.sessions(all: isSet("all", in: request)))
        }
        v1.get("sessions/:id") { _, context in
            try json(try await backend.session(idPrefix: try context.parameters.require("id")))
        }
        v1.post("sessions/:id/cancel") { request, context in
            let body = try await request.body.collect(upTo: bodyLimit)
            guard let order = try? WireCoding.decode(CancelRequest.self, from: Data(body.readableBytesView)),
                !order.by.isEmpty
            else { throw Refusal(.badRequest, "The body must be {\"by\": \"who asks\"}.") }
            let id = try context.parameters.require("id")
            return try json(try await backend.cancel(idPrefix: id, by: order.by), status: .accepted)
        }
        return router
    }

    /// One line of JSON for each change, until the reader leaves or the server stops.
    private static func watch(_ backend: any ControlBackend) -> Response {
        let body = ResponseBody { writer in
            let lines = backend.treeChanges().cancelOnGracefulShutdown()
            for await tree in lines {
                var line = ByteBuffer(bytes: try WireCoding.encode(tree))
                line.writeInteger(UInt8(ascii: "\n"))
                try await writer.write(line)
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try WireCoding.encode(value))))
    }

    private static func isSet(_ name: String, in request: Request) -> Bool {
        request.uri.queryParameters[Substring(name)].map { $0 != "0" && $0 != "false" } ?? false
    }
}

/// Answers every error as a `Refusal`.
private struct RefusalMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let refusal as Refusal {
            return try ControlRoutes.json(refusal, status: .init(code: refusal.status))
        } catch let error as HTTPError {
            let code: Refusal.Code = error.status == .notFound ? .notFound : .badRequest
            let refusal = Refusal(code, error.body ?? "No such thing: \(request.method) \(request.uri.path).")
            return try ControlRoutes.json(refusal, status: error.status)
        } catch {
            context.logger.error(
                "control request failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            let refusal = Refusal(.failed, "The daemon could not do it.", hint: "its log says why")
            return try ControlRoutes.json(refusal, status: .internalServerError)
        }
    }
}
