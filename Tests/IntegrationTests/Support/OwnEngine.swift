import Foundation
import Synchronization
import TestSupport

/// A Docker Engine of one test's own, which can be killed and started again.
///
/// It has a network, mounts and a process table of its own: other Engines are not disturbed, and nothing of it is left
/// once the first process of that table ends, whatever a test did.
final class OwnEngine: Sendable {
    private let directory: TemporaryDirectory
    private let options: [String]
    /// Holds the Engine's surroundings.
    private let surroundings: RunningProgram
    private let first: Int32
    private let engine = Mutex<RunningProgram?>(nil)

    var host: String { "unix://\(directory.file("docker.sock"))" }

    /// Runs `body` with an Engine that has the image `DockerGround.plain`; nothing of it is left afterwards.
    ///
    /// - Parameter options: of `dockerd`, each time it is started.
    static func with(_ options: [String] = [], _ body: (OwnEngine) async throws -> Void) async throws {
        guard isPossible else { return }
        let engine = try await OwnEngine(options)
        do {
            try await engine.start()
            _ = try await DockerGround.run("docker", ["import", image, DockerGround.plain], host: engine.host)
            try await body(engine)
        } catch {
            await engine.clear()
            throw error
        }
        await engine.clear()
    }

    /// Runs `body` with an installation whose sandboxes are containers of this Engine.
    func withGround(_ body: (DockerGround) async throws -> Void) async throws {
        try await Installation.anywhere { installation in
            installation.set("DOCKER_HOST", host)
            try await body(DockerGround(installation: installation, host: host, wrapper: enter + ["--net", "--"]))
        }
    }

    private init(_ options: [String]) async throws {
        directory = try TemporaryDirectory(prefix: "anycode-engine")
        chmod(directory.path, 0o711)
        self.options = options
        // A shell collects the processes that nobody else waits for any more.
        surroundings = try RunningProgram(
            "/usr/bin/env",
            ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--propagation", "private"]
                + ["sh", "-c", "ip link set lo up && echo ready; sleep infinity & wait"],
            environment: ProcessInfo.processInfo.environment)
        try await surroundings.expect("ready")
        first = ProcessList.tree(of: surroundings.pid).dropFirst().first ?? 0
    }

    private var enter: [String] { ["/usr/bin/env", "nsenter", "--target", "\(first)"] }

    // MARK: Starting and ending

    /// Returns when it answers.
    func start() async throws {
        let words =
            enter + ["--net", "--mount", "--pid", "--", "dockerd", "--host", host]
            + ["--data-root", directory.file("data"), "--exec-root", directory.file("exec")]
            + ["--pidfile", directory.file("pid")] + options
        let program = try RunningProgram(
            words[0], Array(words.dropFirst()), environment: ProcessInfo.processInfo.environment)
        engine.withLock { $0 = program }
        _ = await program.errors.wait(within: .seconds(60)) { text, hasEnded in
            hasEnded || text.contains("API listen on")
        }
        guard program.errors.text.contains("API listen on") else {
            throw DockerGround.Failure(description: "dockerd does not start: \(program.errors.text.suffix(2000))")
        }
    }

    /// Ends it and returns when it is gone: with SIGTERM it ends its containers first, with SIGKILL it does nothing more.
    func end(_ signal: Int32) async throws {
        guard let program = engine.withLock({ $0 }),
            let pid = ProcessList.tree(of: program.pid).dropFirst().first
        else { throw DockerGround.Failure(description: "There is no Engine to end.") }
        kill(pid, signal)
        guard await program.end() != nil else { throw DockerGround.Failure(description: "dockerd does not end.") }
    }

    private func clear() async {
        if first > 1 { kill(first, SIGKILL) }
        _ = await surroundings.end()
        _ = await engine.withLock { $0 }?.end()
    }

    // MARK: What it takes

    /// Where `scripts/test-images` keeps a Debian with Python and git.
    private static var image: String {
        let sources = URL(fileURLWithPath: #filePath)
        return sources.appendingPathComponent("../../../../.build/test-images/debian.tar").standardizedFileURL.path
    }

    private static var isPossible: Bool {
        let programs = ["dockerd", "docker", "nsenter", "unshare", "ip"]
        let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let missing = programs.filter { name in
            !places.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        }
        if geteuid() != 0 {
            Surroundings.skip("a Docker Engine that restarts: it is started by root only")
        } else if !missing.isEmpty {
            Surroundings.skip("a Docker Engine that restarts: missing here: \(missing.joined(separator: ", "))")
        } else if !FileManager.default.fileExists(atPath: image) || !DockerGround.hasPrograms {
            Surroundings.skip("a Docker Engine that restarts: scripts/test-images has not been run")
        } else {
            return true
        }
        return false
    }
}
