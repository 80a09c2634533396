import Foundation
import TestSupport
import Testing

@testable import AnycodeRunner

/// An agent's own record of a conversation, taken from one home into another.
@Suite struct AgentStateTests {
    private static let session = "11111111-1111-4111-8111-111111111111"
    private static let other = "22222222-2222-4222-8222-222222222222"

    private func state(_ agent: NativeAgent, home: String, workspace: String = "/w/one") throws -> AgentState {
        try AgentState(agent, environment: ["HOME": home], workspace: workspace, session: Self.session)
    }

    private func write(_ text: String, to path: String) throws {
        let url = URL(filePath: path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func pack(_ state: AgentState, in folder: String) throws -> OpenFile? {
        let file = try OpenFile.open(
            "\(folder)/packed-\(UInt32.random(in: 0 ... .max))", O_RDWR | O_CREAT | O_EXCL)
        return try state.pack(into: file) == nil ? nil : file
    }

    private func files(_ folder: String) -> Set<String> {
        Set(
            (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).filter {
                $0.contains(".")
            })
    }

    @Test func claudesConversationMovesToTheFolderOfTheNewWorkspace() async throws {
        try await withTemporaryDirectory(prefix: "st") { directory in
            let (old, new) = (directory.path + "/old", directory.path + "/new")
            let project = old + "/.claude/projects/-w-one"
            try write("{}\n{\"torn", to: "\(project)/\(Self.session).jsonl")
            try write("sub\n", to: "\(project)/\(Self.session)/subagents/a.jsonl")
            try write("secret", to: "\(project)/\(Self.other).jsonl")
            try write("secret", to: old + "/.claude/.credentials.json")
            let packed = try #require(try pack(state(.claudeCode, home: old), in: directory.path))
            try state(.claudeCode, home: new, workspace: "/x/two_2").unpack(packed)
            let moved = new + "/.claude/projects/-x-two-2/"
            #expect(
                files(new) == [
                    ".claude", ".claude/projects", ".claude/projects/-x-two-2",
                    ".claude/projects/-x-two-2/\(Self.session)", ".claude/projects/-x-two-2/\(Self.session).jsonl",
                    ".claude/projects/-x-two-2/\(Self.session)/subagents",
                    ".claude/projects/-x-two-2/\(Self.session)/subagents/a.jsonl",
                ])
            #expect(try String(contentsOfFile: "\(moved)\(Self.session).jsonl", encoding: .utf8) == "{}\n")
            let mode = try FileManager.default.attributesOfItem(atPath: "\(moved)\(Self.session).jsonl")
            #expect(mode[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func codexsConversationKeepsItsPlace() async throws {
        try await withTemporaryDirectory(prefix: "st") { directory in
            let (old, new) = (directory.path + "/old", directory.path + "/new")
            let name = ".codex/sessions/2026/11/23/rollout-2026-11-23T09-00-00-\(Self.session).jsonl"
            try write("line\n", to: "\(old)/\(name)")
            try write("no\n", to: "\(old)/.codex/sessions/2026/11/23/rollout-x-\(Self.other).jsonl")
            try write("key", to: old + "/.codex/auth.json")
            let packed = try #require(try pack(state(.codex, home: old), in: directory.path))
            try state(.codex, home: new).unpack(packed)
            #expect(try String(contentsOfFile: "\(new)/\(name)", encoding: .utf8) == "line\n")
            #expect(files(new).filter { $0.hasSuffix(".jsonl") || $0.hasSuffix(".json") } == [name])
        }
    }

    @Test func nothingIsPackedWhereThereIsNothing() async throws {
        try await withTemporaryDirectory(prefix: "st") { directory in
            let claude = try pack(state(.claudeCode, home: directory.path), in: directory.path)
            let codex = try pack(state(.codex, home: directory.path), in: directory.path)
            #expect(claude == nil && codex == nil)
        }
    }

    @Test(arguments: [
        "", "anycode-agent-state 2\n", "anycode-agent-state 1\n4 ../x\nevil",
        "anycode-agent-state 1\n4 \(session)/../../x\nevil", "anycode-agent-state 1\n4 settings.json\nevil",
        "anycode-agent-state 1\n9 \(session).jsonl\nevil", "anycode-agent-state 1\n-1 \(session).jsonl\nevil",
    ])
    func damagedOrForeignContentIsRefused(text: String) async throws {
        try await withTemporaryDirectory(prefix: "st") { directory in
            let file = try OpenFile.open(directory.path + "/packed", O_RDWR | O_CREAT | O_EXCL)
            try file.write(Array(text.utf8), at: 0)
            #expect(throws: RunnerError.self) { try state(.claudeCode, home: directory.path + "/h").unpack(file) }
            #expect(!FileManager.default.fileExists(atPath: directory.path + "/h/.claude/settings.json"))
        }
    }

    @Test(arguments: ["", "..", "a/b", "id; rm", String(repeating: "a", count: 65)])
    func whatIsNoIDIsRefused(id: String) {
        #expect(throws: RunnerError.self) {
            try AgentState(.codex, environment: ["HOME": "/h"], workspace: "/w", session: id)
        }
    }

    @Test func agentsOfUnknownKindsKeepTheirOwn() async throws {
        try await RunnerHarness.run { runner in
            let path = "/anycode/v1/agents/demo/state?session=\(Self.session)"
            let packed = try await runner.client.send("GET", path)
            let unpacked = try await runner.client.send("PUT", path, "x")
            let unnamed = try await runner.client.send("GET", "/anycode/v1/agents/demo/state")
            #expect(packed.status == 204 && unpacked.status == 409 && unnamed.status == 400)
        }
    }

    @Test func aFileForTheHomeIsItsOwnersAloneAndReplacesNothing() async throws {
        try await RunnerHarness.run { runner in
            let path = "/v1/fs/file?path=~/.codex/auth.json"
            for text in ["first", "second"] {
                let answer = try await runner.client.send("PUT", path, text, headers: ["If-None-Match": "*"])
                #expect(answer.status == 200)
            }
            let file = runner.folder + "/home/.codex/auth.json"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "first")
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
            let folder = try FileManager.default.attributesOfItem(atPath: runner.folder + "/home/.codex")
            #expect(folder[.posixPermissions] as? Int == 0o700)
        }
    }
}
