import AnycodeAgent
import AnycodeCore
import Foundation
import HTTPTransport
import ScriptedModel

/// What the runner's adapters cost: CPU for each streamed delta, and time until the first text against the bare program.
///
/// The runner is the program beside this one. For the CPU a script writes the deltas as the official program does; for the
/// time the real one speaks to a scripted model, where it was fetched.
enum AgentBench {
    static let deltas = 50_000
    private static let rounds = 7

    static func run(into table: inout BudgetTable) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ab-\(UUID().uuidString.prefix(6))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        table.begin("Agents driven natively")
        try await measureDeltas(in: folder.path, into: &table)
        for program in DrivenProgram.allCases { try await measureFirstText(program, in: folder.path, into: &table) }
    }

    // MARK: Deltas

    /// In turns, so that all see the same machine; the least of each is taken, since others' work only adds.
    private static func measureDeltas(in folder: String, into table: inout BudgetTable) async throws {
        try DrivenProgram.makeSpeaker(in: folder)
        for program in DrivenProgram.allCases { try program.makeSpeaker(in: folder) }
        var least: [String: Double] = [:]
        for round in 1...5 {
            for name in ["speaker"] + DrivenProgram.allCases.map(\.rawValue) {
                let taken = try await cpuPerDelta(name, in: folder, round)
                least[name] = min(taken, least[name] ?? .infinity)
            }
        }
        let plain = least["speaker"] ?? 0
        table.add("runner: CPU per delta of an ACP agent, pipe to event stream", plain * 1e6, "µs")
        for program in DrivenProgram.allCases {
            let added = (least[program.rawValue] ?? 0) - plain
            table.add("runner: CPU per delta added by the \(program.name) adapter", added * 1e6, "µs", .atMost(10))
        }
    }

    private static func cpuPerDelta(_ program: String, in folder: String, _ round: Int) async throws -> Double {
        try await withRunner(in: "\(folder)/\(program)-\(round)", environment: [:]) { runner in
            let talk = try await Talk.begin(runner, command: ["\(folder)/\(program)"])
            let before = cpu(of: runner.process.processIdentifier)
            let words = try await talk.prompt("go", saying: "word", countsAll: true)
            guard words == deltas else { throw BenchFailure("\(words) of \(deltas) deltas came from \(program)") }
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

    private static func measureFirstText(
        _ program: DrivenProgram, in folder: String, into table: inout BudgetTable
    ) async throws {
        guard let path = program.path else {
            return table.note(
                "\(program.name) was not fetched (scripts/fetch-test-agents --native): its first text is not measured.")
        }
        let script = ModelScript(steps: [.init("Only words, no tool.")])
        let (bare, driven) = try await withScriptedModel(.init(scripts: [script])) { model in
            var bare: [Double] = []
            var driven: [Double] = []
            // In turns, so that both see the same machine.
            for round in 0...rounds {
                let one = try program.firstTextAlone(path, model, home: "\(folder)/\(program)-bare-\(round)")
                let place = "\(folder)/\(program)-t\(round)"
                let other = try await withRunner(in: place, environment: program.environment(model)) { runner in
                    let start = ContinuousClock.now
                    let talk = try await Talk.begin(runner, command: [path])
                    _ = try await talk.prompt("hello", saying: "Only", countsAll: false)
                    return (ContinuousClock.now - start) / .milliseconds(1)
                }
                // The first round fills the caches.
                guard round > 0 else { continue }
                bare.append(one)
                driven.append(other)
            }
            return (bare.sorted()[rounds / 2], driven.sorted()[rounds / 2])
        }
        table.add("\(program.name) alone: from its start to the first text, median of \(rounds)", bare, "ms")
        table.add(
            "\(program.name): added to the first text by runner, adapter and client", driven - bare, "ms", .atMost(10))
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
        while let items = try await events.next() {
            for event in items.flatMap(\.events) {
                switch event {
                case .initialized: try await client.send(.openSession(.string("2"), directory: runner.workspace))
                case .sessionOpened(_, let session):
                    return Talk(client: client, events: events, session: session.id)
                case .callFailed(_, let failure): throw BenchFailure(failure.message)
                default: break
                }
            }
        }
        throw BenchFailure("the agent opened no session")
    }

    /// How many pieces of text that begin so came until the first, or until the turn's end; the rest are notices.
    func prompt(_ text: String, saying beginning: String, countsAll: Bool) async throws -> Int {
        try await client.send(.prompt(.string("3"), session, text: text))
        var count = 0
        while let items = try await events.next() {
            for event in items.flatMap(\.events) {
                switch event {
                case .text(let said):
                    guard said.hasPrefix(beginning) else { continue }
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
