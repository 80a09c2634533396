import AnycodeControl
import FakeGitHub
import Foundation
import ScriptedModel
import Testing

/// Open PR through the whole daemon: a repository that wants the token, git over HTTP, and GitHub's API.
@Suite struct PullRequestTests {
    /// What one test has: the daemon, and the GitHub that it was told of.
    private struct Ground {
        let installation: Installation
        let daemon: RunningProgram
        let github: FakeGitHub
        let repository: String

        /// What git says of the repository that was cloned.
        func git(_ arguments: String...) async throws -> String {
            try await installation.git(["--git-dir", repository] + arguments)
        }

        /// Begins the task, and returns the session's id once it has changed something.
        func begin(_ words: String = "make the file") async throws -> String {
            daemon.enter("/task \(words) in \(github.cloneURL)")
            let session = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            try await daemon.press("Allow once")
            try await daemon.expect("✅ Done .* 1 file changed")
            return session
        }
    }

    private static let scripts = [
        ModelScript(
            word: "MORE",
            steps: [
                .init("I add more.", calls: [.shell(command: "echo more > more.txt")]), .init("There is more now."),
            ]
        )
    ]

    private func withGround(
        access: String = "clone", session: String = "linger_seconds = 900",
        _ body: (Ground) async throws -> Void
    ) async throws {
        try await withScriptedModel(.init(scripts: Self.scripts + .standard)) { model in
            try await Installation.with { installation in
                let repository = try await installation.bareRepository()
                let token = "ghp_" + UUID().uuidString.replacingOccurrences(of: "-", with: "") + "aB1x"
                let github = try FakeGitHub(token: token, repository: repository)
                defer { github.stop() }
                try installation.configureTestAgent(model, session: session)
                let section = """

                    [github]
                    token = "\(token)"
                    access = "\(access)"
                    api_base_url = "\(github.apiURL)"
                    """
                try installation.write((installation.read("config.toml") ?? "") + section, to: "config.toml")
                chmod(installation.configuration, 0o600)
                let daemon = try installation.daemon()
                try await body(
                    Ground(installation: installation, daemon: daemon, github: github, repository: repository))
                let login = Data("x-access-token:\(token)".utf8).base64EncodedString()
                for (secret, places) in [(token, [installation.configuration]), (login, [])] {
                    #expect(try installation.files(containing: secret) == places)
                    #expect(!daemon.output.text.contains(secret) && !daemon.errors.text.contains(secret))
                }
                daemon.signal(SIGTERM)
                #expect(await daemon.end() == 0)
            }
        }
    }

    @Test(arguments: ["clone", "agent"])
    func itIsAskedForPushedOpenedAndThenBroughtUpToDate(_ access: String) async throws {
        try await withGround(access: access) { ground in
            let (daemon, github) = (ground.daemon, ground.github)
            let session = try await ground.begin()
            let branch = "anycode/\(session)"
            try await daemon.press("Open PR")
            try await daemon.expect("Open a pull request in `127.0.0.1:\\d+/org/repo`")
            try await daemon.expect("1 file changed \\(\\+1 −0\\), as one commit on the branch `\(branch)` into `main`")
            #expect(github.attempts == 0)
            #expect(try await ground.git("branch", "--list", "anycode/*") == "")
            try await daemon.press("Open it")
            try await daemon.expect("Pull request #1\\]?.*\(github.url)/org/repo/pull/1.* is open")
            #expect(github.attempts == 1)
            #expect(github.pulls.map(\.head) == [branch] && github.pulls.map(\.base) == ["main"])
            #expect(github.pulls.map(\.title) == ["make the file in \(github.cloneURL)"])
            #expect(try await ground.git("show", "\(branch):hello.txt") == "hello from the model")

            daemon.enter("MORE please")
            try await daemon.press("Allow once")
            try await daemon.expect("✅ Done .* 2 files changed")
            daemon.enter("/pr My title")
            try await daemon.expect("Bring pull request #1 in .* up to date\\?\\s+.*My title")
            try await daemon.press("Update it")
            try await daemon.expect("Pull request #1.* has the newest changes now")
            #expect(github.pulls.count == 1)
            #expect(try await ground.git("diff", "--name-only", "main", branch) == "hello.txt\nmore.txt")
            #expect(try await ground.git("log", "--format=%s", "main..\(branch)") == "My title")
        }
    }

