import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// The workspace over HTTP, with real git and real repositories.
@Suite struct WorkspaceTests {
    private struct Steps {
        var last: String
        var base: String? { last.split(separator: "\"base\":\"").dropFirst().first.map { String($0.prefix(40)) } }
    }

    private func prepare(_ runner: RunnerHarness, _ source: String) async throws -> Steps {
        let answer = try await runner.client.send("POST", "/anycode/v1/workspace/prepare", #"{"source":\#(source)}"#)
        #expect(answer.headers["content-type"] == "application/x-ndjson")
        return Steps(last: answer.text.split(separator: "\n").last.map(String.init) ?? "")
    }

    private func status(_ runner: RunnerHarness) async throws -> String {
        try await runner.client.send("GET", "/anycode/v1/workspace/status").text
    }

    @Test func aPatchThatIsTooBigLeavesOutTheLargestNewFolders() async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            _ = try await prepare(runner, #"{"url":"\#(source.path)"}"#)
            let work = runner.workspace
            for folder in ["node_modules/big", "src"] {
                try FileManager.default.createDirectory(atPath: "\(work)/\(folder)", withIntermediateDirectories: true)
            }
            let line = { (count: Int) in (0..<count).map { "line \($0)\n" }.joined() }
            try line(2000).write(toFile: work + "/node_modules/big/index.js", atomically: false, encoding: .utf8)
            try line(20).write(toFile: work + "/src/main.js", atomically: false, encoding: .utf8)
            try "changed\n".write(toFile: work + "/text", atomically: false, encoding: .utf8)
            let answer = try await runner.client.send("GET", "/anycode/v1/workspace/patch?limit=4000")
            #expect(answer.status == 200 && answer.text.hasPrefix("Left out for its size: node_modules\ndiff --git "))
            #expect(answer.text.contains("b/src/main.js") && answer.text.contains("+changed"))
            try Data(answer.body).write(to: URL(fileURLWithPath: runner.folder + "/patch"))
            try source.run(["apply", runner.folder + "/patch"])
            #expect(FileManager.default.fileExists(atPath: source.path + "/src/main.js"))
        }
    }

