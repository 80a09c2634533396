import AnycodeCore
import HTTPTransport
import Testing

@testable import AnycodeAgent

/// Runs a body with a fake runner and its clients; fails when the runner had complaints.
func withRunner(
    _ runner: FakeRunner, token: String = FakeRunner.token, silence: Duration = .seconds(45),
    acceptance: Duration = .seconds(130), agent: String = "demo", expectsComplaints: Bool = false,
    _ body: (ACPClient, any Workspace) async throws -> Void
) async throws {
    let http = try HTTPClient()
    let connector = RunnerConnector(
        http: http, configuration: .init(version: "1.0", silence: silence, acceptance: acceptance))
    let address: SandboxEndpoint.Address = runner.socketPath.map { .unixSocket(path: $0) } ?? .url(runner.url)
    let endpoint = SandboxEndpoint(address: address, token: Secret(token))
    var failure: (any Error)?
    do {
        let client = try #require(connector.client(for: endpoint, agent: AgentName(agent)) as? ACPClient)
        try await body(client, connector.workspace(for: endpoint))
    } catch {
        failure = error
    }
    runner.stop()
    await http.shutdown()
    if !expectsComplaints { #expect(runner.complaints == []) }
    if let failure { throw failure }
}

/// The error that a call ends with.
func agentError<Value>(_ body: () async throws(AgentError) -> Value) async -> AgentError? {
    do throws(AgentError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

extension AgentEventStream {
    /// Reads items until there are `count`, or the stream ends.
    func items(_ count: Int) async throws -> [AgentStreamItem] {
        var items: [AgentStreamItem] = []
        while items.count < count, let batch = try await next() { items += batch }
        return items
    }
}
