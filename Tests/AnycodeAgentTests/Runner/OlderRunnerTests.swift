import AnycodeCore
import AnycodeJSON
import Synchronization
import Testing

@testable import AnycodeAgent

/// Sandboxes outlive daemons: a daemon meets runners that are older than itself.
struct OlderRunnerTests {
    /// A runner of an early version: it tells no protocol number, and some routes came after it.
    private func older(lacking routes: Set<String> = []) throws -> FakeRunner {
        let runner = try FakeRunner(agent: { message in
            message["id"].map { [["jsonrpc": "2.0", "id": $0, "result": ["protocolVersion": 1]]] } ?? []
        })
        runner.state.withLock { state in
            state.tellsProtocol = false
            state.lacks = routes
        }
        return runner
    }

    @Test func aRunnerThatTellsNoNumberSpeaksTheFirstProtocol() async throws {
        try await withRunner(try older()) { _, workspace in
            let health = try await workspace.health()
            #expect(health.protocolNumber == 1 && health.version == "9.9")
            #expect(!health.isTooNew)
        }
    }

    @Test func aTurnNeedsNothingThatCameLater() async throws {
        let runner = try older(lacking: [
            "/anycode/v1/environment", "/anycode/v1/acp/anycode/acknowledge", "/anycode/v1/workspace/apply",
        ])
        try await withRunner(runner) { client, workspace in
            _ = try await workspace.health()
            try await workspace.setEnvironment([:])
            try await client.send(.initialize(.number(0)))
            let stream = try await client.events(after: nil)
            let items = try await stream.next()
            #expect(items?.count == 1)
            #expect(try await workspace.status().base == "b1")
        }
    }

    @Test func whatAnOlderRunnerCannotDoIsRefusedInWordsThatSaySo() async throws {
        let runner = try older(lacking: [
            "/anycode/v1/environment", "/anycode/v1/agents/mine", "/anycode/v1/workspace/prepare",
            "/anycode/v1/workspace/patch",
        ])
        try await withRunner(runner) { _, workspace in
            await expectUnsupported { try await workspace.setEnvironment(["KEY": Secret("v")]) }
            await expectUnsupported {
                try await workspace.defineAgent(AgentName("mine"), command: ["/bin/a"], environment: [:])
            }
            await expectUnsupported { _ = try await workspace.prepare(nil, credentials: nil, progress: { _ in }) }
            await expectUnsupported { _ = try await workspace.patch(limit: 10) }
        }
    }

    private func expectUnsupported(_ call: () async throws -> Void) async {
        do {
            try await call()
            Issue.record("It was not refused")
        } catch {
            #expect((error as? AgentError)?.code == .unsupported)
            #expect("\(error)".contains("older version"))
        }
    }

    @Test func aGreaterNumberIsTooNew() {
        let health = RunnerHealth(version: "9", logID: "l", agentIsRunning: false, protocolNumber: 2)
        #expect(health.isTooNew)
    }
}
