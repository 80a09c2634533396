import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// Publishing over HTTP, with real git into a real repository.
@Suite struct PublicationTests {
    /// A bare repository to clone from and push to, and a workspace with a change.
    private func prepared(_ runner: RunnerHarness) async throws -> GitRepository {
        let source = try GitRepository(runner.folder + "/source")
        try source.run(["clone", "-q", "--bare", ".", runner.folder + "/origin.git"])
        let body = #"{"source":{"url":"file://\#(runner.folder)/origin.git"}}"#
        let answer = try await runner.client.send("POST", "/anycode/v1/workspace/prepare", body)
        #expect(answer.text.contains("\"done\""))
        try Data("changed\n".utf8).write(to: URL(filePath: runner.workspace + "/text"))
        try Data("new\n".utf8).write(to: URL(filePath: runner.workspace + "/fresh"))
        return source
    }

    private func publish(
        _ runner: RunnerHarness, _ branch: String = "anycode/1a2b", _ message: String = "Change it"
    ) async throws -> (status: Int, text: String) {
        let body = #"{"branch":"\#(branch)","message":"\#(message)"}"#
        let answer = try await runner.client.send("POST", "/anycode/v1/workspace/publish", body)
        return (answer.status, answer.text)
    }

    private func git(_ source: GitRepository, _ runner: RunnerHarness, _ arguments: String...) throws -> String {
        try source.run(["--git-dir", runner.folder + "/origin.git"] + arguments)
    }

    @Test func changesBecomeOneCommitOnABranchOfTheOrigin() async throws {
        try await RunnerHarness.run { runner in
            let source = try await prepared(runner)
            let answer = try await publish(runner)
            #expect(answer.status == 200, "\(answer.text)")
            let branch = "refs/heads/anycode/1a2b"
            #expect(answer.text.contains(try git(source, runner, "rev-parse", branch)))
            #expect(try git(source, runner, "rev-parse", branch + "^") == git(source, runner, "rev-parse", "main"))
            #expect(try git(source, runner, "show", "-s", "--format=%an: %B", branch).trimmed == "Anycode: Change it")
            let files = try git(source, runner, "diff", "--name-status", "main", branch)
            #expect(files == "A\tfresh\nM\ttext")
            // The agent's own repository and index are as they were.
            #expect(try source.run(["-C", runner.workspace, "branch", "--list"]) == "* main")
            #expect(try source.run(["-C", runner.workspace, "diff", "--cached", "--name-only"]).isEmpty)
        }
    }

    @Test func repeatedItIsTheSameCommitAndLaterChangesFollow() async throws {
        try await RunnerHarness.run { runner in
            let source = try await prepared(runner)
            let first = try await publish(runner)
            let again = try await publish(runner)
            #expect(again == first)
            try Data("more\n".utf8).write(to: URL(filePath: runner.workspace + "/fresh"))
            let second = try await publish(runner)
            #expect(second.status == 200 && second.text != first.text)
            #expect(try git(source, runner, "show", "anycode/1a2b:fresh") == "more")
        }
    }

    @Test func neitherRemotesNorSettingsNorHooksOfTheWorkspaceCount() async throws {
        try await RunnerHarness.run { runner in
            let source = try await prepared(runner)
            let other = try GitRepository(runner.folder + "/other")
            let trap = runner.folder + "/trap"
            try source.run(["-C", runner.workspace, "remote", "set-url", "origin", other.path])
            let origin = "file://\(runner.folder)/origin.git"
            for key in ["insteadOf", "pushInsteadOf"] {
                try source.run(["-C", runner.workspace, "config", "url.\(other.path).\(key)", origin])
            }
            try source.run(["-C", runner.workspace, "config", "credential.helper", "!touch \(trap)"])
            let hook = runner.workspace + "/.git/hooks/pre-push"
            try FileManager.default.createDirectory(
                atPath: runner.workspace + "/.git/hooks", withIntermediateDirectories: true)
            try Data("#!/bin/sh\ntouch \(trap)\n".utf8).write(to: URL(filePath: hook))
            chmod(hook, 0o755)
            #expect(try await publish(runner).status == 200)
            #expect(try git(source, runner, "rev-parse", "--verify", "anycode/1a2b").count == 40)
            #expect(try other.run(["branch", "--list", "anycode/*"]).isEmpty)
            #expect(!FileManager.default.fileExists(atPath: trap))
        }
    }

    @Test func whatOthersPushedIsKept() async throws {
        try await RunnerHarness.run { runner in
            let source = try await prepared(runner)
            _ = try git(source, runner, "branch", "anycode/1a2b", "main")
            let answer = try await publish(runner)
            #expect(answer.status == 409)
            #expect(answer.text.contains("Somebody else has pushed to the branch anycode/1a2b"), "\(answer.text)")
            #expect(try git(source, runner, "rev-parse", "anycode/1a2b") == git(source, runner, "rev-parse", "main"))
        }
    }

    /// What an earlier sandbox pushed is known by its commit; a branch that is gone since is made anew.
    @Test(arguments: [false, true]) func whatAnotherSandboxPushedIsReplaced(_ isGone: Bool) async throws {
        try await RunnerHarness.run { runner in
            let source = try await prepared(runner)
            let commit = try git(source, runner, "rev-parse", "main")
            _ = try git(source, runner, "branch", "anycode/1a2b", "main")
            if isGone { _ = try git(source, runner, "branch", "-D", "anycode/1a2b") }
            let body = #"{"branch":"anycode/1a2b","message":"Change it","over":"\#(commit)"}"#
            let answer = try await runner.client.send("POST", "/anycode/v1/workspace/publish", body)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try git(source, runner, "show", "anycode/1a2b:fresh") == "new")
            let bad = #"{"branch":"anycode/2","message":"m","over":"--x"}"#
            #expect(try await runner.client.send("POST", "/anycode/v1/workspace/publish", bad).status == 400)
        }
    }

    @Test(arguments: ["-x", "a..b", "a b", "", "x.lock", "/a"])
    func badNamesOfBranchesAreRefused(_ name: String) async throws {
        try await RunnerHarness.run { runner in
            _ = try await prepared(runner)
            #expect(try await publish(runner, name).status == 400)
        }
    }

    @Test func nothingToPublishIsSaid() async throws {
        try await RunnerHarness.run { runner in
            #expect(try await publish(runner).status == 409)
            _ = try await runner.client.send("POST", "/anycode/v1/workspace/prepare", #"{"source":null}"#)
            #expect(try await publish(runner).text.contains("was not cloned from anywhere"))
        }
    }
}
