/// How to build, restart and stop one child.
public struct ChildSpec: Sendable {
    /// The child's name, unique among its siblings; one component of its ``NodePath``.
    public let id: String
    let blueprint: ChildBlueprint

    init(id: String, blueprint: ChildBlueprint) {
        self.id = id
        self.blueprint = blueprint
    }

    /// Describes a child built from its context.
    /// - Parameters:
    ///   - id: The child's name, unique among its siblings.
    ///   - restart: When it is started again.
    ///   - shutdown: How it is stopped.
    ///   - backoff: The delay before a restart; none restarts at once.
    ///   - significant: Whether its end can end the supervisor, see ``AutoShutdown``. Has no effect on a permanent child.
    ///   - kind: What snapshots call it.
    ///   - factory: Builds one incarnation. A thrown error is a failed start and counts as a restart.
    public init<C: Child>(
        id: String,
        restart: RestartType = .permanent,
        shutdown: ShutdownPolicy = .grace(.seconds(5)),
        backoff: Backoff? = nil,
        significant: Bool = false,
        kind: NodeKind = .worker,
        factory: @escaping @Sendable (ChildContext) async throws -> C
    ) {
        self.init(
            id: id,
            blueprint: ChildBlueprint(
                restart: restart, shutdown: shutdown, backoff: backoff, significant: significant, kind: kind,
                factory: { context in try await factory(context) }
            )
        )
    }

    /// Describes a child whose factory needs no context.
    public init<C: Child>(
        id: String,
        restart: RestartType = .permanent,
        shutdown: ShutdownPolicy = .grace(.seconds(5)),
        backoff: Backoff? = nil,
        significant: Bool = false,
        kind: NodeKind = .worker,
        factory: @escaping @Sendable () async throws -> C
    ) {
        self.init(
            id: id,
            blueprint: ChildBlueprint(
                restart: restart, shutdown: shutdown, backoff: backoff, significant: significant, kind: kind,
                factory: { _ in try await factory() }
            )
        )
    }

    /// Describes a child that is a closure.
    ///
    /// A closure that never observes its context's stop request is cancelled when it is to stop.
    public init(
        id: String,
        restart: RestartType = .permanent,
        shutdown: ShutdownPolicy = .grace(.seconds(5)),
        backoff: Backoff? = nil,
        significant: Bool = false,
        kind: NodeKind = .worker,
        run: @escaping @Sendable (ChildContext) async throws -> Void
    ) {
        self.init(
            id: id,
            blueprint: ChildBlueprint(
                restart: restart, shutdown: shutdown, backoff: backoff, significant: significant, kind: kind,
                factory: { context in ClosureChild(context: context, body: run) }
            )
        )
    }

    /// Describes a child that is itself a supervisor: permanent, and given all the time its own children need to stop.
    /// - Parameters:
    ///   - id: The child's name, unique among its siblings.
    ///   - restart: When it is started again.
    ///   - backoff: The delay before a restart.
    ///   - significant: Whether its end can end the supervisor above, see ``AutoShutdown``.
    ///   - factory: Builds the supervisor, best with its `init(under:)`, so that it shares clock, executor, events and
    ///     path with its parent.
    public static func supervisor<C: Child>(
        id: String,
        restart: RestartType = .permanent,
        backoff: Backoff? = nil,
        significant: Bool = false,
        factory: @escaping @Sendable (ChildContext) async throws -> C
    ) -> ChildSpec {
        ChildSpec(
            id: id, restart: restart, shutdown: .infinity, backoff: backoff, significant: significant,
            kind: .supervisor, factory: factory
        )
    }

    /// When the child is started again.
    public var restart: RestartType { blueprint.restart }

    /// How the child is stopped.
    public var shutdown: ShutdownPolicy { blueprint.shutdown }

    /// The delay before a restart.
    public var backoff: Backoff? { blueprint.backoff }

    /// Whether the child's end can end its supervisor.
    public var significant: Bool { blueprint.significant }

    /// What snapshots call the child.
    public var kind: NodeKind { blueprint.kind }
}

/// The part of a spec that all children of a dynamic supervisor share; a class, so that 100,000 of them cost one.
final class ChildBlueprint: Sendable {
    let restart: RestartType
    let shutdown: ShutdownPolicy
    let backoff: Backoff?
    let significant: Bool
    let kind: NodeKind
    let factory: @Sendable (ChildContext) async throws -> any Child

    init(
        restart: RestartType, shutdown: ShutdownPolicy, backoff: Backoff?, significant: Bool, kind: NodeKind,
        factory: @escaping @Sendable (ChildContext) async throws -> any Child
    ) {
        self.restart = restart
        self.shutdown = shutdown
        self.backoff = backoff
        self.significant = significant
        self.kind = kind
        self.factory = factory
    }
}
