import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs git so that the repository it looks at decides nothing: no hooks, monitors, external diffs, foreign
/// configuration or prompts.
///
/// Content filters that the repository's own configuration names still run, as they do for its user: this is inside
/// the sandbox.
struct Git: Sendable {
    struct Outcome: Sendable {
        var exit: ProcessExit
        var output: [UInt8]
        /// The last words on standard error.
        var words: String

        var text: String {
            var text = String(decoding: output, as: UTF8.self)
            while text.last?.isNewline == true { text.removeLast() }
            return text
        }
    }

    /// Folder for temporary files and for the configuration that replaces the user's.
    let stateDirectory: String
    let workspace: String
    let inherited: [String: String]
    let group: any EventLoopGroup
    let clock: any Clock<Duration>
    /// Deadline of one command.
    var timeout: Duration = .seconds(600)

    // Ours are given on the command line, which outranks every configuration file.
    private static let overrides = [
        "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "core.pager=cat",
        "core.quotePath=false", "gc.auto=0", "maintenance.auto=false", "commit.gpgSign=false",
        "submodule.recurse=false",
        "advice.detachedHead=false", "core.alternateRefsCommand=", "init.defaultBranch=main",
    ]

    private static let passedOn = [
        "PATH", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK", "TMPDIR",
    ]

    /// Runs git in the workspace; standard output is limited to `limit` bytes.
    func run(
        _ arguments: [String], environment: [String: String] = [:], input: OpenFile? = nil, limit: Int = 16 << 20,
        progress: @Sendable (String) -> Void = { _ in }
    ) async throws -> Outcome {
        let output = try temporaryFile()
        let (exit, words) = try await run(
            arguments, environment: environment, input: input, output: output, progress: progress)
        guard output.size <= limit else {
            throw RunnerError(.tooLarge, "The answer of git is larger than \(limit) bytes.")
        }
        return Outcome(exit: exit, output: try output.read(at: 0, count: output.size), words: words)
    }

    /// Runs git with standard output going to a file.
    func run(
        _ arguments: [String], environment extra: [String: String], input: OpenFile? = nil, output: OpenFile,
        progress: @Sendable (String) -> Void = { _ in }
    ) async throws -> (exit: ProcessExit, words: String) {
        try makeDirectory(workspace, mode: 0o755)
        let input = try input ?? OpenFile.open("/dev/null", O_RDONLY)
        let variables = try environment(extra)
        let program = try executable()
        let error = try makePipe()
        let child = try start(program, arguments, variables, (input.descriptor, output.descriptor, error.write), error)
        async let words = readWords(error.read, progress)
        async let _: Void = kill(child, after: timeout)
        let exit = await withTaskCancellationHandler {
            await child.exit()
        } onCancel: {
            child.signalGroup(SIGKILL)
        }
        let said = await words
        try Task.checkCancellation()
        return (exit, said)
    }

    private func start(
        _ program: String, _ arguments: [String], _ environment: [String: String],
        _ streams: (Int32, Int32, Int32), _ pipe: (read: Int32, write: Int32)
    ) throws(RunnerError) -> ChildProcess {
        defer { close(pipe.write) }
        do {
            return try ChildProcess(
                ProcessSpawn(
                    executable: program, arguments: Self.overrides.flatMap { ["-c", $0] } + arguments,
                    environment: environment, directory: workspace, standardStreams: streams))
        } catch {
            close(pipe.read)
            throw error
        }
    }

    private func kill(_ child: ChildProcess, after limit: Duration) async {
        // Cancelled as soon as the command has ended.
        guard (try? await clock.sleep(for: limit)) != nil else { return }
        child.signalGroup(SIGKILL)
    }

    private func readWords(_ descriptor: Int32, _ progress: @Sendable (String) -> Void) async -> String {
        let tail = TailBuffer(limit: 4096)
        guard let channel = try? await PipeChannel.reading(descriptor, on: group) else { return "" }
        var line: [UInt8] = []
        try? await channel.executeThenClose { inbound in
            for try await buffer in inbound {
                tail.append(buffer.readableBytesView)
                for byte in buffer.readableBytesView {
                    guard byte == 0x0A || byte == 0x0D else {
                        if line.count < 512 { line.append(byte) }
                        continue
                    }
                    if !line.isEmpty { progress(String(decoding: line, as: UTF8.self)) }
                    line.removeAll(keepingCapacity: true)
                }
            }
        }
        return tail.text
    }

    private func executable() throws(RunnerError) -> String {
        let path = inherited["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in path.split(separator: ":") where access("\(folder)/git", X_OK) == 0 { return "\(folder)/git" }
        throw RunnerError(.internalError, "The sandbox has no git.", hint: "Install git in the sandbox's image.")
    }

    private func environment(_ extra: [String: String]) throws(RunnerError) -> [String: String] {
        let configuration = stateDirectory + "/gitconfig"
        try makeDirectory(stateDirectory)
        // The workspace may belong to another user; only this file may say that this is meant.
        try replaceFile(configuration, with: Array("[safe]\n\tdirectory = *\n".utf8))
        var all = inherited.filter { Self.passedOn.contains($0.key) }
        all["HOME"] = stateDirectory
        all["LC_ALL"] = "C"
        all["GIT_CONFIG_GLOBAL"] = configuration
        all["GIT_CONFIG_NOSYSTEM"] = "1"
        all["GIT_TERMINAL_PROMPT"] = "0"
        all["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh"
        all["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new"
        return all.merging(extra) { $1 }
    }

    /// A file without a name.
    func temporaryFile() throws(RunnerError) -> OpenFile {
        try makeDirectory(stateDirectory)
        let path = temporaryPath()
        defer { unlink(path) }
        return try OpenFile.open(path, O_RDWR | O_CREAT | O_EXCL)
    }

    func temporaryPath() -> String {
        "\(stateDirectory)/tmp-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }
}
