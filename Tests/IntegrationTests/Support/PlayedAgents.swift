import AnycodeCore
import AnycodeRuntime
import Foundation
import Synchronization

/// Sandboxes that exist only here. Each has an agent that says so many words, one by one, runs a command that prints
/// a good deal, and is done.
final class PlayedAgents: SandboxProvider, AgentConnector {
    let id = ProviderID("played")
    private let words: Int
    private let pace: Duration
    private let sandboxes = Mutex<[LeaseID: PlayedSandbox]>([:])

    init(words: Int, pace: Duration) {
        self.words = words
        self.pace = pace
    }

    func acquire(
        _ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void
    ) async throws(SandboxError) -> any SandboxLease {
        let sandbox = PlayedSandbox(lease: spec.lease, words: words, pace: pace)
        sandboxes.withLock { $0[spec.lease] = sandbox }
        return PlayedLease(id: spec.lease, token: spec.token)
    }

    func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? { nil }
    func list() async throws(SandboxError) -> [SandboxRecord] { [] }
    func destroy(_ lease: LeaseID) async throws(SandboxError) { sandboxes.withLock { $0[lease] = nil } }

    func client(for endpoint: SandboxEndpoint, agent: AgentName) -> any AgentClient {
        PlayedClient(sandbox: sandbox(endpoint))
    }

    func workspace(for endpoint: SandboxEndpoint) -> any Workspace { PlayedWorkspace() }

    private func sandbox(_ endpoint: SandboxEndpoint) -> PlayedSandbox? {
        guard case .url(let lease) = endpoint.address else { return nil }
        return sandboxes.withLock { $0[LeaseID(lease)] }
    }
}

private struct PlayedLease: SandboxLease {
    let id: LeaseID
    let token: Secret
    var endpoint: SandboxEndpoint { SandboxEndpoint(address: .url(id.rawValue), token: token) }

    func waitForExit() async throws(CancellationError) -> SandboxExit {
        do { try await Task.sleep(for: .seconds(86_400)) } catch { throw CancellationError() }
        return SandboxExit(exitCode: 0, message: "ended")
    }
}

/// Its agent works only while somebody reads.
private actor PlayedSandbox {
    private let lease: LeaseID
    private let pace: Duration
    private let script: [AgentEvent]
    private let news = Signal()
    private var log: [AgentEvent] = []
    private var turn: (request: RequestID, steps: ArraySlice<AgentEvent>)?

    init(lease: LeaseID, words: Int, pace: Duration) {
        self.lease = lease
        self.pace = pace
        let call = ToolCall(id: ToolCallID("t"), title: "make", kind: .execute, status: .inProgress)
        let output = (1...30).map { "object_\($0).o" }.joined(separator: "\n")
        let update = ToolCallUpdate(id: call.id, status: .completed, content: [.text(output)])
        script = [.toolCall(call)] + (1...words).map { .text("word\($0) ") } + [.toolCallUpdated(update)]
    }

    func take(_ call: AgentCall) {
        switch call {
        case .initialize(let id): log.append(.initialized(id, AgentCapabilities(name: "played")))
        case .openSession(let id, _), .loadSession(let id, _, _):
            log.append(.sessionOpened(id, AgentSession(id: AgentSessionID("s-\(lease.short)"))))
        case .prompt(let id, _, _): turn = (id, script[...])
        case .setMode(let id, _, _), .setModel(let id, _, _): log.append(.callSucceeded(id))
        case .cancel, .answerPermission, .answerQuestion: break
        }
        news.raise()
    }

    func items(after position: Int) async throws(AgentError) -> [AgentStreamItem] {
        do {
            while log.count <= position {
                guard let turn else {
                    try await news.wait()
                    continue
                }
                try await Task.sleep(for: pace)
                advance(turn.request)
            }
        } catch {
            throw AgentError(.cancelled, "cancelled")
        }
        return (position..<log.count).map { AgentStreamItem(number: Int64($0 + 1), events: [log[$0]]) }
    }

    private func advance(_ request: RequestID) {
        if let next = turn?.steps.popFirst() { return log.append(next) }
        turn = nil
        log.append(.turnEnded(request, .endTurn))
    }
}

private struct PlayedClient: AgentClient {
    let sandbox: PlayedSandbox?

    private func known() throws(AgentError) -> PlayedSandbox {
        guard let sandbox else { throw AgentError(.unreachable, "there is no such sandbox") }
        return sandbox
    }

    func send(_ call: AgentCall) async throws(AgentError) { await (try known()).take(call) }
    func acknowledge(_ cursor: Int64) async throws(AgentError) {}

    func events(after cursor: Int64?) async throws(AgentError) -> AgentEventStream {
        let sandbox = try known()
        let position = Mutex(Int(cursor ?? 0))
        return AgentEventStream { () async throws(AgentError) in
            let items = try await sandbox.items(after: position.withLock { $0 })
            position.withLock { $0 += items.count }
            return items
        }
    }
}

/// In which nothing changes.
private struct PlayedWorkspace: Workspace {
    func health() async throws(AgentError) -> RunnerHealth {
        RunnerHealth(version: "played", logID: "1", agentIsRunning: true)
    }

    func setEnvironment(_ variables: [String: Secret]) async throws(AgentError) {}

    func defineAgent(
        _ agent: AgentName, command: [String], environment: [String: String]
    ) async throws(AgentError) {}

    func prepare(
        _ source: WorkspaceSource?, credentials: RepositoryCredentials?, progress: @escaping @Sendable (String) -> Void
    ) async throws(AgentError) -> PreparedWorkspace {
        PreparedWorkspace(base: String(repeating: "a", count: 40), branch: "main", path: "/workspace/repo")
    }

    func status() async throws(AgentError) -> WorkspaceStatus {
        WorkspaceStatus(base: String(repeating: "a", count: 40), branch: "main", files: [])
    }

    func patch(limit: Int) async throws(AgentError) -> [UInt8] { [] }
    func apply(patch: [UInt8]) async throws(AgentError) {}
    func write(_ bytes: [UInt8], to path: String) async throws(AgentError) {}
    func read(_ path: String) async throws(AgentError) -> [UInt8] { [] }
}
