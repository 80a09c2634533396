package import AnycodeControl

/// What the control socket shows and does; `RuntimeBackend` is the real one.
///
/// Methods throw a `Refusal` for what a person can be told; any other error is logged and told as a failure. Whoever
/// changes something is recorded before it is done.
package protocol ControlBackend: TreeBackend, SessionBackend, UpkeepBackend {
    func version() async throws -> DaemonVersion
}

/// The tree and what happens in it.
package protocol TreeBackend: Sendable {
    func tree() async throws -> TreeNode

    /// The tree now and whenever it changes; the newest only, for a slow reader. Ends when the reader is cancelled.
    func treeChanges() -> AsyncStream<TreeNode>

    /// The events that are remembered and, if `follows`, those that come; an empty batch now and then.
    func events(follows: Bool) -> AsyncThrowingStream<[TreeEvent], any Error>

    /// Starts a node afresh.
    func restart(path: String, by asker: Asker) async throws -> RestartAnswer
}

/// Sessions.
package protocol SessionBackend: Sendable {
    /// - Parameter all: Also those that have ended, newest first.
    func sessions(all: Bool) async throws -> [SessionSummary]

    func session(idPrefix: String) async throws -> SessionDetail

    /// The session's transcript in words; if `follows`, until it is over. An empty batch now and then.
    func log(idPrefix: String, follows: Bool) async throws -> AsyncThrowingStream<[LogEntry], any Error>

    /// Passes a cancel on.
    func cancel(idPrefix: String, by asker: Asker) async throws -> CancelAnswer
}

/// The daemon's upkeep.
package protocol UpkeepBackend: Sendable {
    /// Everything that was ever made and is not known to be gone.
    func resources() async throws -> ResourceList

    /// Ends a resource that no live session owns.
    func destroy(leasePrefix: String, by asker: Asker) async throws -> DoneAnswer

    /// Takes no more tasks and ends all sessions; answers when they have ended or `limit` has passed.
    func drain(within limit: Duration, by asker: Asker) async throws -> DrainAnswer

    /// Takes tasks again.
    func undrain(by asker: Asker) async throws -> DoneAnswer

    /// Makes a one-time code that makes whoever sends it an owner.
    ///
    /// - Parameter platform: `nil` for the only one that pairs.
    func pair(platform: String?, by asker: Asker) async throws -> PairAnswer

    /// Examines the daemon.
    func findings() async throws -> [Finding]
}
