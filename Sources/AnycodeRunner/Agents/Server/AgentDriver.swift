import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An agent that is not spoken to in ACP on its standard streams, but through a program that stands before it.
package struct AgentDriver: Sendable, Equatable {
    package enum Dialect: String, Sendable, CaseIterable {
        /// `opencode serve` 1.x, or sandbox-agent's emulation of it.
        case opencode
        /// sandbox-agent 0.2: ACP over HTTP.
        case sandboxAgent = "sandbox-agent"
        /// acpx 0.1.14 or later: a command for each prompt.
        case acpx
    }

    package var dialect: Dialect
    /// The agent's name in the program's own terms.
    package var agent: String
    /// What acpx does with permissions: `approve-all`, `approve-reads` or `deny-all`.
    package var permissions: String

    package init(_ dialect: Dialect, agent: String, permissions: String = "approve-all") {
        self.dialect = dialect
        self.agent = agent
        self.permissions = permissions
    }

    static let policies = ["approve-all", "approve-reads", "deny-all"]

    func connection(
        _ launch: AgentLaunch, limits: AgentProcess.Limits, group: any EventLoopGroup, clock: any Clock<Duration>
    ) throws(RunnerError) -> any AgentConnection {
        var launch = launch
        // The token stands in the command or in the environment, wherever the program takes it from.
        let isBearer = launch.arguments.contains { $0.contains(ServerProcess.tokenMark) }
        switch dialect {
        case .opencode:
            launch.environment.merge(Self.opencode(isBearer: isBearer, launch.environment)) { $1 }
            return try ServerConnection(
                launch, OpenCodeTranslation(directory: launch.directory, agent: agent), limits: limits, group: group,
                clock: clock
            ) { ["Authorization": isBearer ? "Bearer \($0)" : Self.basic("opencode", $0)] }
        case .sandboxAgent:
            // A turn may last longer than the two minutes after which the server gives up waiting for an answer.
            launch.environment.merge(["SANDBOX_AGENT_ACP_REQUEST_TIMEOUT_MS": "86400000"]) { given, _ in given }
            return try ServerConnection(
                launch, SandboxAgentTranslation(agent: agent), limits: limits, group: group, clock: clock
            ) { ["Authorization": "Bearer \($0)"] }
        case .acpx:
            return AcpxConnection(launch, driver: self, limits: limits, group: group, clock: clock)
        }
    }

    private static func opencode(isBearer: Bool, _ given: [String: String]) -> [String: String] {
        var variables = ["OPENCODE_DISABLE_AUTOUPDATE": given["OPENCODE_DISABLE_AUTOUPDATE"] ?? "1"]
        if !isBearer {
            variables["OPENCODE_SERVER_USERNAME"] = "opencode"
            variables["OPENCODE_SERVER_PASSWORD"] = ServerProcess.tokenMark
        }
        // What the repository says of the agent: its opencode.json, plugins, commands and MCP servers.
        if !NativeAgent.trustsRepository(given) { variables["OPENCODE_DISABLE_PROJECT_CONFIG"] = "1" }
        return variables
    }

    private static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }
}
