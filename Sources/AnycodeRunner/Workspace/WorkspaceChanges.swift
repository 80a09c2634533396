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

/// What changed in the workspace since the task started: commits, edits and new files alike.
struct WorkspaceChanges: Sendable {
    let git: Git
    let base: String

    struct Status: Encodable, Sendable {
        var base: String
        var head: String?
        var branch: String?
        var dirty: Bool
        var files: [ChangedFile]
    }

    private static let diff = [
        "diff", "--cached", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--submodule=short",
        "--ignore-submodules=none", "-O/dev/null",
    ]

    func status() async throws -> Status {
        let head = try await git.run(["rev-parse", "--verify", "--quiet", "HEAD"]).text
        let branch = try await git.run(["symbolic-ref", "--short", "--quiet", "HEAD"]).text
        let files = try await withIndex { environment in
            let outcome = try await git.run(
                Self.diff + ["-z", "--raw", "--numstat", "--find-renames", base, "--"], environment: environment,
                limit: 128 << 20)
            try check(outcome)
            return ChangedFile.parse(outcome.output)
        }
        return Status(
            base: base, head: head.isEmpty ? nil : head, branch: branch.isEmpty ? nil : branch, dirty: !files.isEmpty,
            files: files)
    }

    /// The changes as a patch that `git apply` takes, in a file without a name.
    ///
    /// Where all of them are more than `limit` bytes, the largest new files and folders (dependencies that were
    /// installed, say) are left out; the patch's first line names them then.
    func patch(limit: Int) async throws -> OpenFile {
        try await withIndex { environment in
            let whole = try await patch(without: [], environment)
            guard whole.size > limit else { return whole }
            var additions = try await LargeAdditions(git: git, base: base).all(environment)[...]
            var omitted: [String] = []
            var rest = whole
            while rest.size > limit, !additions.isEmpty {
                // Patches are smaller than what they add, or a little larger: what is left is looked at again.
                var excess = rest.size - limit
                while excess > 0, let next = additions.popFirst() {
                    omitted.append(next.path)
                    excess -= next.bytes
                }
                rest = try await patch(without: omitted, environment)
            }
            guard (1...limit).contains(rest.size) else { throw Self.tooLarge(whole.size, limit) }
            return rest
        }
    }

    private static func tooLarge(_ size: Int, _ limit: Int) -> RunnerError {
        RunnerError(.tooLarge, "The patch has \(size) bytes; \(limit) is the limit.")
    }

    private func patch(without omitted: [String], _ environment: [String: String]) async throws -> OpenFile {
        let output = try git.temporaryFile()
        if !omitted.isEmpty { try output.write(Array((LargeAdditions.note(omitted) + "\n").utf8), at: 0) }
        let start = output.size
        output.moveToEnd()
        let format = ["--binary", "--full-index", "--src-prefix=a/", "--dst-prefix=b/", "--find-renames", "-U3"]
        let paths = omitted.isEmpty ? [] : ["."] + omitted.map { ":(exclude,top,literal)" + $0 }
        let (exit, words) = try await git.run(
            Self.diff + format + [base, "--"] + paths, environment: environment, output: output)
        try check(.init(exit: exit, output: [], words: words))
        return output.size > start ? output : try git.temporaryFile()
    }

    func apply(patch path: String) async throws {
        let outcome = try await git.run(["apply", "--binary", "--whitespace=nowarn", "--", path])
        guard outcome.exit.success else {
            throw RunnerError(.conflict, "The patch does not apply: \(outcome.words.prefix(1000))")
        }
    }

    /// Runs `body` with an index that holds the workspace as it is; the agent's own index and objects stay untouched.
    func withIndex<Value>(_ body: ([String: String]) async throws -> Value) async throws -> Value {
        let found = try await git.run(["rev-parse", "--absolute-git-dir"])
        guard found.exit.success else {
            throw RunnerError(.conflict, "The workspace is no git repository any more.")
        }
        let scratch = git.temporaryPath()
        try makeDirectory(scratch + "/objects")
        defer {
            // What stays is swept at the next start.
            try? FileManager.default.removeItem(atPath: scratch)
        }
        Self.copyIndex(from: found.text + "/index", to: scratch + "/index")
        let environment = [
            "GIT_INDEX_FILE": scratch + "/index", "GIT_OBJECT_DIRECTORY": scratch + "/objects",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": found.text + "/objects",
        ]
        let nested = NestedRepositories(git: git)
        let folders = try await nested.folders(environment)
        let excluded = folders.map { ":(exclude,top,literal)" + $0 }
        let added = try await git.run(
            ["add", "--all", "--ignore-errors", "--", "."] + excluded, environment: environment)
        // 1: a file could not be read; everything else is there.
        if added.exit != ProcessExit(code: 1) { try check(added) }
        try await nested.add(folders, environment: environment)
        return try await body(environment)
    }

    /// A copy keeps git from reading every file again. It is as old as the original: a file of the index's own second may
    /// have changed within it, and git knows by the index's age which files to read (Racy Git, in git's documentation).
    private static func copyIndex(from original: String, to copy: String) {
        var state = stat()
        guard stat(original, &state) == 0 else { return }
        try? FileManager.default.copyItem(atPath: original, toPath: copy)
        #if canImport(Darwin)
        let times = [state.st_mtimespec, state.st_mtimespec]
        #else
        let times = [state.st_mtim, state.st_mtim]
        #endif
        // Read whole instead, where its age cannot be set.
        if utimensat(AT_FDCWD, copy, times, 0) != 0 { unlink(copy) }
    }

    private func check(_ outcome: Git.Outcome) throws {
        guard outcome.exit.success else {
            throw RunnerError(.conflict, "git could not compare the workspace: \(outcome.words.suffix(1000))")
        }
    }
}
