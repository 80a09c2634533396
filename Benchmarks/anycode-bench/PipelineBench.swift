import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import Foundation
import Logging
import Supervision
import Synchronization

/// Many sessions stream at once through the real runtime and a real database; agents, sandboxes and the chat are in memory.
enum PipelineBench {
    static func run(sessions: Int, deltas: Int, into table: inout BudgetTable) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "anycode-bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try Store(path: folder.appendingPathComponent("bench.db").path, execution: .writerThread)
        defer { store.close() }
        let load = Load(sessions: sessions, deltas: deltas)
        var configuration = RuntimeConfiguration(defaultAgent: AgentName("bench"))
        configuration.agents = [AgentProfile(name: AgentName("bench"))]
        configuration.maxConcurrent = sessions
        configuration.session.linger = .zero
        let runtime = Runtime(
            configuration: configuration, store: store, instance: InstanceID("bench"), platforms: [SilentPlatform()],
            provider: ReadyProvider(), connector: StreamingConnector(load: load),
            archive: PatchArchive(write: { _, _ in "none" }, read: { _ in [] }, writeDocument: { _, _, _ in "none" }),
            clock: RuntimeClock(SuspendingClock(), date: { Date() }),
            makeID: { UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased() },
            token: { _ in Secret("bench") }, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let root = try RootSupervisor.make(runtime)
        let events = root.events(bufferingNewest: 100_000)
        let running = Task { try await root.run() }
        let memory = Usage.anonymousMemory()
        let cpu = Usage.cpu
        let clock = ContinuousClock()
        let start = clock.now
        try await begin(sessions, runtime)
        var left = sessions
        for await event in events where event.path.components.count == 2 && event.path.components[0] == "sessions" {
            if case .exited(_, .normal) = event.kind { left -= 1 }
            if left == 0 { break }
        }
        let seconds = (clock.now - start).seconds
        let used = (Usage.cpu - cpu) / Double(sessions * deltas) * 1e6
        let grown = Double(Usage.anonymousMemory() - memory) / 1e6
        root.stop()
        _ = try? await running.value
        table.add(
            "\(sessions) sessions × \(deltas) deltas: µs CPU per delta, decoded to committed and shown", used.short,
            budget: "≤ 25 with socket")
        table.add(
            "\(sessions) sessions × \(deltas) deltas: deltas per second", (Double(sessions * deltas) / seconds).short)
        table.add("\(sessions) sessions × \(deltas) deltas: MB grown", grown.short)
    }

    private static func begin(_ sessions: Int, _ runtime: Runtime) async throws {
        let person = Person(id: PersonID("bench"), name: "bench")
        let conversation = Conversation(chat: ChatID(platform: PlatformID("silent"), value: "bench"))
        let tasks = (0..<sessions).map { number in
            InboundEvent(
                key: "\(number)", conversation: conversation, sender: person, sentAt: Date(),
                content: .text(TextMessage(id: MessageID("\(number)"), text: "/task job \(number)")))
        }
        try await StoredInbox(runtime: runtime, platform: PlatformID("silent")).receive(tasks)
    }

    struct Load: Sendable {
        let sessions: Int
        let deltas: Int
    }
}

/// A chat that takes everything at once.
private struct SilentPlatform: ChatPlatform {
    let id = PlatformID("silent")
    let limits = ChatLimits(textUnits: 4096)

    func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        try await Task.sleep(for: .seconds(86_400))
    }

    func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {}

    func send(_ message: OutgoingMessage, to conversation: Conversation, nonce: String) async throws(ChatError)
        -> MessageID
    {
        MessageID(nonce)
    }

    func edit(_ id: MessageID, in conversation: Conversation, to message: OutgoingMessage) async throws(ChatError) {}
    func acknowledge(_ callback: String, note: String) async throws(ChatError) {}
}

private struct ReadyProvider: SandboxProvider {
    let id = ProviderID("ready")

    func acquire(_ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void) async throws(SandboxError)
        -> any SandboxLease
    {
        ReadyLease(id: spec.lease, endpoint: SandboxEndpoint(address: .url(spec.lease.rawValue), token: spec.token))
    }

