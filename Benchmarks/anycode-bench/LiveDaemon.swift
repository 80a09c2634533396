import AnycodeAgent
import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import Foundation
import HTTPTransport
import Logging
import Supervision
import Synchronization

/// The daemon of the live benchmark, in a process of its own: the real tree, store, HTTP and ACP client over real
/// sockets. Faked are the chat, which takes everything at once, and the provider, whose sandboxes are links to the
/// socket of the played runners.
///
/// usage: play-daemon DIRECTORY DEBOUNCE, the latter in seconds. Lines of its input: `tasks N` (N tasks at once, five to a chat), `begin`, `report`,
/// `trickle N` (N tasks one after the other, timed to the provider's call), `verify`.
final class LiveDaemon: Sendable {
    private let runtime: Runtime
    private let root: Supervisor
    private let chat: TimedChat
    private let provider: LinkProvider
    private let store: Store
    /// CPU seconds by thread when the measurement began.
    private let marks = Mutex<[String: Double]>([:])
    private let trickled = Atomic<Int>(10_000_000)

    private static let agent = AgentName("bench")
    private static let sessionsPerChat = 5

    static func run(_ arguments: [String]) async throws {
        guard arguments.count == 2, let debounce = Int(arguments[1]) else { exit(64) }
        let daemon = try LiveDaemon(directory: arguments[0], debounce: .seconds(debounce))
        let running = Task { try await daemon.root.run() }
        say("ready=1")
        for await line in lines() { say(try await daemon.obey(line.split(separator: " ").map(String.init))) }
        running.cancel()
        exit(0)
    }

    /// Past `stdio`, whose input the reading thread holds.
    private static func say(_ line: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }

