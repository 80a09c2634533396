import Foundation
import ScriptedModel
import Testing

@testable import AnycodeRunner

/// The real program behind a real runner, with a scripted model.
enum ClaudeBench {
    /// The program; nil where it was not fetched.
    static let program: String? = {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["ANYCODE_TEST_AGENTS"] ?? FileManager.default.currentDirectoryPath + "/.build/agents"
        let path = folder + "/claude"
        if FileManager.default.isExecutableFile(atPath: path) { return path }
        if let log = environment["ANYCODE_SKIP_LOG"], let file = fopen(log, "a") {
            fputs("SKIPPED: Claude Code is not fetched (scripts/fetch-test-agents --native)\n", file)
            fclose(file)
        }
        return nil
    }()

    static let isThere = program != nil

    /// Runs a runner whose `claude` is the real one and whose model is scripted.
    ///
    /// With `ANYCODE_RECORD_TRANSCRIPTS` a transcript of the program's side is written into that folder under `name`.
    static func run(
        _ name: String, key: String = "sk-mock", accepts: String? = nil, environment: [String: String] = [:],
        _ body: @Sendable (RunnerHarness, ScriptedModel) async throws -> Void
    ) async throws {
        let program = try #require(program)
        var configuration = ScriptedModel.Configuration()
        configuration.scripts = ClaudeScripts.all + .standard
        configuration.key = accepts
        try await withScriptedModel(configuration) { model in
            let address = model.anthropicBaseURL
            try await RunnerHarness.run { configuration in
                let bin = configuration.workspace + "-bin"
                install(program, in: bin, name)
                configuration.environment["PATH"] = bin + ":" + (configuration.environment["PATH"] ?? "")
                configuration.environment["ANTHROPIC_BASE_URL"] = address
                configuration.environment["ANTHROPIC_API_KEY"] = key
                configuration.environment["ENABLE_TOOL_SEARCH"] = "false"
                configuration.environment["CLAUDE_CODE_ENABLE_TODO_TOOLS"] = "1"
                configuration.environment.merge(environment) { $1 }
            } _: { runner in
                try FileManager.default.createDirectory(atPath: runner.workspace, withIntermediateDirectories: true)
                try await body(runner, model)
            }
        }
    }

    /// What the program keeps of its conversations, and so what the model was told.
    static func memory(_ runner: RunnerHarness) -> String {
        let root = runner.folder + "/home/.claude/projects"
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: root)) ?? []
        return names.filter { $0.hasSuffix(".jsonl") }
            .compactMap { try? String(contentsOfFile: root + "/" + $0, encoding: .utf8) }.joined()
    }

    private static func install(_ program: String, in folder: String, _ name: String) {
        let files = FileManager.default
        try? files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard let records = ProcessInfo.processInfo.environment["ANYCODE_RECORD_TRANSCRIPTS"] else {
            try? files.createSymbolicLink(atPath: folder + "/claude", withDestinationPath: program)
            return
        }
        let recorder = RunnerHarness.productDirectory + "/anycode-runner"
        let script = """
            #!/bin/sh
            n=1; while [ -e "\(records)/\(name).$n.txt" ]; do n=$((n+1)); done
            exec "\(recorder)" record --to "\(records)/\(name).$n.txt" --shorten 160 -- "\(program)" "$@"
            """
        _ = files.createFile(
            atPath: folder + "/claude", contents: Data(script.utf8), attributes: [.posixPermissions: 0o755])
    }
}
