#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Puts everything that changed since the base into one commit, and pushes that to a branch of the repository that the
/// workspace was cloned from, and to nothing else.
///
/// It pushes from an empty repository of its own, so that nothing in the workspace says where to or runs anything then:
/// neither its remotes nor rewritten addresses, hooks or credential helpers. Done again with nothing changed, it makes
/// and pushes the same commit.
struct Publication: Sendable {
    struct Wish: Decodable, Sendable {
        var branch: String
        var message: String
        /// The commit that another sandbox pushed to the branch before.
        var over: String?
        var credentials: WorkspaceSource.Credentials?
    }

    /// What was pushed.
    struct Record: Codable, Sendable, Equatable {
        var branch: String
        var commit: String
        var tree: String
        var message: String
        /// Seconds since 1970.
        var date: Int
    }

    let git: Git
    let prepared: WorkspacePreparer.Prepared
    /// Told as soon as agents must not run, and when they may again: the token is in the environment of a process then.
    let pause: @Sendable (Bool) -> Void

    private var recordPath: String { git.stateDirectory + "/published.json" }

    func run(_ wish: Wish) async throws -> Record {
        let address = String(prepared.source.prefix { $0 != "\n" })
        guard !address.isEmpty else {
            throw RunnerError(.conflict, "The workspace was not cloned from anywhere.")
        }
        guard Self.isBranch(wish.branch) else {
            throw RunnerError(.invalid, "“\(wish.branch.prefix(80))” is no name of a branch.")
        }
        guard wish.over?.allSatisfy(\.isHexDigit) ?? true else {
            throw RunnerError(.invalid, "“\((wish.over ?? "").prefix(80))” is no commit.")
        }
        return try await WorkspaceChanges(git: git, base: prepared.base).withIndex { environment in
            let tree = try await text(["write-tree"], environment)
            guard try await text(["rev-parse", prepared.base + "^{tree}"], environment) != tree else {
                throw RunnerError(.conflict, "Nothing has changed since the task began.")
            }
            let before = record(of: wish.branch)
            var record = Record(
                branch: wish.branch, commit: "", tree: tree, message: wish.message,
                date: Int(Date().timeIntervalSince1970))
            if let before, before.tree == tree, before.message == wish.message { record.date = before.date }
            record.commit = try await commit(record, environment)
            let pushed = before.flatMap { $0.commit.isEmpty ? nil : $0.commit } ?? wish.over
            // Its date is kept, so that the same commit is made should this be cut short.
            var intent = record
            intent.commit = pushed ?? ""
            try keep(intent)
            try await push(record, over: pushed, to: address, wish, environment)
            try keep(record)
            return record
        }
    }

    private func commit(_ record: Record, _ environment: [String: String]) async throws -> String {
        let who = [
            "GIT_AUTHOR_NAME": "Anycode", "GIT_AUTHOR_EMAIL": "anycode@localhost",
            "GIT_COMMITTER_NAME": "Anycode", "GIT_COMMITTER_EMAIL": "anycode@localhost",
            "GIT_AUTHOR_DATE": "\(record.date) +0000", "GIT_COMMITTER_DATE": "\(record.date) +0000",
        ]
        return try await text(
            ["commit-tree", record.tree, "-p", prepared.base, "-m", record.message],
            environment.merging(who) { $1 })
    }

    private func push(
        _ record: Record, over pushed: String?, to address: String, _ wish: Wish, _ environment: [String: String]
    ) async throws {
        var environment = environment
        environment["GIT_INDEX_FILE"] = nil
        let folder = git.temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try await text(["init", "--quiet", "--bare", "--template=", folder], [:])
        environment["GIT_DIR"] = folder
        if let credentials = wish.credentials, let source = WorkspaceSource(address, credentials) {
            environment.merge(source.credentialEnvironment) { $1 }
        }
        let ref = "refs/heads/\(record.branch)"
        pause(true)
        defer { pause(false) }
        // What others put on the branch meanwhile is not overwritten.
        func push(over known: String) async throws -> Git.Outcome {
            try await git.run(
                [
                    "push", "--porcelain", "--no-verify", "--force-with-lease=\(ref):\(known)", "--", address,
                    "\(record.commit):\(ref)",
                ], environment: environment)
        }
        var outcome = try await push(over: pushed ?? "")
        if pushed != nil, Self.isStale(outcome) {
            // Merged and removed, maybe: then it may be made anew.
            let found = try await git.run(["ls-remote", "--heads", "--", address, ref], environment: environment)
            if found.exit.success, found.text.isEmpty { outcome = try await push(over: "") }
        }
        guard !outcome.exit.success else { return }
        let said = (outcome.text + outcome.words).lowercased()
        if Self.isStale(outcome) {
            throw RunnerError(.conflict, "Somebody else has pushed to the branch \(record.branch) meanwhile.")
        }
        if said.contains("protected branch") || said.contains("pre-receive hook declined") {
            throw RunnerError(.conflict, "\(address) refused the branch: \(outcome.words.suffix(400))")
        }
        let failure = PrepareFailure(git: outcome, address: address)
        if failure.code == .authentication {
            throw RunnerError(
                .denied, "\(address) refused the push with the credentials it got: \(Self.remote(outcome))")
        }
        throw RunnerError(.conflict, "The branch could not be pushed: \(failure.message)")
    }

    private static func isStale(_ outcome: Git.Outcome) -> Bool {
        let said = (outcome.text + outcome.words).lowercased()
        return !outcome.exit.success && (said.contains("stale info") || said.contains("fetch first"))
    }

    /// What the server said, else what git made of it.
    private static func remote(_ outcome: Git.Outcome) -> String {
        let lines = outcome.words.split(whereSeparator: \.isNewline)
        let said = lines.filter { $0.hasPrefix("remote: ") }.map { $0.dropFirst(8) }
        return String((said.isEmpty ? lines.suffix(1) : said).joined(separator: " ").prefix(400))
    }

    private func text(_ arguments: [String], _ environment: [String: String]) async throws -> String {
        let outcome = try await git.run(arguments, environment: environment)
        guard outcome.exit.success else {
            throw RunnerError(.conflict, "git \(arguments[0]) failed: \(outcome.words.suffix(400))")
        }
        return outcome.text
    }

    private func record(of branch: String) -> Record? {
        guard let bytes = readSmallFile(recordPath),
            let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)), record.branch == branch
        else { return nil }
        return record
    }

    private func keep(_ record: Record) throws {
        try replaceFile(recordPath, with: Array(try JSONEncoder().encode(record)))
    }

    /// Letters, digits and `-_./`, with nothing that git or a shell reads otherwise.
    private static func isBranch(_ name: String) -> Bool {
        let allowed = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2D, 0x2E, 0x2F, 0x5F].contains(byte)
        }
        return allowed && (1...200).contains(name.utf8.count) && !name.hasPrefix("-") && !name.hasPrefix("/")
            && !name.contains("..") && !name.contains("//") && !name.hasSuffix("/") && !name.hasSuffix(".")
            && !name.hasSuffix(".lock")
    }
}