    @Test func aRefusedPushIsToldAndCanBeTriedAgain() async throws {
        try await withGround { ground in
            let (daemon, github) = (ground.daemon, ground.github)
            github.refuse(.push)
            let session = try await ground.begin()
            try await daemon.press("Open PR")
            try await daemon.press("Open it")
            try await daemon.expect("No pull request could be opened.*Permission to org/repo.git denied to somebody")
            try await daemon.expect("github.token needs the permission Contents, read and write")
            #expect(try await ground.git("branch", "--list", "anycode/*") == "")
            #expect(github.attempts == 0)
            #expect(try await ground.installation.show(session).summary.state == "idle")

            github.allow()
            daemon.enter("/pr")
            try await daemon.press("Open it")
            try await daemon.expect("Pull request #1.* is open")
        }
    }

    @Test func aRefusalOfTheAPIIsToldAndCanBeTriedAgain() async throws {
        try await withGround { ground in
            let (daemon, github) = (ground.daemon, ground.github)
            github.refuse(.pull("Pull requests are disabled here"))
            let session = try await ground.begin()
            try await daemon.press("Open PR")
            try await daemon.press("Open it")
            try await daemon.expect("No pull request could be opened")
            try await daemon.expect("Validation Failed: Pull requests are disabled here")
            #expect(try await ground.installation.show(session).summary.state == "idle")
            #expect(github.attempts == 1 && github.pulls.isEmpty)

            github.allow()
            daemon.enter("/pr")
            try await daemon.press("Open it")
            try await daemon.expect("Pull request #1.* is open")
            #expect(github.pulls.map(\.head) == ["anycode/\(session)"])
        }
    }

    @Test func ofAnEndedSessionItIsOpenedFromANewSandbox() async throws {
        try await withGround(session: "linger_seconds = 0") { ground in
            let (daemon, github) = (ground.daemon, ground.github)
            let old = try await ground.begin()
            try await daemon.expect("completed, sandbox removed")
            daemon.enter("/pr \(old) My title")
            let session = try await daemon.expect(#"tester · `(\w{8})`"#)[0]
            try await daemon.expect("1 file changed \\(\\+1 −0\\), as one commit on the branch `anycode/\(session)`")
            try await daemon.press("Open it")
            try await daemon.expect("Pull request #1.* is open")
            try await daemon.expect("completed, sandbox removed")
            let branch = "anycode/\(session)"
            #expect(try await ground.git("show", "\(branch):hello.txt") == "hello from the model")
            #expect(try await ground.git("log", "--format=%s", "main..\(branch)") == "My title")

            // From the same session once more, and after the branch is gone, as after a merge.
            for isGone in [false, true] {
                if isGone { _ = try await ground.git("update-ref", "-d", "refs/heads/\(branch)") }
                daemon.enter("/pr \(old) Another title")
                try await daemon.press("Update it")
                try await daemon.expect("Pull request #1.* has the newest changes now")
                #expect(try await ground.git("log", "--format=%s", "main..\(branch)") == "Another title")
                #expect(github.pulls.count == 1)
                try await daemon.expect("completed, sandbox removed")
            }
        }
    }

    @Test func withoutAYesNothingIsPushed() async throws {
        try await withGround { ground in
            _ = try await ground.begin()
            try await ground.daemon.press("Open PR")
            try await ground.daemon.press("Not now")
            try await ground.daemon.expect("No pull request was opened")
            #expect(try await ground.git("branch", "--list", "anycode/*") == "")
            #expect(ground.github.attempts == 0)
        }
    }
}

extension Installation {
    /// What git prints, without the line's end.
    func git(_ arguments: [String]) async throws -> String {
        let result = try await run("/usr/bin/env", ["git", "-c", "init.defaultBranch=main"] + arguments)
        guard result.code == 0 else { throw RunningProgram.Silence(description: "git \(arguments): \(result.errors)") }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A bare repository with one commit on `main`.
    func bareRepository() async throws -> String {
        let (work, bare) = (path + "/origin", path + "/origin.git")
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        try write("# A page\n", to: "origin/README.md")
        _ = try await git(["-C", work, "init", "--quiet"])
        _ = try await git(["-C", work, "add", "."])
        _ = try await git([
            "-C", work, "-c", "user.name=Ana", "-c", "user.email=ana@example.org", "commit", "--quiet", "-m", "Begin",
        ])
        _ = try await git(["clone", "--quiet", "--bare", work, bare])
        return bare
    }

    /// The files of the installation, its sandboxes' included, that contain the text.
    func files(containing text: String) throws -> [String] {
        let wanted = Data(text.utf8)
        let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return all.map { "\(path)/\($0)" }.filter { name in
            let type = try? FileManager.default.attributesOfItem(atPath: name)[.type] as? FileAttributeType
            guard type == .typeRegular, let bytes = FileManager.default.contents(atPath: name) else { return false }
            return bytes.range(of: wanted) != nil
        }
    }
}
