import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import Supervision
import Synchronization

/// Serves the control socket, mode 0600, as a child of the tree.
package final class ControlServer: Child {
    /// Connections at a time; further ones wait.
    private static let connectionLimit = 64

    private let place: SocketPlace
    private let group: ServiceGroup
    private let publication: Publication

    /// - Parameters:
    ///   - path: Where the socket stands; the directory is made for this user alone if it is not there.
    ///   - onServing: Called once the socket is in its place.
    package init(
        path: String, backend: any ControlBackend, logger: Logger, onServing: @escaping @Sendable () -> Void = {}
    ) {
        let place = SocketPlace(path: path)
        let publication = Publication()
        // The framework would tell of the name that is only bound to, and of its own shutdown as if it were an error.
        var logger = logger
        logger.logLevel = .critical
        let application = Application(
            router: ControlRoutes.router(backend),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: place.bindingPath),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit, logger: logger)),
            onServerRunning: { channel in
                publication.settle(Result { () throws(ServerError) in try place.publish() })
                if publication.identity == nil { channel.close(promise: nil) } else { onServing() }
            },
            logger: logger)
        self.place = place
        self.publication = publication
        group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [application], logger: logger))
    }

    /// Serves until it is stopped. Throws a `ServerError` when the socket cannot be had.
    package func run() async throws {
        try place.clear()
        defer { publication.identity.map(place.remove) }
        do {
            try await group.run()
        } catch {
            throw publication.error ?? error
        }
    }

    /// Takes no new connections, ends watches, lets answers in progress finish.
    package func stop() async throws {
        await group.triggerGracefulShutdown()
    }
}

/// What became of the socket's way to its place.
private final class Publication: Sendable {
    private let outcome = Mutex<Result<SocketPlace.Identity, ServerError>?>(nil)

    var identity: SocketPlace.Identity? { outcome.withLock { try? $0?.get() } }

    var error: ServerError? {
        outcome.withLock { outcome in
            if case .failure(let error) = outcome { error } else { nil }
        }
    }

    func settle(_ result: Result<SocketPlace.Identity, ServerError>) {
        outcome.withLock { $0 = result }
    }
}
