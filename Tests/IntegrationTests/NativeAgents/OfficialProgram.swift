import Foundation
import ScriptedModel

/// The official programs of Claude Code and Codex, fetched by `scripts/fetch-test-agents --native`.
enum OfficialProgram: String, Sendable {
    case claude, codex

    var agent: String { self == .claude ? "claude-code" : "codex" }

    /// Where it was fetched to: the program `claude`, or Codex's folder with `bin/codex`. Nil where it was not.
    var place: String? {
        let path = Surroundings.agents + (self == .claude ? "/claude" : "/codex")
        let program = self == .claude ? path : path + "/bin/codex"
        guard FileManager.default.isExecutableFile(atPath: program) else {
            Surroundings.skip("tasks with \(agent): not in \(path); run scripts/fetch-test-agents --native")
            return nil
        }
        return path
    }

    static let key = "sk-test-0123456789abcdef"

    /// Runs the daemon with the program as its agent, and a scripted model; nothing may be left afterwards.
    ///
    /// `<agent>-locked` is the same program with a key that the model's server does not accept.
    func run(
        _ scripts: [ModelScript], chats: String = "[console]\nenabled = true", mode: String? = nil,
        session: String = "linger_seconds = 900",
        _ body: (Installation, RunningProgram, ScriptedModel) async throws -> Void
    ) async throws {
        guard let place else { return }
        try await withScriptedModel(.init(scripts: scripts + .standard, key: Self.key)) { model in
            try await Installation.with { installation in
                let program = try await link(place, into: installation)
                try installation.configure(
                    chats: chats, agents: configuration(program, variables(model), mode: mode), network: "host",
                    readOnlyPaths: [installation.path + "/programs"], session: session)
                let daemon = try installation.daemon()
                try await body(installation, daemon, model)
                daemon.signal(SIGTERM)
                guard await daemon.end() == 0 else { throw Failure(description: daemon.errors.text) }
                let left = ProcessList.naming(installation.path)
                guard left.isEmpty else { throw Failure(description: "left: \(left.map(ProcessList.command))") }
            }
        }
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The sections of the configuration that make it the default agent.
    ///
    /// - Parameters:
    ///   - program: its path in the sandbox.
    ///   - variables: what leads it to the scripted model, its key among them.
    func configuration(_ program: String, _ variables: [String: String], mode: String? = nil) -> String {
        let choice = mode.map { "mode = \"\($0)\"" } ?? ""
        let wrong = variables.mapValues { $0 == Self.key ? "sk-wrong-0123456789abcdef" : $0 }
        let agents = [(agent, variables), ("\(agent)-locked", wrong)].map { name, variables in
            """
            [agents.custom.\(name)]
            command = ["\(program)"]
            [agents.credentials.\(name)]
            \(choice)
            [agents.credentials.\(name).env]
            \(variables.sorted { $0.key < $1.key }.map { "\($0) = \"\($1)\"" }.joined(separator: "\n"))
            """
        }
        return "[agents]\ndefault_agent = \"\(agent)\"\n" + agents.joined(separator: "\n")
    }

    /// What leads it to the model; one whose network is not the host's reaches the model by other addresses.
    func variables(_ model: ScriptedModel) -> [String: String] {
        switch self {
        case .claude:
            [
                "ANTHROPIC_BASE_URL": model.anthropicBaseURL, "ANTHROPIC_API_KEY": Self.key,
                "CLAUDE_CODE_MAX_RETRIES": "3", "ENABLE_TOOL_SEARCH": "false",
                "CLAUDE_CODE_ENABLE_TODO_TOOLS": "1",
            ]
        case .codex:
            ["OPENAI_BASE_URL": model.openAIBaseURL, "OPENAI_API_KEY": Self.key, "OPENAI_MODEL": "mock-model"]
        }
    }

    /// Puts the program where sandboxes can read it, whatever lies above the place it was fetched to.
    private func link(_ place: String, into installation: Installation) async throws -> String {
        let folder = installation.path + "/programs"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Hundreds of megabytes: linked where that is possible.
        if try await installation.run("/bin/cp", "-al", place, folder + "/").code != 0 {
            let copied = try await installation.run("/bin/cp", "-a", place, folder + "/")
            guard copied.code == 0 else { throw Failure(description: copied.errors) }
        }
        return self == .claude ? folder + "/claude" : folder + "/codex/bin/codex"
    }
}

extension RunningProgram {
    /// A follow-up that ends with a report; answers what it brings up in between.
    func turn(_ prompt: String, _ answers: () async throws -> Void = {}, ends report: String = "✅ Done") async throws {
        enter(prompt)
        try await answers()
        try await expect(report)
    }
}
