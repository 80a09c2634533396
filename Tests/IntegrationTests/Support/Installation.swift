import AnycodeControl
import Foundation
import ScriptedModel
import Synchronization
import TestSupport

/// Anycode installed for one test: a home, a database, a control socket and sandboxes of its own.
final class Installation: Sendable {
    private let directory: TemporaryDirectory
    private let programs = Mutex<[RunningProgram]>([])
    private let extraSandboxes = Mutex<[String]>([])
    private let variables = Mutex<[String: String]>([:])

    var path: String { directory.path }
    var socket: String { directory.file("control.sock") }
    var sandboxes: String { directory.file("sandboxes") }
    var configuration: String { directory.file("config.toml") }
    var scratch: String { directory.file("data/anycode/quickstart/scratch") }

    /// A sandbox's user has to reach what lies here, so the directory may be passed.
    private init() throws {
        directory = try TemporaryDirectory(prefix: "anycode-it")
        chmod(directory.path, 0o711)
        try FileManager.default.createDirectory(atPath: directory.file("home"), withIntermediateDirectories: true)
    }

    /// Runs `body` where sandboxes can be made, and leaves nothing behind whatever happens.
    static func with(_ body: (Installation) async throws -> Void) async throws {
        guard Surroundings.allowSandboxes else { return }
        try await anywhere(body)
    }

    /// Runs `body` whether or not this machine makes local sandboxes.
    static func anywhere(_ body: (Installation) async throws -> Void) async throws {
        let installation = try Installation()
        do {
            try await body(installation)
        } catch {
            await installation.clear()
            throw error
        }
        await installation.clear()
    }

    // MARK: Files

    @discardableResult
    func write(_ text: String, to name: String) throws -> String { try directory.write(text, to: name) }

    func read(_ name: String) -> String? { directory.read(name) }

    static let demo = """
        [agents]
        default_agent = "demo"
        [agents.credentials.demo]
        env = { ANYCODE_DEMO_PACE_MS = "2" }
        """

    /// Writes `config.toml`: the chats' sections, local sandboxes without a network, a fast demo agent.
    func configure(
        chats: String = "[console]\nenabled = true", agents: String = Installation.demo, network: String = "none",
        readOnlyPaths: [String] = [], session: String = "linger_seconds = 0", sandbox: String = ""
    ) throws {
        let paths = readOnlyPaths.map { "\"\($0)\"" }.joined(separator: ", ")
        try write(
            """
            \(chats)
            [sandbox]
            provider = "local"
            \(sandbox)
            [sandbox.local]
            network = "\(network)"
            directory = "\(sandboxes)"
            read_only_paths = [\(paths)]
            [database]
            path = "\(directory.file("anycode.db"))"
            [session]
            debounce_ms = 50
            \(session)
            \(agents)
            """, to: "config.toml")
        chmod(configuration, 0o600)
    }

    /// Writes `config.toml` with sandboxes that are containers.
    func configureDocker(
        image: String, docker: String = "", agents: String = Installation.demo,
        session: String = "linger_seconds = 0", sandbox: String = ""
    ) throws {
        try write(
            """
            [console]
            enabled = true
            [sandbox]
            provider = "docker"
            \(sandbox)
            [docker]
            image = "\(image)"
            \(docker.isEmpty ? "port_range_start = 0\nport_range_end = 0" : docker)
            [database]
            path = "\(directory.file("anycode.db"))"
            [session]
            debounce_ms = 50
            \(session)
            \(agents)
            """, to: "config.toml")
        chmod(configuration, 0o600)
    }

    /// Gives every program of ours this variable too.
    func set(_ name: String, _ value: String) { variables.withLock { $0[name] = value } }

    /// Makes `test-agent` with this model the only agent.
    func configureTestAgent(_ model: ScriptedModel, session: String = "linger_seconds = 0") throws {
        let program = try install(program: "test-agent")
        try configure(
            agents: """
                [agents]
                default_agent = "tester"
                [agents.custom.tester]
                command = ["\(program)"]
                env = { OPENAI_BASE_URL = "\(model.openAIBaseURL)", OPENAI_API_KEY = "sk-test" }
                """,
            network: "host", readOnlyPaths: [path + "/programs"], session: session)
    }

    /// Makes one agent behind a stand-in for the program `server`, which sandboxes find on their path.
    func configureServer(_ server: String, agent: String, sandbox: String) throws {
        _ = try install(program: "fake-agent-servers", as: server)
        try configure(
            agents: """
                [agents]
                default_agent = "\(agent)"
                [agents.credentials.\(agent)]
                env = { PATH = "\(path)/programs:/usr/bin:/bin" }
                """,
            readOnlyPaths: [path + "/programs"], sandbox: sandbox)
    }

    /// Puts a program where sandboxes can read it, whatever lies above the place it was built in.
    func install(program: String, as name: String? = nil) throws -> String {
        let folder = directory.file("programs")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let place = "\(folder)/\(name ?? program)"
        try FileManager.default.copyItem(atPath: Surroundings.program(program), toPath: place)
        return place
    }

    /// What the chat says in the end, without times, and with these texts left out.
    func chat(without varying: [String]) throws -> [String] {
        try ConsoleJournal.messages(at: directory.file("anycode-data/console/console.jsonl")).map { message in
            let text = varying.reduce(message.markdown) { $0.replacingOccurrences(of: $1, with: "…") }
            let plain = text.replacing(/[0-9a-f]{24,32}/, with: "…").replacing(/\d+ (s|min)( \d+ s)?\b/, with: "…")
            return "#\(message.number) \(plain)"
        }
    }

