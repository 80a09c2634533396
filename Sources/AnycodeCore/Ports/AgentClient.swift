/// Makes clients for what runs in a sandbox.
package protocol AgentConnector: Sendable {
    func client(for endpoint: SandboxEndpoint, agent: AgentName) -> any AgentClient
    func workspace(for endpoint: SandboxEndpoint) -> any Workspace
}

/// One agent in one sandbox. Protocol-neutral; holds no state that a restart would miss.
package protocol AgentClient: Sendable {
    /// Hands one call to the agent; returns when it is accepted, not when it is answered.
    ///
    /// Answers arrive on the stream. Ids are the caller's and are committed before the call: the same call
    /// sent twice reaches the agent once.
    func send(_ call: AgentCall) async throws(AgentError)

    /// Opens the stream behind `cursor` (`nil`: from the beginning).
    func events(after cursor: Int64?) async throws(AgentError) -> AgentEventStream

    /// Says that everything up to `cursor` is committed and may be forgotten.
    func acknowledge(_ cursor: Int64) async throws(AgentError)
}

/// What the daemon can ask of an agent.
package enum AgentCall: Hashable, Sendable, Codable {
    case initialize(RequestID)
    case openSession(RequestID, directory: String)
    case loadSession(RequestID, AgentSessionID, directory: String)
    case prompt(RequestID, AgentSessionID, text: String)
    case setMode(RequestID, AgentSessionID, mode: String)
    case setModel(RequestID, AgentSessionID, model: String)
    /// Cancels the turn in progress; open requests must be answered `cancelled` as well.
    case cancel(AgentSessionID)
    case answerPermission(RequestID, PermissionAnswer)
    case answerQuestion(RequestID, QuestionAnswer)
}

/// The agent's stream: batches of what arrived together.
package struct AgentEventStream: Sendable {
    private let nextBatch: @Sendable () async throws(AgentError) -> [AgentStreamItem]?

    /// - Parameter next: the next batch, `nil` at the stream's end; called by one task at a time.
    package init(next: @escaping @Sendable () async throws(AgentError) -> [AgentStreamItem]?) {
        nextBatch = next
    }

    package func next() async throws(AgentError) -> [AgentStreamItem]? {
        try await nextBatch()
    }
}

/// Why a call to the agent or its runner failed.
package struct AgentError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Nothing answers there, or the connection broke; trying again is right and safe.
        case unreachable
        /// The agent's program is not in the sandbox.
        case agentMissing
        /// The runner refuses the token.
        case unauthorized
        /// The repository: credentials are missing or refused.
        case repositoryDenied
        case repositoryNotFound
        /// The patch does not apply, or is over the limit.
        case conflict
        case tooLarge
        /// The peer is of an older version that cannot do this.
        case unsupported
        /// The peer does not speak as agreed.
        case protocolViolation
        case failed
        case cancelled
    }

    package let code: Code
    package let message: String
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { hint.map { "\(message). \($0)" } ?? message }

    /// Whether the same call may succeed later.
    package var isTransient: Bool { code == .unreachable }
}