    /// As one that is written within the second in which the file was checked out: git knows it by the age of its index.
    @Test func aChangeThatLeavesAFilesSizeAndTimeIsFound() async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            _ = try await prepare(runner, #"{"url":"\#(source.path)"}"#)
            let (text, index) = (runner.workspace + "/text", runner.workspace + "/.git/index")
            try source.run(["-C", runner.workspace, "config", "core.trustctime", "false"])
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: text)
            try source.run(["-C", runner.workspace, "update-index", "--refresh"])
            let file = try FileHandle(forWritingTo: URL(filePath: text))
            try file.write(contentsOf: Data("eno\nowt\n".utf8))
            try file.close()
            for path in [text, index] {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
            }
            #expect(try await status(runner).contains(#""path":"text""#))
            let patch = try await runner.client.send("GET", "/anycode/v1/workspace/patch?limit=4000").text
            #expect(patch.contains("+eno"))
        }
    }

    @Test func anEmptyRepositoryHasABaseCommit() async throws {
        try await RunnerHarness.run { runner in
            #expect(try await runner.client.send("GET", "/anycode/v1/workspace/status").status == 409)
            let steps = try await prepare(runner, "null")
            let base = try #require(steps.base)
            #expect(steps.last == #"{"done":{"base":"\#(base)","branch":"main","path":"\#(runner.workspace)"}}"#)
            #expect(try await prepare(runner, "null").base == base)
            #expect(
                try await status(runner)
                    == #"{"base":"\#(base)","branch":"main","dirty":false,"files":[],"head":"\#(base)"}"#)
        }
    }

    @Test(arguments: ["", "file://"]) func aLocalRepositoryIsCopiedAndNeverReferenced(scheme: String) async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            let steps = try await prepare(runner, #"{"url":"\#(scheme)\#(source.path)"}"#)
            #expect(steps.base == (try source.run(["rev-parse", "HEAD"])))
            let objects = runner.workspace + "/.git/objects"
            #expect(!FileManager.default.fileExists(atPath: objects + "/info/alternates"))
            for case let name as String in FileManager.default.enumerator(atPath: objects) ?? .init() {
                let attributes = try FileManager.default.attributesOfItem(atPath: objects + "/" + name)
                if attributes[.type] as? FileAttributeType == .typeRegular {
                    #expect(attributes[.referenceCount] as? Int ?? 1 == 1)
                }
            }
        }
    }

    @Test func aBranchAndAPullRequestAreCheckedOut() async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            try source.run(["checkout", "-q", "-b", "feature"])
            try source.write("feature\n", to: "text")
            try source.commit("feature")
            try source.run(["update-ref", "refs/merge-requests/7/head", "HEAD"])
            try source.run(["checkout", "-q", "main"])
            let steps = try await prepare(runner, #"{"url":"\#(source.path)","pull":7}"#)
            #expect(steps.last.contains(#""branch":"pr-7""#))
            #expect(steps.base == (try source.run(["rev-parse", "feature"])))
        }
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            try source.run(["branch", "feature"])
            let steps = try await prepare(runner, #"{"url":"\#(source.path)","branch":"feature","depth":1}"#)
            #expect(steps.last.contains(#""branch":"feature""#))
        }
    }

    @Test(arguments: [#","depth":1"#, ""]) func aCommitIsBegunFromEvenIfTheBranchHasMoved(depth: String) async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            let commit = try source.run(["rev-parse", "HEAD"])
            try source.write("later\n", to: "text")
            try source.commit("later")
            try source.run(["config", "uploadpack.allowReachableSHA1InWant", "true"])
            let steps = try await prepare(
                runner, #"{"url":"file://\#(source.path)","branch":"main","commit":"\#(commit)"\#(depth)}"#)
            #expect(steps.base == commit)
            #expect(steps.last.contains(#""branch":"main""#))
        }
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            let missing = String(repeating: "ab", count: 20)
            let steps = try await prepare(runner, #"{"url":"\#(source.path)","commit":"\#(missing)"}"#)
            #expect(steps.last.contains("error"))
        }
    }

    @Test func refusalsSayWhoseFaultItIs() async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            func code(_ source: String) async throws -> String {
                try await prepare(runner, source).last.split(separator: "\"").dropFirst(5).first.map(String.init) ?? ""
            }
            #expect(try await code(#"{"url":"\#(runner.folder)/nothing"}"#) == "notFound")
            #expect(try await code(#"{"url":"\#(source.path)","branch":"nothing"}"#) == "notFound")
            #expect(try await code(#"{"url":"\#(source.path)","pull":99}"#) == "notFound")
            #expect(try await code(#"{"url":"http://127.0.0.1:9/x.git"}"#) == "network")
            #expect(try await code(#"{"url":"ext::sh -c id"}"#) == "invalid")
            #expect(try await code(#"{"url":"--upload-pack=x"}"#) == "invalid")
            // After all that it still works.
            #expect(try await prepare(runner, #"{"url":"\#(source.path)"}"#).base != nil)
            #expect(try await code(#"{"url":"\#(source.path)","branch":"main"}"#) == "invalid")
        }
    }

    @Test func aWorkspaceWithForeignFilesIsLeftAlone() async throws {
        try await RunnerHarness.run { runner in
            try FileManager.default.createDirectory(atPath: runner.workspace, withIntermediateDirectories: true)
            try Data("mine".utf8).write(to: URL(filePath: runner.workspace + "/mine"))
            #expect(try await prepare(runner, "null").last.contains(#""code":"invalid""#))
            #expect(FileManager.default.fileExists(atPath: runner.workspace + "/mine"))
        }
    }

    @Test func aHalfFinishedPreparationIsDoneAgain() async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            try FileManager.default.createDirectory(
                atPath: runner.workspace + "/.git", withIntermediateDirectories: true)
            try Data("half".utf8).write(to: URL(filePath: runner.workspace + "/half"))
            try Data().write(to: URL(filePath: runner.state + "/workspace.started"))
            #expect(try await prepare(runner, #"{"url":"\#(source.path)"}"#).base != nil)
            #expect(!FileManager.default.fileExists(atPath: runner.workspace + "/half"))
        }
    }

    @Test func aFinishedPreparationIsRememberedOverARestart() async throws {
        try await withTemporaryDirectory(prefix: "r") { directory in
            let source = try GitRepository(directory.path + "/source")
            let first = try await RunnerHarness.run(in: directory.path) {
                try await prepare($0, #"{"url":"\#(source.path)"}"#).last
            }
            try source.write("later\n", to: "text")
            try source.commit("later")
            let second = try await RunnerHarness.run(in: directory.path) {
                try await prepare($0, #"{"url":"\#(source.path)"}"#).last
            }
            #expect(first == second)
        }
    }

    @Test func joinedPreparationsEndAlike() async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 1...4 { group.addTask { try await prepare(runner, #"{"url":"\#(source.path)"}"#).last } }
                var ends: Set<String> = []
                for try await end in group { ends.insert(end) }
                #expect(ends.count == 1)
                #expect(ends.first?.contains("done") == true)
            }
        }
    }

    @Test func changesOfEveryKindTravelInAPatch() async throws {
        let patch = try await RunnerHarness.run { runner -> [UInt8] in
            let source = try GitRepository(runner.folder + "/source")
            try source.write("ignored\n", to: ".gitignore")
            try source.commit("ignore")
            let base = try #require(try await prepare(runner, #"{"url":"\#(source.path)"}"#).base)
            let work = try Self.change(runner.workspace)
            let status = try await status(runner)
            #expect(status.contains(#""dirty":true"#) && status.contains(#""base":"\#(base)""#))
            #expect(status.contains(#"{"added":1,"binary":false,"path":"text","removed":0,"status":"modified"}"#))
            #expect(status.contains(#"{"added":0,"binary":false,"path":"new name","removed":0,"status":"renamed"}"#))
            #expect(status.contains(#"{"added":null,"binary":true,"path":"data.bin","removed":null,"status":"added"}"#))
            #expect(status.contains(#""path":"committed""#) && !status.contains("\"ignored\""))
            let index = try work.run(["status", "--porcelain"])
            let answer = try await runner.client.send("GET", "/anycode/v1/workspace/patch")
            #expect(answer.headers["x-anycode-base"] == base)
            #expect(try work.run(["status", "--porcelain"]) == index)
            #expect(try await runner.client.send("GET", "/anycode/v1/workspace/patch?limit=100").status == 413)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: runner.state).filter { $0.hasPrefix("tmp-") }
                    .isEmpty)
            return answer.body
        }
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            try source.write("ignored\n", to: ".gitignore")
            try source.commit("ignore")
            _ = try await prepare(runner, #"{"url":"\#(source.path)"}"#)
            let path = "/anycode/v1/workspace/apply"
            #expect(try await runner.client.send("POST", path, bytes: patch).status == 204)
            let data = try Data(contentsOf: URL(filePath: runner.workspace + "/data.bin"))
            #expect(Array(data) == Self.binary)
            #expect(FileManager.default.fileExists(atPath: runner.workspace + "/new name"))
            #expect(try await runner.client.send("POST", path, bytes: patch).status == 409)
            #expect(try await runner.client.send("POST", path, "").status == 204)
        }
    }

    private static let binary = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }

    /// Edits, a commit, a rename, binary and ignored files.
    private static func change(_ workspace: String) throws -> GitRepository {
        let work = GitRepository(existing: workspace)
        try work.write("new\n", to: "committed")
        try work.commit("by the agent")
        try work.write("one\ntwo\nthree\n", to: "text")
        try work.run(["mv", "old", "new name"])
        try work.write("x", to: "ignored")
        try Data(binary).write(to: URL(filePath: workspace + "/data.bin"))
        return work
    }

    @Test func filesOfARepositoryInsideTheWorkspaceAreSaved() async throws {
        try await RunnerHarness.run { runner in
            _ = try await prepare(runner, "null")
            let nested = try GitRepository(runner.workspace + "/app")
            try nested.write("later\n", to: "untracked")
            let empty = runner.workspace + "/empty"
            try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
            try GitRepository(existing: empty).run(["init", "-q"])
            try Data("x\n".utf8).write(to: URL(filePath: empty + "/file"))
            let status = try await status(runner)
            for path in ["app/text", "app/untracked", "empty/file"] { #expect(status.contains("\"path\":\"\(path)\"")) }
            let patch = try await runner.client.send("GET", "/anycode/v1/workspace/patch").text
            #expect(patch.contains("+later") && !patch.contains("Subproject"))
        }
    }

    @Test func theRepositoryRunsNothingOfItsOwn() async throws {
        try await RunnerHarness.run { runner in
            let source = try GitRepository(runner.folder + "/source")
            _ = try await prepare(runner, #"{"url":"\#(source.path)"}"#)
            let work = GitRepository(existing: runner.workspace)
            let trap = runner.folder + "/trap"
            let script = runner.folder + "/trap.sh"
            try Data("#!/bin/sh\ntouch \(trap)\n".utf8).write(to: URL(filePath: script))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
            for key in ["core.fsmonitor", "core.pager", "diff.external", "diff.evil.textconv", "core.sshCommand"] {
                try work.run(["config", key, script])
            }
            try work.run(["config", "core.hooksPath", runner.folder])
            try work.write("* diff=evil\n", to: ".gitattributes")
            try work.write("changed\n", to: "text")
            #expect(try await status(runner).contains(#""dirty":true"#))
            #expect(try await runner.client.send("GET", "/anycode/v1/workspace/patch").status == 200)
            #expect(!FileManager.default.fileExists(atPath: trap))
        }
    }
}

extension GitRepository {
    init(existing path: String) {
        self.path = path
    }
}
