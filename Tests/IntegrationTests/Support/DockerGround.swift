import AnycodeControl
import Foundation
import ScriptedModel

/// A Docker Engine that has the images of `scripts/test-images`, and one test's daemon on it.
struct DockerGround: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// A Debian with Python and git: an image as people bring it.
    static let plain = "anycode-test:plain"
    /// The first stage of our own image, with agents and the runner.
    static let agents = "anycode-test:agents"

    let installation: Installation
    /// Where the Engine listens, as `DOCKER_HOST` names it; `nil` for the usual place.
    var host: String?
    /// What the daemon is started by, so that it reaches what the Engine publishes.
    var wrapper: [String] = []

    /// Runs `body` where an Engine answers that has the images; nothing of it is left on the Engine afterwards.
    static func with(_ body: (DockerGround) async throws -> Void) async throws {
        guard await isThere() else { return }
        try await Installation.anywhere { installation in
            let host = ProcessInfo.processInfo.environment["DOCKER_HOST"]
            if let host { installation.set("DOCKER_HOST", host) }
            let ground = DockerGround(installation: installation, host: host)
            do {
                try await body(ground)
            } catch {
                try await ground.clear()
                throw error
            }
            try await ground.clear()
        }
    }

    /// Likewise with a model that containers reach.
    static func withModel(
        _ scripts: [ModelScript] = .standard, _ body: (DockerGround, ScriptedModel) async throws -> Void
    ) async throws {
        try await with { ground in
            // Containers on every bridge reach all addresses of this machine but loopback's.
            let format = "{{(index .IPAM.Config 0).Gateway}}"
            let host = try await ground.docker("network", "inspect", "bridge", "--format", format)
            try await withScriptedModel(.init(scripts: scripts, host: host)) { try await body(ground, $0) }
        }
    }

    private static func isThere() async -> Bool {
        guard hasPrograms, let found = try? await run("docker", ["image", "inspect", plain, agents]), found.code == 0
        else {
            Surroundings.skip(
                "whole tasks in Docker: no Engine with the images of scripts/test-images; use scripts/docker-engine run"
            )
            return false
        }
        return true
    }

    static var hasPrograms: Bool { FileManager.default.fileExists(atPath: programs + "/anycode-runner") }

    /// Where `scripts/portable-programs` puts programs that run in any container, and the daemon that copies them in.
    private static var programs: String {
        URL(fileURLWithPath: Surroundings.program("anycode")).deletingLastPathComponent().path + "/portable"
    }

    /// The daemon, its chat on pipes.
    func daemon() throws -> RunningProgram {
        let words = wrapper + [Self.programs + "/anycode", "run", "--config", installation.configuration]
        return try installation.start(words[0], Array(words.dropFirst()))
    }

    /// What the program `docker` prints.
    @discardableResult
    func docker(_ arguments: String...) async throws -> String {
        let result = try await Self.run("docker", arguments, host: host)
        guard result.code == 0 else {
            throw Failure(description: "docker \(arguments.joined(separator: " ")): \(result.errors)")
        }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The ids of the containers of a session, by the beginning of its id, or of all; in any state.
    func containers(of session: String = "") async throws -> [String] {
        let lines = try await list(#"{{.ID}} {{.Label "anycode.session"}}"#)
        return lines.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ").map(String.init)
            return parts.count == 2 && parts[1].hasPrefix(session) ? parts[0] : nil
        }
    }

    /// What the Engine still has, and what the operator's tool knows of, when everything should have ended.
    func leftovers() async throws -> [String] {
        let text = try await installation.run("anycodectl", "orphans", "--json").output
        let resources = try WireCoding.decode(ResourceList.self, from: Data(text.utf8)).resources
        return try await containers() + resources.map { "\($0)" }
    }

    /// Returns when nothing is left, at the latest after the reaper has looked twice.
    func whenEmpty(within limit: Duration = .seconds(70)) async throws {
        let end = ContinuousClock.now + limit
        while true {
            let left = try await leftovers()
            if left.isEmpty { return }
            guard .now < end else { throw Failure(description: "They stay: \(left)") }
        }
    }

    /// How so many sessions ended, once all have.
    func whenAllEnd(_ count: Int, within limit: Duration = .seconds(240)) async throws -> [String] {
        let end = ContinuousClock.now + limit
        while true {
            let text = try await installation.run("anycodectl", "sessions", "--all", "--json").output
            let found = (try? WireCoding.decode([SessionSummary].self, from: Data(text.utf8))) ?? []
            if found.count == count, !found.contains(where: \.isLive) { return found.map(\.state) }
            guard .now < end else { throw Failure(description: "They did not all end: \(text)") }
        }
    }

    /// Containers of the tests' own images: others on the same Engine are other people's.
    private func list(_ format: String) async throws -> String {
        try await docker(
            "ps", "--all", "--filter", "ancestor=\(Self.plain)", "--filter", "ancestor=\(Self.agents)", "--format",
            format)
    }

    private func clear() async throws {
        for id in try await list("{{.ID}}").split(separator: "\n") {
            try await docker("rm", "--force", "--volumes", String(id))
        }
    }

    static func run(
        _ name: String, _ arguments: [String], host: String? = nil
    ) async throws -> (code: Int32?, output: String, errors: String) {
        var environment = ProcessInfo.processInfo.environment
        if let host { environment["DOCKER_HOST"] = host }
        let program = try RunningProgram("/usr/bin/env", [name] + arguments, environment: environment)
        let code = await program.end()
        return (code, program.output.text, program.errors.text)
    }
}
