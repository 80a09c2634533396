import Foundation
import Synchronization
import TestJSON
import TestSupport

/// Runs the test agent and speaks ACP with it over pipes.
final class TestAgentClient: Sendable {
    let directory: TemporaryDirectory
    private let process: Process
    private let input: FileHandle
    private let messages: AsyncStream<JSON>

    /// The program beside the test bundle.
    init(in directory: TemporaryDirectory, baseURL: String) throws {
        self.directory = directory
        let (messages, continuation) = AsyncStream.makeStream(of: JSON.self)
        self.messages = messages
        let lines = LineBuffer()
        let toAgent = Pipe()
        let fromAgent = Pipe()
        process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "test-agent")
        process.environment = [
            "HOME": directory.path, "PATH": "/usr/bin:/bin", "OPENAI_BASE_URL": baseURL, "OPENAI_API_KEY": "sk-test",
        ]
        process.standardInput = toAgent
        process.standardOutput = fromAgent
        input = toAgent.fileHandleForWriting
        fromAgent.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return continuation.finish()
            }
            for line in lines.add(data) {
                if let message = try? JSON(parsing: line) { continuation.yield(message) }
            }
        }
        try process.run()
    }

    var isRunning: Bool { process.isRunning }

    func send(_ method: String, id: Int? = nil, _ params: JSON) throws {
        try send(
            (["jsonrpc": "2.0", "method": .string(method), "params": params] as JSON).with(["id": id.map(JSON.integer)])
        )
    }

    func choose(_ option: String, for request: JSON) throws {
        let outcome: JSON = ["outcome": "selected", "optionId": .string(option)]
        try send(["jsonrpc": "2.0", "id": request["id"] ?? .null, "result": ["outcome": outcome]])
    }

    private func send(_ message: JSON) throws {
        try input.write(contentsOf: Data((message.text + "\n").utf8))
    }

    /// Messages up to the first for which `condition` holds, with it.
    func messages(until condition: (JSON) -> Bool) async -> [JSON] {
        var seen: [JSON] = []
        for await message in messages {
            seen.append(message)
            if condition(message) { break }
        }
        return seen
    }

    func answer(to id: Int) async -> JSON {
        await messages { $0["id"]?.integer == id && $0["method"] == nil }.last ?? .null
    }

    /// Starts a session; returns its id.
    func newSession() async throws -> String {
        try send("initialize", id: 1, ["protocolVersion": 1])
        _ = await answer(to: 1)
        try send("session/new", id: 2, ["cwd": .string(directory.path), "mcpServers": []])
        return await answer(to: 2)["result"]?["sessionId"]?.string ?? ""
    }

    func prompt(_ text: String, in session: String, id: Int) throws {
        try send(
            "session/prompt", id: id,
            ["sessionId": .string(session), "prompt": [["type": "text", "text": .string(text)]]])
    }

    func end() {
        try? input.close()
        process.waitUntilExit()
    }
}

extension JSON {
    /// The update's kind, or the method.
    var kind: String? { self["params"]?["update"]?["sessionUpdate"]?.string ?? self["method"]?.string }

    var update: JSON { self["params"]?["update"] ?? .null }
}

/// Cuts bytes into lines.
private final class LineBuffer: Sendable {
    private let unfinished = Mutex<[UInt8]>([])

    func add(_ data: Data) -> [ArraySlice<UInt8>] {
        unfinished.withLock { rest in
            var lines = (rest + data).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest = lines.popLast().map(Array.init) ?? []
            return lines
        }
    }
}