    func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? { nil }
    func list() async throws(SandboxError) -> [SandboxRecord] { [] }
    func destroy(_ lease: LeaseID) async throws(SandboxError) {}
}

private struct ReadyLease: SandboxLease {
    let id: LeaseID
    let endpoint: SandboxEndpoint

    func waitForExit() async throws(CancellationError) -> SandboxExit {
        do { try await Task.sleep(for: .seconds(86_400)) } catch { throw CancellationError() }
        return SandboxExit(exitCode: 0, message: "ended")
    }
}

private struct StreamingConnector: AgentConnector {
    let load: PipelineBench.Load

    func client(for endpoint: SandboxEndpoint, agent: AgentName) -> any AgentClient { StreamingClient(load: load) }
    func workspace(for endpoint: SandboxEndpoint) -> any Workspace { CleanWorkspace() }
}

/// Answers at once, and streams its deltas ten at a time, as a socket delivers them.
private final class StreamingClient: AgentClient {
    private let calls: AsyncStream<AgentCall>.Continuation
    private let script: Script

    init(load: PipelineBench.Load) {
        let (stream, continuation) = AsyncStream.makeStream(of: AgentCall.self)
        calls = continuation
        script = Script(calls: stream, deltas: load.deltas)
    }

    func send(_ call: AgentCall) async throws(AgentError) { calls.yield(call) }

    func events(after cursor: Int64?) async throws(AgentError) -> AgentEventStream {
        let script = script
        return AgentEventStream { () async throws(AgentError) in await script.next() }
    }

    func acknowledge(_ cursor: Int64) async throws(AgentError) {}
}

private actor Script {
    private var calls: AsyncStream<AgentCall>.Iterator
    private let deltas: Int
    private var number: Int64 = 0
    private var left = 0
    private var prompt: RequestID?

    init(calls: AsyncStream<AgentCall>, deltas: Int) {
        self.calls = calls.makeAsyncIterator()
        self.deltas = deltas
    }

    func next() async -> [AgentStreamItem]? {
        if left > 0 {
            let count = min(10, left)
            left -= count
            return (0..<count).map { _ in item(.text("a word ")) }
        }
        if let prompt {
            self.prompt = nil
            return [item(.turnEnded(prompt, .endTurn))]
        }
        var iterator = calls
        let call = await iterator.next(isolation: self)
        calls = iterator
        switch call {
        case .initialize(let id): return [item(.initialized(id, AgentCapabilities()))]
        case .openSession(let id, _): return [item(.sessionOpened(id, AgentSession(id: AgentSessionID("bench"))))]
        case .prompt(let id, _, _):
            prompt = id
            left = deltas
            return []
        case nil: return nil
        default: return []
        }
    }

    private func item(_ event: AgentEvent) -> AgentStreamItem {
        number += 1
        return AgentStreamItem(number: number, events: [event])
    }
}

private struct CleanWorkspace: Workspace {
    func health() async throws(AgentError) -> RunnerHealth {
        RunnerHealth(version: "bench", logID: "bench", agentIsRunning: true)
    }

    func setEnvironment(_ variables: [String: Secret]) async throws(AgentError) {}
    func defineAgent(_ agent: AgentName, command: [String], environment: [String: String]) async throws(AgentError) {}

    func prepare(
        _ source: WorkspaceSource?, credentials: RepositoryCredentials?, progress: @escaping @Sendable (String) -> Void
    ) async throws(AgentError) -> PreparedWorkspace {
        PreparedWorkspace(base: "base", branch: nil, path: "/workspace/repo")
    }

    func status() async throws(AgentError) -> WorkspaceStatus { WorkspaceStatus(base: "base", branch: nil, files: []) }
    func patch(limit: Int) async throws(AgentError) -> [UInt8] { [] }
    func apply(patch: [UInt8]) async throws(AgentError) {}
    func write(_ bytes: [UInt8], to path: String) async throws(AgentError) {}
    func read(_ path: String) async throws(AgentError) -> [UInt8] { [] }
}