    private init(directory: String, debounce: Duration) throws {
        store = try Store(path: directory + "/bench.db", execution: .writerThread)
        chat = TimedChat()
        provider = LinkProvider(directory: directory)
        var configuration = RuntimeConfiguration(defaultAgent: Self.agent)
        configuration.agents = [
            AgentProfile(name: Self.agent, environment: ["BENCH_API_KEY": Secret("a-secret-that-nobody-says")])
        ]
        configuration.maxConcurrent = 1_000_000
        configuration.debounce = debounce
        runtime = Runtime(
            configuration: configuration, store: store, instance: InstanceID("bench"), platforms: [chat],
            provider: provider,
            connector: RunnerConnector(http: try HTTPClient(), configuration: .init(version: "bench")),
            archive: PatchArchive(write: { _, _ in "none" }, read: { _ in [] }, writeDocument: { _, _, _ in "none" }),
            clock: RuntimeClock(SuspendingClock(), date: { Date() }),
            makeID: { UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased() },
            token: { Secret("token-\($0)") }, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        root = try RootSupervisor.make(runtime)
    }

    /// The lines of standard input, read on a thread of their own since reading blocks.
    private static func lines() -> AsyncStream<String> {
        AsyncStream { lines in
            let thread = Thread {
                while let line = readLine() { lines.yield(line) }
                lines.finish()
            }
            thread.start()
        }
    }

    private func obey(_ words: [String]) async throws -> String {
        let count = words.count > 1 ? Int(words[1]) ?? 0 : 0
        switch words.first {
        case "tasks": return try await start(count)
        case "trickle": return try await trickle(count)
        case "begin": return begin()
        case "report": return report()
        case "verify": return try await verify()
        default: return "unknown=1"
        }
    }

    // MARK: Tasks

    private func task(_ number: Int) -> InboundEvent {
        let chat = ChatID(platform: chat.id, value: "chat-\(number / Self.sessionsPerChat)")
        return InboundEvent(
            key: "\(number)", conversation: Conversation(chat: chat),
            sender: Person(id: PersonID("bench"), name: "bench"), sentAt: Date(),
            content: .text(TextMessage(id: MessageID("\(number)"), text: "/task job \(number)")))
    }

    private func start(_ count: Int) async throws -> String {
        let inbox = StoredInbox(runtime: runtime, platform: chat.id)
        for first in stride(from: 0, to: count, by: 500) {
            try await inbox.receive((first..<min(first + 500, count)).map(task))
        }
        return "started=\(count)"
    }

    private func trickle(_ count: Int) async throws -> String {
        let inbox = StoredInbox(runtime: runtime, platform: chat.id)
        let clock = ContinuousClock()
        var times: [Double] = []
        for _ in 0..<count {
            let number = trickled.add(Self.sessionsPerChat, ordering: .relaxed).newValue
            provider.expectCall()
            let start = clock.now
            try await inbox.receive([task(10_000_000 + number)])
            times.append((await provider.callTime() - start).seconds * 1_000)
        }
        return "p50=\(times.median) p99=\(times.percentile(0.99))"
    }

    // MARK: Figures

    private func begin() -> String {
        chat.forgetDelays()
        marks.withLock { $0 = Usage.cpuByThread() }
        return "begun=1"
    }

    private func report() -> String {
        let delays = chat.delays
        let before = marks.withLock { $0 }
        let now = Usage.cpuByThread()
        func used(_ name: String) -> Double { (now[name] ?? 0) - (before[name] ?? 0) }
        let all = now.values.reduce(0, +) - before.values.reduce(0, +)
        let (http, writer, reader) = (used("http"), used("store.writer"), used("store.reader"))
        return """
            p50=\(delays.median) p99=\(delays.percentile(0.99)) shown=\(delays.count) cpu=\(all) http=\(http) \
            writer=\(writer) reader=\(reader) pool=\(all - http - writer - reader)
            """
    }

    /// Every session's transcript must hold each delta once and in order, and the chat must show the last.
    private func verify() async throws -> String {
        var (deltas, wrong, behind, sessions) = (0, 0, 0, 0)
        for row in try await store.read({ try $0.liveSessions() }) {
            var number = 0
            for stored in try await store.read({ try $0.transcript(row.id) }) {
                let entry = try JSONDecoder().decode(AnycodeRuntime.TranscriptEntry.self, from: Data(stored.bytes))
                guard case .text(let text) = entry else { continue }
                for delta in Delta.all(in: text[...]) {
                    if delta.number != number + 1 { wrong += 1 }
                    number = delta.number
                    deltas += 1
                }
            }
            if chat.last(of: row.id) != number { behind += 1 }
            sessions += 1
        }
        return "sessions=\(sessions) deltas=\(deltas) wrong=\(wrong) behind=\(behind)"
    }
}

/// A played agent's delta: its number and the microsecond at which it was said, as `12.3456789 `.
struct Delta {
    let number: Int
    let saidAt: Int64

    init?(_ word: Substring) {
        let parts = word.split(separator: ".")
        guard parts.count == 2, let number = Int(parts[0]), let time = Int64(parts[1]) else { return nil }
        (self.number, saidAt) = (number, time)
    }

    static func all(in text: Substring) -> [Delta] { text.split { $0 == " " || $0 == "\n" }.compactMap { Delta($0) } }

    /// The deltas behind `number`, oldest first; looks from the end, so that a long message costs what is new in it.
    static func new(in text: String, after number: Int) -> [Delta] {
        var found: [Delta] = []
        var rest = text[...]
        while let end = rest.lastIndex(where: { $0 != " " && $0 != "\n" }) {
            rest = rest[...end]
            let start = rest.lastIndex { $0 == " " || $0 == "\n" }.map { rest.index(after: $0) } ?? rest.startIndex
            guard let delta = Delta(rest[start...]), delta.number > number else { break }
            found.append(delta)
            rest = rest[..<start]
        }
        return found.reversed()
    }
}

/// A chat that takes everything at once, and looks how old what it is shown is.
final class TimedChat: ChatPlatform {
    private struct State {
        var last: [String: Int] = [:]
        var delays: [Double] = []
    }

