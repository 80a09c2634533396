/// A program in the sandbox through which an agent is reached, instead of ACP on the agent's own standard streams.
package struct AgentServer: Hashable, Sendable {
    package enum Dialect: String, Hashable, Sendable {
        /// `opencode serve` 1.x, or sandbox-agent's emulation of it.
        case opencode
        /// sandbox-agent 0.2: ACP over HTTP.
        case sandboxAgent = "sandbox-agent"
        /// acpx 0.1.14 or later.
        case acpx
    }

    package let dialect: Dialect
    /// Program and arguments; `{port}` and `{token}` in them stand for a free port and a random secret.
    package let command: [String]
    /// The agent's name as the program knows it.
    package let agent: String
    /// What acpx does with permissions; `nil` for programs that ask.
    package let permissions: String?

    package init(_ dialect: Dialect, command: [String], agent: String, permissions: String? = nil) {
        self.dialect = dialect
        self.command = command
        self.agent = agent
        self.permissions = permissions
    }
}
