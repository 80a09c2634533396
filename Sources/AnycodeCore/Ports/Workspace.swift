/// The runner beside the agent: its health, the repository, files.
package protocol Workspace: Sendable {
    func health() async throws(AgentError) -> RunnerHealth

    /// Sets what the agent and git see as environment; kept in the runner's memory only.
    func setEnvironment(_ variables: [String: Secret]) async throws(AgentError)

    /// Makes a custom agent's command known to the runner.
    func defineAgent(_ agent: AgentName, command: [String], environment: [String: String]) async throws(AgentError)

    /// Makes an agent known that is reached through a program before it.
    func defineServer(_ agent: AgentName, _ server: AgentServer) async throws(AgentError)

    /// Clones `source` (`nil`: an empty repository). Repeating it is harmless and joins a running clone.
    func prepare(
        _ source: WorkspaceSource?, credentials: RepositoryCredentials?,
        progress: @escaping @Sendable (String) -> Void
    ) async throws(AgentError) -> PreparedWorkspace

    func status() async throws(AgentError) -> WorkspaceStatus

    /// Everything since the base commit, untracked files included, as a binary git patch; empty when clean.
    func patch(limit: Int) async throws(AgentError) -> [UInt8]

    func apply(patch: [UInt8]) async throws(AgentError)

    /// Writes a file; a relative path is relative to the workspace.
    func write(_ bytes: [UInt8], to path: String) async throws(AgentError)

    func read(_ path: String) async throws(AgentError) -> [UInt8]

    /// Writes a file for its owner alone below the agent's private home, unless there is one already.
    func place(_ bytes: [UInt8], inHome path: String) async throws(AgentError)

    /// Pushes everything since the base commit, as one commit, to a branch of the repository that was cloned; to no
    /// other place, whatever the workspace's own remotes say. Repeating it is harmless.
    ///
    /// Returns the commit. Throws `conflict` when others have pushed to the branch.
    ///
    /// - Parameter known: the commit that another sandbox pushed to the branch before.
    func publish(
        branch: String, message: String, over known: String?, credentials: RepositoryCredentials?
    ) async throws(AgentError) -> String

    /// What the prepared repository says to the agent; `nil` when that is nothing, or nothing that is known.
    func settings(for agent: AgentName) async throws(AgentError) -> RepositorySettings?

    /// The agent's own record of a conversation, packed; `nil` when there is none, or none that is known.
    func agentState(_ agent: AgentName, _ session: AgentSessionID) async throws(AgentError) -> [UInt8]?

    /// Puts a packed conversation where the agent looks for it, before it is loaded.
    func restore(_ state: [UInt8], of agent: AgentName, _ session: AgentSessionID) async throws(AgentError)
}

extension Workspace {
    package func defineServer(_ agent: AgentName, _ server: AgentServer) async throws(AgentError) {
        throw AgentError(.unsupported, "This sandbox's runner starts no servers for agents")
    }

    package func place(_ bytes: [UInt8], inHome path: String) async throws(AgentError) {
        throw AgentError(.failed, "This sandbox takes no files into its home")
    }

    package func publish(
        branch: String, message: String, over known: String?, credentials: RepositoryCredentials?
    ) async throws(AgentError) -> String {
        throw AgentError(.unsupported, "This sandbox publishes nothing")
    }

    package func settings(for agent: AgentName) async throws(AgentError) -> RepositorySettings? { nil }

    package func agentState(_ agent: AgentName, _ session: AgentSessionID) async throws(AgentError) -> [UInt8]? { nil }

    package func restore(_ state: [UInt8], of agent: AgentName, _ session: AgentSessionID) async throws(AgentError) {
        throw AgentError(.failed, "This sandbox takes no conversations")
    }
}

/// What the runner says of itself.
package struct RunnerHealth: Hashable, Sendable, Codable {
    package let version: String
    /// Changes when the runner lost its log; cursors of another log mean nothing.
    package let logID: String
    /// Whether the agent's process runs.
    package let agentIsRunning: Bool
    /// The number of the protocol it speaks; see ``Compatibility``.
    package let protocolNumber: Int

    package init(version: String, logID: String, agentIsRunning: Bool, protocolNumber: Int = 1) {
        self.version = version
        self.logID = logID
        self.agentIsRunning = agentIsRunning
        self.protocolNumber = protocolNumber
    }

    /// A sandbox outlives the daemon that made it, so a daemon meets runners of other versions.
    ///
    /// It speaks with every runner whose number is not greater than its own. Routes that were added under the same number
    /// are optional: what an older runner lacks is done without, or refused in words that say so. A greater number comes
    /// only with a change that an older daemon would misunderstand; such a runner is left alone until the newer daemon is
    /// back.
    package enum Compatibility {
        package static let newestKnown = 1
    }

    package var isTooNew: Bool { protocolNumber > Compatibility.newestKnown }
}

/// A user name and password (or token) for cloning from one host.
package struct RepositoryCredentials: Hashable, Sendable {
    package let username: String
    package let password: Secret

    package init(username: String, password: Secret) {
        self.username = username
        self.password = password
    }
}