    let id = PlatformID("timed")
    let limits = ChatLimits(textUnits: 4096)
    private let state = Mutex(State())

    /// Milliseconds from when an agent said something to when the chat was given it; of each message or edit the oldest
    /// new delta's.
    var delays: [Double] { state.withLock { $0.delays } }

    func forgetDelays() { state.withLock { $0.delays = [] } }

    func last(of session: SessionID) -> Int { state.withLock { $0.last[session.rawValue] ?? 0 } }

    func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        try await Task.sleep(for: .seconds(86_400))
    }

    func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {}

    func send(
        _ message: OutgoingMessage, to conversation: Conversation, nonce: String
    ) async throws(ChatError) -> MessageID {
        look(at: message, nonce)
        return MessageID(nonce)
    }

    func edit(_ id: MessageID, in conversation: Conversation, to message: OutgoingMessage) async throws(ChatError) {
        look(at: message, id.rawValue)
    }

    func acknowledge(_ callback: String, note: String) async throws(ChatError) {}

    /// A slot's nonce begins with its session.
    private func look(at message: OutgoingMessage, _ nonce: String) {
        let now = LiveBench.microseconds()
        let session = String(nonce.prefix { $0 != "/" })
        state.withLock { state in
            let new = Delta.new(in: message.markdown, after: state.last[session] ?? 0)
            guard let first = new.first, let last = new.last else { return }
            state.last[session] = last.number
            state.delays.append(Double(now - first.saidAt) / 1_000)
        }
    }
}

/// Sandboxes that are links to the played runners' socket: each has a path of its own, as real ones do.
final class LinkProvider: SandboxProvider {
    let id = ProviderID("link")
    private let directory: String
    private let call = Mutex(Call.unexpected)

    private enum Call {
        case unexpected
        case expected(CheckedContinuation<ContinuousClock.Instant, Never>?)
        case came(ContinuousClock.Instant)
    }

    init(directory: String) { self.directory = directory }

    /// From now on the first call's time is kept for `callTime`.
    func expectCall() { call.withLock { $0 = .expected(nil) } }

    /// When the expected call came; waits for it.
    func callTime() async -> ContinuousClock.Instant {
        await withCheckedContinuation { continuation in
            let time: ContinuousClock.Instant? = call.withLock { call in
                if case .came(let time) = call { return time }
                call = .expected(continuation)
                return nil
            }
            if let time { continuation.resume(returning: time) }
        }
    }

    private func note(_ time: ContinuousClock.Instant) {
        let waiter: CheckedContinuation<ContinuousClock.Instant, Never>? = call.withLock { call in
            guard case .expected(let waiter) = call else { return nil }
            call = .came(time)
            return waiter
        }
        waiter?.resume(returning: time)
    }

    func acquire(
        _ spec: SandboxSpec, progress: @escaping @Sendable (String) -> Void
    ) async throws(SandboxError) -> any SandboxLease {
        note(ContinuousClock.now)
        let path = "\(directory)/\(spec.lease.short)"
        symlink("runners", path)
        return LinkLease(id: spec.lease, endpoint: SandboxEndpoint(address: .unixSocket(path: path), token: spec.token))
    }

    func adopt(_ spec: SandboxSpec) async throws(SandboxError) -> (any SandboxLease)? { nil }
    func list() async throws(SandboxError) -> [SandboxRecord] { [] }
    func destroy(_ lease: LeaseID) async throws(SandboxError) { unlink("\(directory)/\(lease.short)") }
}

private struct LinkLease: SandboxLease {
    let id: LeaseID
    let endpoint: SandboxEndpoint

    func waitForExit() async throws(CancellationError) -> SandboxExit {
        do { try await Task.sleep(for: .seconds(86_400)) } catch { throw CancellationError() }
        return SandboxExit(exitCode: 0, message: "ended")
    }
}
