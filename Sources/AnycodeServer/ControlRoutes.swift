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

    static func router(_ backend: any ControlBackend) -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.middlewares.add(RefusalMiddleware())
        let v1 = router.group("v1")
        v1.get("version") { _, _ in try json(try await backend.version()) }
        addTree(backend, to: v1)
        addSessions(backend, to: v1)
        addUpkeep(backend, to: v1)
        return router
    }

    private static func addTree(_ backend: any TreeBackend, to v1: RouterGroup<ControlContext>) {
        v1.get("tree") { request, _ in
            if isSet("watch", in: request) { return lines(backend.treeChanges().map { [$0] }) }
            return try json(try await backend.tree())
        }
        v1.get("events") { request, _ in lines(backend.events(follows: isSet("follow", in: request))) }
        v1.post("restart") { request, context in
            let order: RestartRequest = try await body(of: request, "{\"by\": \"who asks\", \"path\": \"a/node\"}")
            let asker = try await context.asker(order.by)
            return try json(try await backend.restart(path: order.path, by: asker), status: .accepted)
        }
    }

    private static func addSessions(_ backend: any SessionBackend, to v1: RouterGroup<ControlContext>) {
        v1.get("sessions") { request, _ in
            try json(try await backend.sessions(all: isSet("all", in: request)))
        }
        v1.get("sessions/:id") { _, context in
            try json(try await backend.session(idPrefix: try context.parameters.require("id")))
        }
        v1.get("sessions/:id/log") { request, context in
            let id = try context.parameters.require("id")
            return lines(try await backend.log(idPrefix: id, follows: isSet("follow", in: request)))
        }
        v1.post("sessions/:id/cancel") { request, context in
            let order: CancelRequest = try await body(of: request, "{\"by\": \"who asks\"}")
            let asker = try await context.asker(order.by)
            let id = try context.parameters.require("id")
            return try json(try await backend.cancel(idPrefix: id, by: asker), status: .accepted)
        }
    }

    private static func addUpkeep(_ backend: any UpkeepBackend, to v1: RouterGroup<ControlContext>) {
        v1.get("resources") { _, _ in try json(try await backend.resources()) }
        v1.get("doctor") { _, _ in try json(try await backend.findings()) }
        v1.post("resources/:id/destroy") { request, context in
            let order: OperatorRequest = try await body(of: request, "{\"by\": \"who asks\"}")
            let asker = try await context.asker(order.by)
            let id = try context.parameters.require("id")
            return try json(try await backend.destroy(leasePrefix: id, by: asker))
        }
        v1.post("drain") { request, context in
            let order: DrainRequest = try await body(of: request, "{\"by\": \"who asks\", \"seconds\": 60}")
            guard (0...3_600).contains(order.seconds) else {
                throw Refusal(.badRequest, "seconds must be from 0 to 3600.")
            }
            let asker = try await context.asker(order.by)
            return try json(try await backend.drain(within: .seconds(order.seconds), by: asker))
        }
        v1.post("undrain") { request, context in
            let order: OperatorRequest = try await body(of: request, "{\"by\": \"who asks\"}")
            return try json(try await backend.undrain(by: try await context.asker(order.by)))
        }
        v1.post("pair") { request, context in
            let order: PairRequest = try await body(of: request, "{\"by\": \"who asks\", \"platform\": \"telegram\"}")
            let asker = try await context.asker(order.by)
            return try json(try await backend.pair(platform: order.platform, by: asker))
        }
    }

    /// The request's body; `example` is told to who sends another.
    private static func body<Order: Decodable>(of request: Request, _ example: String) async throws -> Order {
        let body = try await request.body.collect(upTo: bodyLimit)
        guard let order = try? WireCoding.decode(Order.self, from: Data(body.readableBytesView)) else {
            throw Refusal(.badRequest, "The body must be \(example).")
        }
        return order
    }

    /// One line of JSON for each item, until they end, the reader leaves or the server stops; an empty line for an
    /// empty batch.
    private static func lines<Batches: AsyncSequence & Sendable, Item: Encodable & Sendable>(
        _ batches: Batches
    ) -> Response where Batches.Element == [Item] {
        let body = ResponseBody { writer in
            for try await batch in batches.cancelOnGracefulShutdown() {
                var text = ByteBuffer()
                for item in batch {
                    text.writeBytes(try WireCoding.encode(item))
                    text.writeInteger(UInt8(ascii: "\n"))
                }
                if batch.isEmpty { text.writeInteger(UInt8(ascii: "\n")) }
                try await writer.write(text)
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

/// What a request knows of its connection.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Who gives the order: the name in it, and the account behind the connection.
    func asker(_ name: String) async throws -> Asker {
        guard !name.isEmpty else { throw Refusal(.badRequest, "The order must say who gives it, in \"by\".") }
        return Asker(name: name, account: await PeerAccount.name(of: channel))
    }
}

/// Answers every error as a `Refusal`.
private struct RefusalMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: ControlContext,
        next: @concurrent (Request, ControlContext) async throws -> Response
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
