import AnycodeAgent
import AnycodeCore
import Foundation
import HTTPTransport
import ScriptedModel

/// What the runner's adapters cost: CPU for each streamed delta, and time until the first text against the bare program.
///
/// The runner is the program beside this one. For the CPU a script writes the deltas as Claude Code does; for the time the
/// real Claude Code speaks to a scripted model, where it was fetched.
enum AgentBench {
    private static let deltas = 50_000
    private static let rounds = 7

    static func run(into table: inout BudgetTable) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ab-\(UUID().uuidString.prefix(6))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        table.begin("Agents driven natively")
        try await measureDeltas(in: folder.path, into: &table)
        try await measureFirstText(in: folder.path, into: &table)
    }

    // MARK: Deltas

    private static func measureDeltas(in folder: String, into table: inout BudgetTable) async throws {
        try makeSpeakers(in: folder)
        let plain = try await cpuPerDelta("speaker", in: folder)
        let adapted = try await cpuPerDelta("claude", in: folder)
        table.add("runner: CPU per delta of an ACP agent, pipe to event stream", plain * 1e6, "µs")
        table.add("runner: CPU per delta added by the Claude Code adapter", (adapted - plain) * 1e6, "µs", .atMost(10))
    }

    /// `claude` writes stream-json, `speaker` the same words as ACP.
    private static func makeSpeakers(in folder: String) throws {
        func delta(_ number: Int) -> String {
            #"{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word\#(number) "}},"session_id":"s","parent_tool_use_id":null}"#
        }
        func update(_ number: Int) -> String {
            #"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"word\#(number) "},"messageId":"m"}}}"#
        }
        try (1...deltas).map(delta).joined(separator: "\n").appending("\n")
            .write(toFile: folder + "/claude.txt", atomically: true, encoding: .utf8)
        try (1...deltas).map(update).joined(separator: "\n").appending("\n")
            .write(toFile: folder + "/speaker.txt", atomically: true, encoding: .utf8)
        let claude = """
            #!/bin/sh
            read -r line
            echo '{"type":"control_response","response":{"subtype":"success","request_id":"anycode-1","response":{"claude_code_version":"2.1.330"}}}'
            read -r line
            cat '\(folder)/claude.txt'
            echo '{"type":"result","subtype":"success","stop_reason":"end_turn"}'
            read -r line
            """
        let speaker = """
            #!/bin/sh
            read -r line
            echo '{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":1,"agentCapabilities":{}}}'
            read -r line
            echo '{"jsonrpc":"2.0","id":"2","result":{"sessionId":"s"}}'
            read -r line
            cat '\(folder)/speaker.txt'
            echo '{"jsonrpc":"2.0","id":"3","result":{"stopReason":"end_turn"}}'
            read -r line
            """
        for (name, text) in [("claude", claude), ("speaker", speaker)] {
            _ = FileManager.default.createFile(
                atPath: "\(folder)/\(name)", contents: Data(text.utf8), attributes: [.posixPermissions: 0o755])
        }
    }

    private static func cpuPerDelta(_ program: String, in folder: String) async throws -> Double {
        try await withRunner(in: folder + "/run-" + program, environment: [:]) { runner in
            let talk = try await Talk.begin(runner, command: ["\(folder)/\(program)"])
            let before = cpu(of: runner.process.processIdentifier)
            let words = try await talk.prompt("go", countsAll: true)
            guard words == deltas else { throw BenchFailure("\(words) of \(deltas) deltas came") }
            return (cpu(of: runner.process.processIdentifier) - before) / Double(deltas)
        }
    }

    /// Seconds, user and system, in ticks of 10 ms.
    private static func cpu(of process: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 12 else { return 0 }
        return Double((Int(fields[12]) ?? 0) + (Int(fields[11]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    // MARK: First text

    private static func measureFirstText(in folder: String, into table: inout BudgetTable) async throws {
        let agents = ProcessInfo.processInfo.environment["ANYCODE_TEST_AGENTS"] ?? ".build/agents"
        let program = URL(fileURLWithPath: agents + "/claude").standardizedFileURL.path
        guard FileManager.default.isExecutableFile(atPath: program) else {
            return table.note(
                "Claude Code was not fetched (scripts/fetch-test-agents --native): its first text is not measured.")
        }
        let script = ModelScript(steps: [.init("Only words, no tool.")])
        let (bare, driven) = try await withScriptedModel(.init(scripts: [script])) { model in
            let environment = [
                "ANTHROPIC_BASE_URL": model.anthropicBaseURL, "ANTHROPIC_API_KEY": "sk-bench",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
            ]
            var bare: [Double] = []
            var driven: [Double] = []
            // In turns, so that both see the same machine.
            for round in 0...rounds {
                let one = try firstTextOfBare(program, environment, home: "\(folder)/bare-\(round)")
                let other = try await withRunner(in: "\(folder)/t\(round)", environment: environment) { runner in
                    let start = ContinuousClock.now
                    let talk = try await Talk.begin(runner, command: [program])
                    _ = try await talk.prompt("hello", countsAll: false)
                    return (ContinuousClock.now - start) / .milliseconds(1)
                }
                // The first round fills the caches.
                guard round > 0 else { continue }
                bare.append(one)
                driven.append(other)
            }
            return (bare.sorted()[rounds / 2], driven.sorted()[rounds / 2])
        }
        table.add("Claude Code alone: from its start to the first text, median of \(rounds)", bare, "ms")
        table.add(
            "Claude Code: added to the first text by runner, adapter and client", driven - bare, "ms", .atMost(10))
    }

    private static func firstTextOfBare(_ program: String, _ environment: [String: String], home: String) throws
        -> Double
    {
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "-p", "--output-format", "stream-json", "--input-format", "stream-json", "--verbose",
            "--include-partial-messages", "--permission-prompt-tool", "stdio", "--setting-sources", "user",
            "--strict-mcp-config",
        ]
        process.environment = environment.merging(["HOME": home, "PATH": "/usr/bin:/bin"]) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: home)
        (process.standardInput, process.standardOutput) = (input, output)
        process.standardError = FileHandle.nullDevice
        let start = ContinuousClock.now
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        input.fileHandleForWriting.write(
            Data(#"{"type":"user","message":{"role":"user","content":"hello"}}"#.utf8) + Data("\n".utf8))
        var text = Data()
        while true {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw BenchFailure("Claude Code ended without a word") }
            text += more
            if text.range(of: Data("text_delta".utf8)) != nil {
                return (ContinuousClock.now - start) / .milliseconds(1)
            }
        }
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

// MARK: - The runner

/// A runner's process and the way to it.
private struct RunningRunner {
    let process: Process
    let endpoint: SandboxEndpoint
    let workspace: String
}

private func withRunner<Value>(
    in folder: String, environment: [String: String], _ body: (RunningRunner) async throws -> Value
) async throws -> Value {
    for part in ["state", "work", "home"] {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
    }
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let process = Process()
    process.executableURL = own.appendingPathComponent("anycode-runner")
    process.arguments = [
        "serve", "--listen", "unix:\(folder)/s", "--state-dir", "\(folder)/state", "--workspace", "\(folder)/work",
        "--home", "\(folder)/home",
    ]
    process.environment = environment.merging(["ANYCODE_RUNNER_TOKEN": "bench", "PATH": "/usr/bin:/bin"]) { $1 }
    let said = Pipe()
    process.standardError = said
    try process.run()
    defer {
        process.terminate()
        process.waitUntilExit()
    }
    // It says where it serves once it does.
    guard !said.fileHandleForReading.availableData.isEmpty else { throw BenchFailure("the runner did not start") }
    let endpoint = SandboxEndpoint(address: .unixSocket(path: folder + "/s"), token: Secret("bench"))
    return try await body(RunningRunner(process: process, endpoint: endpoint, workspace: folder + "/work"))
}

/// A conversation through the daemon's own client.
private struct Talk {
    private let client: any AgentClient
    private let events: AgentEventStream
    private let session: AgentSessionID

    static func begin(_ runner: RunningRunner, command: [String]) async throws -> Talk {
        let connector = RunnerConnector(
            http: try HTTPClient(configuration: .init(userAgent: "bench")), configuration: .init(version: "bench"))
        let agent = AgentName("bench")
        try await connector.workspace(for: runner.endpoint).defineAgent(agent, command: command, environment: [:])
        let client = connector.client(for: runner.endpoint, agent: agent)
        try await client.send(.initialize(.string("1")))
        let events = try await client.events(after: nil)
        try await client.send(.openSession(.string("2"), directory: runner.workspace))
        while let items = try await events.next() {
            for event in items.flatMap(\.events) {
                if case .sessionOpened(_, let session) = event {
                    return Talk(client: client, events: events, session: session.id)
                }
            }
        }
        throw BenchFailure("the agent opened no session")
    }

    /// How many pieces of text came until the first, or until the turn's end.
    func prompt(_ text: String, countsAll: Bool) async throws -> Int {
        try await client.send(.prompt(.string("3"), session, text: text))
        var count = 0
        while let items = try await events.next() {
            for event in items.flatMap(\.events) {
                switch event {
                case .text:
                    count += 1
                    if !countsAll { return count }
                case .turnEnded, .callFailed: return count
                default: break
                }
            }
        }
        throw BenchFailure("the stream ended")
    }
}
