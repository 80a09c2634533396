/// One attempt to fill the workspace.
struct Clone: Sendable {
    let git: Git
    let source: WorkspaceSource?
    let progress: @Sendable (String) -> Void

    init(git: Git, source: WorkspaceSource?, progress: @escaping @Sendable (String) -> Void) {
        self.git = git
        self.source = source
        self.progress = progress
    }

    func run() async throws -> WorkspacePreparer.Prepared {
        if let source {
            try await clone(source)
            if let pull = source.pull { try await checkOut(pull, source) }
            if let commit = source.commit { try await goBack(to: commit, source) }
        } else {
            try await command(["init", "--quiet", "--template=", "-b", "main"])
        }
        try await nameCommitter()
        if try await git.run(["rev-parse", "--verify", "--quiet", "HEAD"]).exit != ProcessExit(code: 0) {
            try await command(["commit", "--quiet", "--allow-empty", "--no-verify", "-m", "Start"])
        }
        let base = try await command(["rev-parse", "HEAD"]).text
        // However the agent moves its branches, the base may not be collected.
        try await command(["update-ref", "refs/anycode/base", base])
        let branch = try await git.run(["symbolic-ref", "--short", "--quiet", "HEAD"]).text
        return .init(source: "", base: base, branch: branch.isEmpty ? nil : branch)
    }

    private func clone(_ source: WorkspaceSource) async throws {
        var arguments = ["clone", "--progress", "--no-recurse-submodules", "--template="]
        // A local source is copied through git's transport: no hard links into it, no alternates.
        arguments += ["--no-local"]
        if let depth = source.depth { arguments += ["--depth", String(depth)] }
        if source.pull != nil {
            arguments += ["--no-checkout"]
        } else if let branch = source.branch {
            arguments += ["--branch", branch]
        }
        try await command(arguments + ["--", source.address, "."], environment: source.credentialEnvironment)
    }

    private func checkOut(_ pull: Int, _ source: WorkspaceSource) async throws {
        let names = ["refs/pull/\(pull)/head", "refs/merge-requests/\(pull)/head"]
        let depth = source.depth.map { ["--depth", String($0)] } ?? []
        var failure: PrepareFailure?
        for name in source.origin?.contains("gitlab") == true ? names.reversed() : names {
            let fetch =
                ["fetch", "--progress", "--no-tags"] + depth + ["origin", "+\(name):refs/remotes/origin/pr-\(pull)"]
            let outcome = try await git.run(fetch, environment: source.credentialEnvironment, progress: progress)
            if outcome.exit.success {
                try await command(["checkout", "--quiet", "-B", "pr-\(pull)", "refs/remotes/origin/pr-\(pull)"])
                return
            }
            failure = failure ?? PrepareFailure(git: outcome, address: source.address)
            guard failure?.code == .notFound else { break }
        }
        throw failure ?? PrepareFailure(.notFound, "There is no pull request \(pull) at \(source.address).")
    }

    /// The branch as it was at a commit, which may have left the branch since.
    private func goBack(to commit: String, _ source: WorkspaceSource) async throws {
        guard try await git.run(["rev-parse", "--verify", "--quiet", "HEAD"]).text != commit else { return }
        if !(try await git.run(["cat-file", "-e", commit + "^{commit}"])).exit.success {
            try await command(
                ["fetch", "--progress", "--no-tags", "origin", commit], environment: source.credentialEnvironment)
        }
        let branch = try await git.run(["symbolic-ref", "--short", "--quiet", "HEAD"]).text
        try await command(["checkout", "--quiet"] + (branch.isEmpty ? ["--detach"] : ["-B", branch]) + [commit])
    }

    /// Agents commit, and git refuses to without a name.
    private func nameCommitter() async throws {
        try await command(["config", "--local", "user.name", "Anycode"])
        try await command(["config", "--local", "user.email", "anycode@localhost"])
    }

    @discardableResult
    private func command(_ arguments: [String], environment: [String: String] = [:]) async throws -> Git.Outcome {
        let outcome = try await git.run(arguments, environment: environment, progress: progress)
        guard outcome.exit.success else {
            throw PrepareFailure(git: outcome, address: source?.address ?? "the empty repository")
        }
        return outcome
    }
}
