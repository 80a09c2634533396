package import AnycodeCore
package import HTTPTransport

/// Makes clients for sandboxes whose runner speaks ACP: ours, and sandbox-agent 0.2.
package struct RunnerConnector: AgentConnector {
    package struct Configuration: Sendable {
        /// Ours, told to agents.
        package var version: String
        /// Silence after which the event stream counts as lost; the runner's heartbeat comes every 15 seconds.
        package var silence: Duration
        /// Time in which the runner must take a message, the start of the agent included.
        package var acceptance: Duration
        /// Longest single message of an agent, in bytes.
        package var messageBytes: Int

        package init(
            version: String, silence: Duration = .seconds(45), acceptance: Duration = .seconds(130),
            messageBytes: Int = 16 * 1024 * 1024
        ) {
            self.version = version
            self.silence = silence
            self.acceptance = acceptance
            self.messageBytes = messageBytes
        }
    }

    private let http: HTTPClient
    private let configuration: Configuration

    package init(http: HTTPClient, configuration: Configuration) {
        self.http = http
        self.configuration = configuration
    }

    package func client(for endpoint: SandboxEndpoint, agent: AgentName) -> any AgentClient {
        ACPClient(RunnerEndpoint(endpoint, http: http), agent: agent, configuration: configuration)
    }

    package func workspace(for endpoint: SandboxEndpoint) -> any Workspace {
        RunnerWorkspace(RunnerEndpoint(endpoint, http: http))
    }
}
