import AnycodeControl
import Foundation
import Logging
import Supervision
import Synchronization

@testable import AnycodeServer

/// Answers from memory and remembers what it was told.
final class FakeBackend: ControlBackend {
    struct Order: Equatable {
        let verb: String
        let target: String
        let asker: Asker
    }

    let summaries = [
        SessionSummary(
            id: "3f9a1c20", state: "working", isLive: true, agent: "demo", chat: "console:1", starter: "Ana",
            prompt: "fix", age: 1)
    ]
    let (changes, news) = AsyncStream.makeStream(of: TreeNode.self)
    private let told = Mutex<[Order]>([])

    var orders: [Order] { told.withLock { $0 } }

    func version() -> DaemonVersion { DaemonVersion(version: "1.2.3", pid: 7, uptime: 5) }

    func tree() throws -> TreeNode { TreeNode(id: "root", children: [TreeNode(id: "a", path: "a")]) }

    func treeChanges() -> AsyncStream<TreeNode> { changes }

    func sessions(all: Bool) -> [SessionSummary] { all ? summaries + summaries : summaries }

    func session(idPrefix: String) throws -> SessionDetail {
        switch idPrefix {
        case "3f": throw Refusal(.ambiguous, "Two.", candidates: ["3f1", "3f2"])
        case "bad": throw CancellationError()
        case "3f9a1c20": return SessionDetail(summary: summaries[0])
        default: throw Refusal(.notFound, "None.")
        }
    }

    func cancel(idPrefix: String, by asker: Asker) -> CancelAnswer {
        take("cancel", idPrefix, asker)
        return CancelAnswer(id: idPrefix, state: "working")
    }

    let remembered = [
        TreeEvent(sequence: 1, time: 5, path: "a", kind: "started", words: "started", isFailure: false)
    ]
    let pieces = [LogEntry(sequence: 1, kind: .text, words: "hello"), LogEntry(kind: .runner, words: "bye")]
    let found = ResourceList(problems: ["Provider local cannot list what exists: gone"])

    func events(follows: Bool) -> AsyncThrowingStream<[TreeEvent], any Error> {
        stream([remembered, [], follows ? remembered : []])
    }

    func log(idPrefix: String, follows: Bool) throws -> AsyncThrowingStream<[LogEntry], any Error> {
        guard idPrefix == "3f9a1c20" else { throw Refusal(.notFound, "None.") }
        return stream([pieces, []])
    }

    func restart(path: String, by asker: Asker) -> RestartAnswer {
        take("restart", path, asker)
        return RestartAnswer(path: path, state: "running")
    }

    func resources() -> ResourceList { found }

    func destroy(leasePrefix: String, by asker: Asker) -> DoneAnswer {
        take("destroy", leasePrefix, asker)
        return DoneAnswer(message: "Gone.")
    }

    func drain(within limit: Duration, by asker: Asker) -> DrainAnswer {
        take("drain", "\(limit / .seconds(1))", asker)
        return DrainAnswer(ended: 1, left: summaries, resources: found)
    }

    func undrain(by asker: Asker) -> DoneAnswer {
        take("undrain", "", asker)
        return DoneAnswer(message: "Open.")
    }

    func pair(platform: String?, by asker: Asker) -> PairAnswer {
        take("pair", platform ?? "", asker)
        return PairAnswer(platform: platform ?? "telegram", code: "3F9A-1C20", minutes: 60)
    }

    func findings() -> [Finding] { [Finding(.failed, "disk", "full")] }

    private func take(_ verb: String, _ target: String, _ asker: Asker) {
        told.withLock { $0.append(Order(verb: verb, target: target, asker: asker)) }
    }

    private func stream<Item: Sendable>(_ batches: [[Item]]) -> AsyncThrowingStream<[Item], any Error> {
        AsyncThrowingStream { continuation in
            batches.forEach { continuation.yield($0) }
            continuation.finish()
        }
    }
}

/// A directory of one's own, short enough for a socket's path, that goes with the closure.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = NSTemporaryDirectory() + "as-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Serves while the closure runs, then stops gracefully. Returns what the closure returned once the server has ended.
func serving<Result: Sendable>(
    _ backend: any ControlBackend, at path: String, _ body: @Sendable (ControlServer) async throws -> Result
) async throws -> Result {
    let (started, starting) = AsyncStream.makeStream(of: Void.self)
    let server = ControlServer(
        path: path, backend: backend, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) {
        starting.yield()
        starting.finish()
    }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { starting.finish() }
            try await server.run()
        }
        var isServing = false
        for await _ in started { isServing = true }
        // A server that did not come up says why.
        if !isServing { try await group.waitForAll() }
        let result = try await body(server)
        try await server.stop()
        try await group.waitForAll()
        return result
    }
}

/// Runs a blocking call on a thread of its own: the cooperative ones are the server's.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
}
