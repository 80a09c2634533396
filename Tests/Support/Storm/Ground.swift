import CSandboxSystem
import Foundation

/// Where a storm takes place: configuration, database, sandboxes and logs in one directory, kept when it fails.
package struct Ground: Sendable {
    package let path: String
    let programs: String

    var ledger: String { path + "/ledger/sock" }
    var sandboxes: String { path + "/boxes" }
    var socket: String { path + "/control.sock" }
    var log: String { path + "/daemon.log" }

    /// - Parameters:
    ///   - path: a directory that is made; sandboxes' users pass it.
    ///   - programs: where the programs under test lie.
    package init(path: String, programs: String) throws {
        self.path = path
        self.programs = programs
        for folder in ["", "/home", "/ledger", "/programs"] {
            try FileManager.default.createDirectory(atPath: path + folder, withIntermediateDirectories: true)
            chmod(path + folder, 0o711)
        }
        // Wherever it was built, the sandbox's user has to reach it.
        try FileManager.default.copyItem(atPath: programs + "/storm-agent", toPath: path + "/programs/storm-agent")
    }

    func program(_ name: String) -> String { "\(programs)/\(name)" }

    /// What happens to sandboxes when the daemon is told to end.
    enum OnShutdown: String, CaseIterable {
        case detach, destroy
    }

    func configuration(_ onShutdown: OnShutdown) -> String { "\(path)/\(onShutdown.rawValue).toml" }

    func writeConfigurations(telegram: String, token: String) throws {
        for choice in OnShutdown.allCases {
            let text = """
                [telegram]
                bot_token = "\(token)"
                api_base_url = "\(telegram)"
                access = "open"
                [sandbox]
                provider = "local"
                [sandbox.local]
                network = "none"
                directory = "\(sandboxes)"
                read_only_paths = ["\(path)/programs", "\(path)/ledger"]
                [database]
                path = "\(path)/anycode.db"
                [session]
                debounce_ms = 100
                linger_seconds = 0
                on_shutdown = "\(choice.rawValue)"
                [control]
                socket = "\(socket)"
                [agents]
                default_agent = "storm"
                [agents.custom.storm]
                command = ["\(path)/programs/storm-agent"]
                env = { STORM_LEDGER = "\(ledger)" }
                """
            try text.write(toFile: configuration(choice), atomically: true, encoding: .utf8)
            chmod(configuration(choice), 0o600)
        }
    }

    var environment: [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": path + "/home",
            "LANG": "C.UTF-8",
        ]
    }

    package func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    // MARK: What is left

    var leases: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: sandboxes)) ?? []).sorted()
    }

    /// Processes that have anything of this storm: in their command, environment or mounts.
    var processes: [(pid: Int32, command: String)] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.filter { $0 != getpid() && isOurs($0) }
            .map { ($0, text("/proc/\($0)/cmdline").replacingOccurrences(of: "\0", with: " ")) }
    }

    private func isOurs(_ pid: Int32) -> Bool {
        ["cmdline", "environ", "mountinfo"].contains { text("/proc/\(pid)/\($0)").contains(path) }
    }

    /// Control groups that are named after a sandbox.
    func groups(of leases: Set<String>) -> [String] {
        guard let all = FileManager.default.enumerator(atPath: "/sys/fs/cgroup") else { return [] }
        return all.compactMap { $0 as? String }.filter { name in
            let last = (name as NSString).lastPathComponent
            return last.hasPrefix("anycode-") && leases.contains { last.contains($0) }
        }
    }

    private func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// One sandbox, looked at from outside.
struct Box: Sendable {
    let path: String
    let main: Int32
    let runner: Int32

    private struct Record: Decodable {
        struct Process: Decodable {
            let pid: Int32
        }

        let main: Process?
    }

    init?(_ path: String) {
        guard let data = FileManager.default.contents(atPath: path + "/lease.json"),
            let main = try? JSONDecoder().decode(Record.self, from: data).main?.pid,
            let children = try? String(contentsOfFile: "/proc/\(main)/task/\(main)/children", encoding: .utf8),
            let runner = children.split(separator: " ").compactMap({ Int32($0) }).first,
            let command = FileManager.default.contents(atPath: "/proc/\(runner)/cmdline"),
            String(decoding: command, as: UTF8.self).hasPrefix("/run/anycode/bin/anycode-runner")
        else { return nil }
        self.path = path
        self.main = main
        self.runner = runner
    }

    /// The messages of the agent in the runner's log, and the job that it works on.
    var log: (job: Int, lines: Set<String>)? {
        let servers = path + "/state/servers"
        var job: Int?
        var lines: Set<String> = []
        for server in (try? FileManager.default.contentsOfDirectory(atPath: servers)) ?? [] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(servers)/\(server)")) ?? []
            for name in names.sorted() where name.hasSuffix(".seg") {
                let bytes = FileManager.default.contents(atPath: "\(servers)/\(server)/\(name)") ?? Data()
                for (kind, text) in Self.records([UInt8](bytes)) {
                    job = job ?? text.firstMatch(of: /job=(\d+)/).flatMap { Int($0.output.1) }
                    if kind == 1 { lines.formUnion(text.matches(of: /j\d+t\d+n\d+/).map { String($0.output) }) }
                }
            }
        }
        return job.map { ($0, lines) }
    }

    /// Whole records: length and checksum of four bytes each, kind, number of eight bytes, payload.
    private static func records(_ bytes: [UInt8]) -> [(kind: UInt8, text: String)] {
        var found: [(UInt8, String)] = []
        var place = 0
        while place + 17 <= bytes.count {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            guard place + 17 + length <= bytes.count else { break }
            found.append((bytes[place + 8], String(decoding: bytes[place + 17..<place + 17 + length], as: UTF8.self)))
            place += 17 + length
        }
        return found
    }
}
