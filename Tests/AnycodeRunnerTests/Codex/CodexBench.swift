import Foundation
import ScriptedModel
import TestSupport

@testable import AnycodeRunner

/// The official program with a scripted model, where it is there.
enum CodexBench {
    static let folder: String? = {
        let environment = ProcessInfo.processInfo.environment
        let built = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../.build/agents")
        let bin = (environment["ANYCODE_TEST_AGENTS"] ?? built.standardizedFileURL.path) + "/codex/bin"
        if FileManager.default.isExecutableFile(atPath: bin + "/codex") { return bin }
        if let path = environment["ANYCODE_SKIP_LOG"], let file = fopen(path, "a") {
            fputs("SKIPPED: Codex is not fetched\n", file)
            fclose(file)
        }
        return nil
    }()

    static let patch = """
        apply_patch <<'EOF'
        *** Begin Patch
        *** Add File: new.txt
        +one
        *** Update File: old.txt
        @@
        -alpha
        +beta
        *** End Patch
        EOF
        """

    static let scripts: [ModelScript] = [
        ModelScript(
            word: "PATCH", steps: [.init("I will patch.", calls: [.shell(command: patch)]), .init("Patched.")]),
        ModelScript(
            word: "OUT",
            steps: [
                .init("Counting.", calls: [.shell(command: "for i in 1 2 3; do echo line $i; done; exit 3")]),
                .init("Counted."),
            ]),
        ModelScript(
            word: "PARENT",
            steps: [
                .init("A command.", calls: [.shell(command: "echo $PPID > parent; while :; do sleep 1; done")]),
                .init("It ended."),
            ]),
        ModelScript(word: "ERR500", steps: [.init("It went through.", failure: .init(status: 500, times: 5))]),
    ]

    /// A runner with the program on its path, and the model that it asks.
    static func run(
        files: [String: String] = [:], environment: [String: String] = [:],
        _ body: @escaping @Sendable (RunnerHarness, ScriptedModel) async throws -> Void
    ) async throws {
        guard let folder else { return }
        try await withScriptedModel(.init(scripts: scripts + .standard)) { model in
            try await withTemporaryDirectory(prefix: "cx") { directory in
                for (name, text) in files {
                    let file = URL(filePath: directory.path + "/work/" + name)
                    try FileManager.default.createDirectory(
                        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try Data(text.utf8).write(to: file)
                }
                try await RunnerHarness.run(in: directory.path) { configuration in
                    configuration.ownDirectory = nil
                    configuration.environment = [
                        "PATH": "\(folder):/usr/local/bin:/usr/bin:/bin", "OPENAI_API_KEY": "sk-test-key",
                        "OPENAI_BASE_URL": model.openAIBaseURL, "OPENAI_MODEL": "mock-model",
                    ]
                    configuration.environment.merge(environment) { $1 }
                } _: { runner in
                    try await body(runner, model)
                }
            }
        }
    }
}