    /// The directory itself where a sandbox's user can reach it, else a copy where it can.
    func place(ofDirectory path: String) async throws -> String {
        var above = URL(fileURLWithPath: path)
        var isInReach = true
        while above.path != "/" {
            above.deleteLastPathComponent()
            let mode = try FileManager.default.attributesOfItem(atPath: above.path)[.posixPermissions] as? Int ?? 0
            isInReach = isInReach && mode & 0o001 != 0
        }
        if isInReach { return path }
        let place = directory.file((path as NSString).lastPathComponent)
        let copy = try await run("/bin/cp", "-a", path, place)
        if copy.code != 0 { throw CocoaError(.fileWriteUnknown) }
        return place
    }

    // MARK: Programs

    var environment: [String: String] {
        [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": directory.file("home"),
            "XDG_DATA_HOME": directory.file("data"), "ANYCODE_SOCKET": socket, "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        ].merging(Self.ofSanitizers) { $1 }.merging(variables.withLock { $0 }) { $1 }
    }

    /// Where `scripts/test` wants to find what a sanitizer finds.
    private static let ofSanitizers = ProcessInfo.processInfo.environment.filter {
        ["ASAN_OPTIONS", "TSAN_OPTIONS"].contains($0.key)
    }

    func anycode(_ arguments: String..., terminal: Bool = false) throws -> RunningProgram {
        try start("anycode", arguments, terminal: terminal)
    }

    /// The daemon with its configuration, its chat on pipes.
    func daemon(with variables: [String: String] = [:]) throws -> RunningProgram {
        try start("anycode", ["run", "--config", configuration], variables: variables)
    }

    /// The daemon with its database and all beside it on a small disk.
    func daemon(databaseOn disk: SmallDisk) throws -> RunningProgram {
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        let moved = text.replacingOccurrences(of: directory.file("anycode.db"), with: disk.path + "/anycode.db")
        try write(moved, to: "config.toml")
        let wrapper = disk.wrapper
        return try start(
            wrapper[0], wrapper.dropFirst() + [Surroundings.program("anycode"), "run", "--config", configuration])
    }

    func start(
        _ name: String, _ arguments: [String], variables: [String: String] = [:], terminal: Bool = false
    ) throws -> RunningProgram {
        let program = try RunningProgram(
            Surroundings.program(name), arguments, environment: environment.merging(variables) { $1 },
            terminal: terminal)
        programs.withLock { $0.append(program) }
        return program
    }

    /// Runs a program to its end.
    func run(_ name: String, _ arguments: String...) async throws -> (code: Int32?, output: String, errors: String) {
        try await run(name, arguments)
    }

    func run(_ name: String, _ arguments: [String]) async throws -> (code: Int32?, output: String, errors: String) {
        let program = try start(name, arguments)
        let code = await program.end()
        // Its descriptors go with it: some tests ask again and again.
        if code != nil { programs.withLock { $0.removeAll { $0 === program } } }
        return (code, program.output.text, program.errors.text)
    }

    /// Returns when the daemon answers operators.
    func isReady() async throws {
        let end = ContinuousClock.now + .seconds(20)
        while try await run("anycodectl", "version").code != 0 {
            guard ContinuousClock.now < end else { throw CocoaError(.fileReadNoSuchFile) }
        }
    }

    /// What an operator is shown, once it contains the words; the last look when it does not within half a minute.
    func tree(saying words: String) async throws -> String {
        let end = ContinuousClock.now + .seconds(30)
        while true {
            let tree = try await run("anycodectl", "tree").output
            if tree.contains(words) || ContinuousClock.now > end { return tree }
        }
    }

    func tree() async throws -> TreeNode {
        try WireCoding.decode(TreeNode.self, from: Data(try await run("anycodectl", "tree", "--json").output.utf8))
    }

    func show(_ session: String) async throws -> SessionDetail {
        let text = try await run("anycodectl", "show", session, "--json").output
        return try WireCoding.decode(SessionDetail.self, from: Data(text.utf8))
    }

    // MARK: Sandboxes

    /// The sandbox of a session, by the beginning of its id.
    func sandbox(of session: String) throws -> Sandbox {
        let bases = [sandboxes] + Sandbox.usualBases
        let found = bases.lazy.flatMap { Sandbox.all(in: $0) }.first { $0.session.hasPrefix(session) }
        guard let found else { throw CocoaError(.fileNoSuchFile) }
        if !found.base.hasPrefix(path) { extraSandboxes.withLock { $0.append(found.base) } }
        return found
    }

    /// Ends what the test left running and removes what it left lying about.
    private func clear() async {
        for program in programs.withLock({ $0 }) where program.isRunning { await program.killNow() }
        for base in [sandboxes] + extraSandboxes.withLock({ $0 }) {
            for sandbox in Sandbox.all(in: base) {
                for pid in sandbox.processes { kill(pid, SIGKILL) }
                for pid in sandbox.processes { _ = await ProcessEnd.wait(of: pid, within: .seconds(10)) }
                try? FileManager.default.removeItem(atPath: sandbox.path)
            }
            rmdir(base)
        }
    }
}
