import Foundation
import Testing

/// `docker/entrypoint.sh` in the first stage of the sandbox's image.
@Suite struct EntrypointTests {
    /// Runs the image to its end, with a folder of this machine at `/given`.
    private func run(
        _ ground: DockerGround, _ variables: [String: String], _ command: [String] = []
    ) async throws -> (code: Int32?, words: String) {
        let given = ground.installation.path + "/given"
        var arguments = ["run", "--rm", "--volume", "\(given):/given:ro"]
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) { arguments += ["--env", "\(name)=\(value)"] }
        if !command.isEmpty { arguments += ["--entrypoint", "/usr/bin/tini"] }
        arguments += [DockerGround.agents] + (command.isEmpty ? [] : ["--"] + command)
        let result = try await DockerGround.run("docker", arguments)
        return (result.code, result.output + result.errors)
    }

    /// A folder `/given` with programs that stand in for the servers; each says what it was started with.
    private func prepare(_ ground: DockerGround) throws {
        for name in ["anycode-runner", "opencode", "sandbox-agent"] {
            let script = """
                #!/bin/sh
                echo "started: \(name) $*"
                echo "in $(pwd); files: $(ls | tr '\\n' ' ')"
                printf 'url=https://github.com/o/r\\n\\n' | git credential fill 2>&1 | grep password=
                env | grep -E '^(OPENCODE_SERVER_PASSWORD|ANYCODE_RUNNER_TOKEN)='
                grep -rlE 'ghp_secret' "$HOME" /workspace /etc/gitconfig 2>/dev/null | sed 's/^/on disk: /'
                exit 7
                """
            try ground.installation.write(script, to: "given/bin/\(name)")
            chmod(ground.installation.path + "/given/bin/\(name)", 0o755)
        }
        chmod(ground.installation.path + "/given", 0o755)
        chmod(ground.installation.path + "/given/bin", 0o755)
    }

    private static let path = "/given/bin:/usr/local/bin:/usr/bin:/bin"

    @Test(arguments: [
        ("acp", "started: anycode-runner serve --listen tcp:0.0.0.0:2468 --state-dir /.anycode/state"),
        ("acpx", "started: anycode-runner serve"),
        ("opencode", "started: opencode serve --hostname 0.0.0.0 --port 2468"),
        ("sandbox-agent", "started: sandbox-agent server --no-telemetry --host 0.0.0.0 --port 2468 --token t0k3n"),
    ])
    func startsTheServerOfTheProtocol(_ name: String, _ words: String) async throws {
        try await DockerGround.with { ground in
            try prepare(ground)
            let result = try await run(
                ground, ["PATH": Self.path, "ANYCODE_PROTOCOL": name, "ANYCODE_RUNNER_TOKEN": "t0k3n"])
            #expect(result.code == 7)
            #expect(result.words.contains(words), "\(result.words)")
            #expect(result.words.contains("in /workspace/repo"))
            #expect(result.words.contains("OPENCODE_SERVER_PASSWORD=t0k3n") == (name == "opencode"))
            #expect(result.words.contains("ANYCODE_RUNNER_TOKEN=t0k3n") == name.hasPrefix("acp"))
        }
    }

    @Test func theTokenOfGitHubIsForGitAndOnNoDisk() async throws {
        try await DockerGround.with { ground in
            try prepare(ground)
            let variables = ["PATH": Self.path, "ANYCODE_RUNNER_TOKEN": "t", "GITHUB_TOKEN": "ghp_secret"]
            let with = try await run(ground, variables)
            #expect(with.words.contains("password=ghp_secret"))
            #expect(!with.words.contains("on disk:"), "\(with.words)")
            let without = try await run(ground, ["PATH": Self.path, "ANYCODE_RUNNER_TOKEN": "t"])
            #expect(!without.words.contains("password="))
        }
    }

    @Test func aRepositoryIsClonedOrTheReasonIsTold() async throws {
        try await DockerGround.with { ground in
            try prepare(ground)
            let make = """
                cd /tmp && git init -q -b main repo && cd repo && echo hi > file && git add file \
                && git -c user.name=a -c user.email=a@b commit -q -m one && exec anycode-entrypoint
                """
            var variables = [
                "PATH": Self.path, "ANYCODE_RUNNER_TOKEN": "t", "ANYCODE_REPO": "file:///tmp/repo",
            ]
            let cloned = try await run(ground, variables, ["bash", "-c", make])
            #expect(cloned.code == 7 && cloned.words.contains("files: file"), "\(cloned.words)")
            variables["ANYCODE_REPO"] = "file:///given/nothing"
            let missing = try await run(ground, variables)
            #expect(missing.code == 65 && missing.words.contains("cannot clone file:///given/nothing: fatal: "))
            variables["ANYCODE_REPO"] = "https://ana:s3cret@127.0.0.1:1/o/r"
            let unreachable = try await run(ground, variables)
            #expect(unreachable.code == 65 && !unreachable.words.contains("s3cret"), "\(unreachable.words)")
            variables["ANYCODE_REPO"] = "nonsense"
            #expect(try await run(ground, variables).code == 64)
        }
    }

    @Test(arguments: [
        (["ANYCODE_PROTOCOL": "telnet", "ANYCODE_RUNNER_TOKEN": "t"], "not telnet"),
        ([:], "ANYCODE_RUNNER_TOKEN is missing"),
        (["ANYCODE_RUNNER_TOKEN": "t", "ANYCODE_LISTEN": "2468"], "no tcp:HOST:PORT"),
        (["ANYCODE_PROTOCOL": "opencode", "ANYCODE_RUNNER_TOKEN": "t"], "needs the program opencode"),
    ])
    func wrongSettingsAreNamed(_ variables: [String: String], _ words: String) async throws {
        try await DockerGround.with { ground in
            try prepare(ground)
            let result = try await run(ground, variables)
            #expect(result.code == 64)
            #expect(result.words.contains(words), "\(result.words)")
        }
    }

    @Test func signalsReachTheRunnerAndOrphansAreCollected() async throws {
        try await DockerGround.with { ground in
            let id = try await ground.docker(
                "run", "--detach", "--env", "ANYCODE_RUNNER_TOKEN=t", DockerGround.agents)
            while try await !DockerGround.run("docker", ["logs", id]).errors.contains("Serving on") {}
            // The middle one ends at once; the last one is left to whoever collects.
            try await ground.docker("exec", "--detach", id, "bash", "-c", "(sleep 0.2 &) ; exit 0")
            try await ground.docker("exec", id, "sleep", "1")
            let states = try await ground.docker("exec", id, "ps", "-eo", "stat=,comm=")
            #expect(!states.split(separator: "\n").contains { $0.hasPrefix("Z") }, "\(states)")
            try await ground.docker("stop", "--time", "20", id)
            #expect(try await ground.docker("inspect", "--format", "{{.State.ExitCode}}", id) == "0")
            try await ground.docker("rm", "--force", id)
        }
    }
}
