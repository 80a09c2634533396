import Foundation

/// From `/task` to the agent's first word in a container: the real daemon, the real Engine, the demo agent.
///
/// The Engine's own events tell when the container was created and started; the daemon's share is the processor time that
/// it took meanwhile. `ANYCODE_BENCH_IMAGE` names another image than `anycode-sandbox:latest`.
enum DockerBench {
    private static let tasks = 7

    private struct Steps {
        var created = 0.0
        var started = 0.0
        var spoke = 0.0
        /// Processor time of the daemon.
        var own = 0.0
    }

    static func run(into table: inout BudgetTable) throws {
        table.begin("A task in Docker")
        let environment = ProcessInfo.processInfo.environment
        let image = environment["ANYCODE_BENCH_IMAGE"] ?? "anycode-sandbox:latest"
        guard let found = try? docker(["image", "inspect", "--format", "{{.Id}}", image]), !found.isEmpty else {
            return table.note("Docker was not measured: no Engine that has the image \(image) (ANYCODE_BENCH_IMAGE).")
        }
        let folder = URL(fileURLWithPath: Worker.ownProgram).deletingLastPathComponent().path
        let program = environment["ANYCODE_BENCH_DAEMON"] ?? "\(folder)/anycode"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            return table.note("Docker was not measured: anycode is not built beside this program.")
        }
        let scratch = try ScratchDirectory()
        defer { scratch.remove() }
        let daemon = try BenchedDaemon(program, configuration: try configuration(image, in: scratch.path))
        defer { daemon.end() }
        // The first one finds nothing in any cache.
        _ = try measure(daemon)
        let steps = try (0..<tasks).map { _ in try measure(daemon) }
        func median(_ value: (Steps) -> Double) -> Double { steps.map(value).median }
        table.add("/task to the container's creation", median { $0.created }, "ms")
        table.add("creation to start (the runner is copied in where the image has none)", median { $0.started }, "ms")
        table.add("start to the first word in the chat (runner, workspace, agent)", median { $0.spoke }, "ms")
        table.add("/task to the first word, median of \(tasks)", median(total), "ms")
        table.add("the daemon's own share of that, in processor time", median { $0.own }, "ms")
        table.note("Of the steps of a task in Docker, the chat's debounce of 50 ms is in the last one.")
    }

    private static func total(_ steps: Steps) -> Double { steps.created + steps.started + steps.spoke }

    private static func measure(_ daemon: BenchedDaemon) throws -> Steps {
        let (begin, own) = (Date().timeIntervalSince1970, daemon.processorTime)
        try daemon.write("/task hello\n")
        let spoke = try daemon.wait(for: "I will", or: "Failed")
        var steps = Steps()
        steps.own = (daemon.processorTime - own) * 1_000
        try daemon.write("/cancel\n")
        _ = try daemon.wait(for: "sandbox removed", or: "still being removed")
        let events = try docker([
            "events", "--since", "\(Int(begin) - 1)", "--until", "\(Int(Date().timeIntervalSince1970) + 1)",
            "--filter", "label=anycode=true", "--filter", "event=create", "--filter", "event=start",
            "--format", "{{.Action}} {{.TimeNano}}",
        ])
        guard let created = time(of: "create", in: events, after: begin),
            let started = time(of: "start", in: events, after: begin)
        else { throw LiveBenchError(words: "the Engine tells of no container") }
        steps.created = (created - begin) * 1_000
        steps.started = (started - created) * 1_000
        steps.spoke = (spoke - started) * 1_000
        return steps
    }

    /// When the Engine says that it happened, in seconds since 1970.
    private static func time(of action: String, in events: String, after begin: Double) -> Double? {
        for line in events.split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, parts[0] == action, let nanoseconds = Double(parts[1]) else { continue }
            let seconds: Double = nanoseconds / 1e9
            if seconds > begin { return seconds }
        }
        return nil
    }

    private static func configuration(_ image: String, in directory: String) throws -> String {
        let text = """
            [console]
            enabled = true
            [sandbox]
            provider = "docker"
            [docker]
            image = "\(image)"
            port_range_start = 0
            port_range_end = 0
            [database]
            path = "\(directory)/anycode.db"
            [control]
            socket = "\(directory)/socket"
            [session]
            debounce_ms = 50
            linger_seconds = 0
            [agents]
            default_agent = "demo"
            [agents.credentials.demo]
            env = { ANYCODE_DEMO_PACE_MS = "0" }
            """
        let file = directory + "/config.toml"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: NSNumber(value: 0o600)]
        guard FileManager.default.createFile(atPath: file, contents: Data(text.utf8), attributes: attributes) else {
            throw CocoaError(.fileWriteUnknown)
        }
        return file
    }

    private static func docker(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["docker"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A daemon whose chat is a pair of pipes.
private final class BenchedDaemon {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var text = ""

    init(_ program: String, configuration: String) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["run", "--config", configuration]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func write(_ line: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(line.utf8)) }

    /// Reads on until the words come; the time then, in seconds since 1970.
    func wait(for words: String, or bad: String) throws -> Double {
        while true {
            if let found = text.range(of: words) {
                text = String(text[found.upperBound...])
                return Date().timeIntervalSince1970
            }
            if text.contains(bad) { throw LiveBenchError(words: "the task failed: \(text.suffix(500))") }
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw LiveBenchError(words: "the daemon ended: \(text.suffix(500))") }
            text += String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Seconds of all its threads, user and system.
    var processorTime: Double {
        let stat = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)) ?? ""
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    func end() {
        process.terminate()
        process.waitUntilExit()
    }
}
