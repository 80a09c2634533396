import Foundation

/// Sizes of the programs beside this one, and how soon and how small those that stay are when idle.
enum ProgramBench {
    private static let starts = 5

    static func run(into table: inout BudgetTable) throws {
        let folder = URL(fileURLWithPath: Worker.ownProgram).deletingLastPathComponent().path
        table.begin("Programs")
        for name in ["anycode", "anycodectl", "anycode-runner", "anycode-demo-agent"] {
            guard FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") else {
                table.note("\(name) was not measured: it is not built beside this program (`make build`).")
                continue
            }
            let budget: BudgetTable.Budget? = name == "anycode-runner" ? .atMost(30) : nil
            table.add("\(name), stripped", try strippedSize("\(folder)/\(name)") / 1e6, "MB", budget)
        }
        try measure("daemon", "\(folder)/anycode", ready: 200, memory: 20, into: &table, prepare: daemon)
        try measure("runner", "\(folder)/anycode-runner", ready: 50, memory: 10, into: &table, prepare: runner)
    }

    private static func strippedSize(_ program: String) throws -> Double {
        let scratch = try ScratchDirectory()
        defer { scratch.remove() }
        let copy = scratch.path + "/program"
        let strip = Process()
        strip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        strip.arguments = ["strip", "-o", copy, program]
        try strip.run()
        strip.waitUntilExit()
        let measured = strip.terminationStatus == 0 ? copy : program
        return try FileManager.default.attributesOfItem(atPath: measured)[.size] as? Double ?? 0
    }

    /// How to start a program in a directory.
    private struct Start {
        var arguments: [String]
        var environment: [String: String]
        /// Answers once the program is ready.
        var socket: String
    }

    private static func daemon(in directory: String) throws -> Start {
        let configuration = """
            [console]
            enabled = true
            [sandbox]
            provider = "local"
            [sandbox.local]
            directory = "\(directory)/sandboxes"
            [database]
            path = "\(directory)/anycode.db"
            [control]
            socket = "\(directory)/socket"
            [agents]
            default_agent = "demo"
            [agents.credentials.demo]
            env = {}
            """
        let file = directory + "/config.toml"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: NSNumber(value: 0o600)]
        guard FileManager.default.createFile(atPath: file, contents: Data(configuration.utf8), attributes: attributes)
        else { throw CocoaError(.fileWriteUnknown) }
        return Start(
            arguments: ["--config", file], environment: ["HOME": directory, "PATH": "/usr/bin:/bin"],
            socket: directory + "/socket")
    }

    private static func runner(in directory: String) -> Start {
        Start(
            arguments: [
                "serve", "--listen", "unix:\(directory)/socket", "--state-dir", directory, "--workspace", directory,
            ],
            environment: ["ANYCODE_RUNNER_TOKEN": "bench", "HOME": directory], socket: directory + "/socket")
    }

    private static func measure(
        _ name: String, _ program: String, ready: Double, memory: Double, into table: inout BudgetTable,
        prepare: (String) throws -> Start
    ) throws {
        guard FileManager.default.isExecutableFile(atPath: program) else { return }
        var times: [Double] = []
        var bytes: [Double] = []
        for _ in 0..<starts {
            let scratch = try ScratchDirectory()
            defer { scratch.remove() }
            let figures = try startOnce(program, try prepare(scratch.path))
            times.append(figures.milliseconds)
            bytes.append(figures.bytes)
        }
        table.add("\(name): start to ready, median of \(starts)", times.median, "ms", .atMost(ready))
        table.add("\(name): idle anonymous memory", bytes.median / 1e6, "MB", .atMost(memory))
    }

    private static func startOnce(
        _ program: String, _ start: Start
    ) throws -> (milliseconds: Double, bytes: Double) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = start.arguments
        process.environment = start.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let begin = LiveBench.microseconds()
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        while !answers(start.socket) {
            guard LiveBench.microseconds() - begin < 10_000_000, process.isRunning else {
                throw LiveBenchError(words: "\(program) does not get ready")
            }
            usleep(500)
        }
        let ready = Double(LiveBench.microseconds() - begin) / 1_000
        usleep(1_000_000)
        return (ready, Double(Usage.anonymousMemory(of: "\(process.processIdentifier)")))
    }

    /// Whether somebody listens on the socket.
    private static func answers(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
