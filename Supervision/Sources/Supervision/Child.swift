/// Something a supervisor runs, watches and restarts.
///
/// A child is built by its ``ChildSpec``'s factory, once per incarnation. It may be a value, a class, an actor or
/// another supervisor.
public protocol Child: Sendable {
    /// Does the child's work and returns when it is done.
    ///
    /// Returning is the exit reason ``ExitReason/normal``; a thrown error is a crash. See ``ExitReason``.
    func run() async throws

    /// Asks the child to end soon, by returning from ``run()``.
    ///
    /// Called at most once, while ``run()`` is going on. Whatever it throws means "I cannot end by myself": the
    /// child's task is then cancelled at once. The default does so, unless the child observes its context's stop
    /// request (``ChildContext/stopRequested()``), which is then taken as the request's delivery.
    /// - Parameter grace: How long the child may take before it is cancelled; nil without end.
    func stop(within grace: Duration?) async throws
}

extension Child {
    /// Asks the supervisor to cancel the child's task instead.
    public func stop(within grace: Duration?) async throws {
        throw CancellationError()
    }
}

/// A thrown request to end with the reason ``ExitReason/shutdown``.
///
/// A transient child that throws it stays down; a permanent one is started again.
public struct ShutdownExit: Error, Sendable, Hashable {
    /// Creates the request.
    public init() {}
}

/// A child made of a closure; its stop request arrives through the context only.
struct ClosureChild: Child {
    let context: ChildContext
    let body: @Sendable (ChildContext) async throws -> Void

    func run() async throws {
        try await body(context)
    }
}
