package import AnycodeControl

/// What the control socket shows and does; `RuntimeBackend` is the real one.
///
/// Methods throw a `Refusal` for what a person can be told; any other error is logged and told as a failure.
package protocol ControlBackend: Sendable {
    func version() async throws -> DaemonVersion

    func tree() async throws -> TreeNode

    /// The tree now and whenever it changes; the newest only, for a slow reader. Ends when the reader is cancelled.
    func treeChanges() -> AsyncStream<TreeNode>

    /// - Parameter all: Also those that have ended, newest first.
    func sessions(all: Bool) async throws -> [SessionSummary]

    func session(idPrefix: String) async throws -> SessionDetail

    /// Passes a cancel on. The act and who asked are recorded first.
    func cancel(idPrefix: String, by person: String) async throws -> CancelAnswer
}
