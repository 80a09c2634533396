import Foundation
import ScriptedModel
import TestJSON
import Testing

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
        configuration.scripts = scripts + .standard
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
            exec "\(recorder)" record --to "\(records)/\(name).$n.txt" --shorten 300 -- "\(program)" "$@"
            """
        files.createFile(
            atPath: folder + "/claude", contents: Data(script.utf8), attributes: [.posixPermissions: 0o755])
    }

    private static let question: JSON = [
        "question": "Which colour?", "header": "Colour", "multiSelect": false,
        "options": [
            ["label": "red", "description": "like fire"], ["label": "blue", "description": "like water"],
        ],
    ]
    private static let several: JSON = [
        "question": "Which sizes?", "header": "Sizes", "multiSelect": true,
        "options": [["label": "small", "description": "S"], ["label": "large", "description": "L"]],
    ]

    /// What the standard scripts do not have.
    private static let scripts: [ModelScript] = [
        ModelScript(
            word: "QUESTIONS",
            steps: [
                .init(
                    "Questions first.",
                    calls: [.named("AskUserQuestion", input: ["questions": [question, several]])]),
                .init("Thank you, that settles it."),
            ]),
        ModelScript(
            word: "EDIT",
            steps: [
                .init("Reading.", calls: [.named("Read", input: ["file_path": "README.md"])]),
                .init(
                    "Editing.",
                    calls: [
                        .named(
                            "Edit",
                            input: [
                                "file_path": "README.md", "old_string": "old line", "new_string": "new line",
                                "replace_all": false,
                            ])
                    ]),
                .init("Edited."),
            ]),
        ModelScript(
            word: "TASKS",
            steps: [
                .init(
                    "A plan.",
                    calls: [
                        .named("TaskCreate", input: ["subject": "First", "description": "The first thing"]),
                        .named("TaskCreate", input: ["subject": "Second", "description": "The second thing"]),
                    ]),
                .init(calls: [.named("TaskUpdate", input: ["taskId": "1", "status": "completed"])]),
                .init("Planned."),
            ]),
        ModelScript(
            word: "DELEGATE",
            steps: [
                .init(
                    "I send someone.",
                    calls: [
                        .named(
                            "Agent",
                            input: [
                                "description": "Look around", "prompt": "SUBWORK please",
                                "subagent_type": "general-purpose",
                            ])
                    ]),
                .init("They are on it."),
            ]),
        ModelScript(
            word: "SUBWORK",
            steps: [
                .init("Sub looks.", calls: [.shell(command: "echo sub > sub.txt")]), .init("Sub found nothing."),
            ]),
        ModelScript(
            word: "PROPOSE",
            steps: [
                .init("Here is my plan.", calls: [.named("ExitPlanMode", input: ["plan": "# Plan\n1. Do it"])]),
                .init("So be it."),
            ]),
        ModelScript(
            word: "FAIL",
            steps: [.init(calls: [.shell(command: "echo out; echo err >&2; exit 3")]), .init("It failed.")]),
        ModelScript(word: "E500", steps: [.init("It went through.", failure: .init(status: 500, times: 1))]),
        ModelScript(word: "E400", steps: [.init(failure: .init(status: 400))]),
    ]
}
