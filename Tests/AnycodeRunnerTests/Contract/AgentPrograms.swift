import AnycodeJSON
import ScriptedModel
import TestSupport
import Testing

@testable import AnycodeRunner

/// A kind of agent, behind a real runner: the official program where it is there, else a stand-in for its server.
enum AgentProgram: String, CaseIterable, CustomTestStringConvertible {
    case acp, claudeCode, codex, opencode, sandboxAgent, acpx

    var testDescription: String { rawValue }

    /// What a turn can be made to do, by the words of its prompt.
    enum Scene { case talk, tool, question, slow, failure }

    func words(_ scene: Scene) -> String {
        let isModel = [.acp, .claudeCode, .codex].contains(self)
        return switch scene {
        case .talk: isModel ? "TALK" : "hello"
        case .tool: isModel ? "make the file" : "WRITE"
        case .question: "ASK"
        case .slow: "SLOW"
        case .failure:
            switch self {
            case .acp, .claudeCode, .codex: "ERR401"
            case .opencode: "APIERROR"
            case .sandboxAgent: "EXIT"
            case .acpx: "FAIL"
            }
        }
    }

    /// acpx decides by its policy.
    static let asking: [AgentProgram] = [.acp, .claudeCode, .codex, .opencode, .sandboxAgent]
    /// The agents of the others ask nothing here.
    static let questioning: [AgentProgram] = [.claudeCode, .codex, .opencode]
    /// Those that tell what a turn took.
    static let counting: [AgentProgram] = [.claudeCode, .codex, .opencode]

    /// Runs `body` in a conversation with it; not at all where the official program is not there.
    func talk(_ body: @escaping @Sendable (inout AgentTalk) async throws -> Void) async throws {
        switch self {
        case .acp:
            try await withScriptedModel { model in
                try await RunnerHarness.run { runner in
                    let definition: JSON = [
                        "command": [.string(RunnerHarness.productDirectory + "/test-agent")],
                        "env": ["OPENAI_BASE_URL": .string(model.openAIBaseURL), "OPENAI_API_KEY": "sk-test"],
                    ]
                    let text = String(decoding: definition.bytes, as: UTF8.self)
                    #expect(try await runner.client.send("PUT", "/anycode/v1/agents/tester", text).status == 204)
                    try await Self.converse("tester", runner, body)
                }
            }
        case .claudeCode:
            guard ClaudeBench.isThere else { return }
            try await ClaudeBench.run("contract") { runner, _ in try await Self.converse("claude-code", runner, body) }
        case .codex:
            try await CodexBench.run { runner, _ in try await Self.converse("codex", runner, body) }
        case .opencode: try await ServerBench.opencode { try await Self.converse("served", $0, body) }
        case .sandboxAgent: try await ServerBench.sandboxAgent { try await Self.converse("served", $0, body) }
        case .acpx: try await ServerBench.acpx { try await Self.converse("served", $0, body) }
        }
    }

    private static func converse(
        _ agent: String, _ runner: RunnerHarness, _ body: (inout AgentTalk) async throws -> Void
    ) async throws {
        var talk = try await AgentTalk.begin(agent, runner)
        try await body(&talk)
    }
}

extension AgentTalk {
    /// Chooses the first option of this kind in every permission request, and gives a reason where one is asked for.
    static func choosing(kind: String) -> Replies {
        { method, params in
            guard method == "session/request_permission" else {
                return ["action": "accept", "content": ["reason": "no"]]
            }
            let option = params["options"]?.array?.first { $0.text("kind") == kind }?.text("optionId")
            return ["outcome": ["outcome": "selected", "optionId": .string(option ?? "")]]
        }
    }

    /// Chooses the first choice of every field.
    static func choosingFirst(_ method: String, _ params: JSON) -> JSON? {
        guard method == "elicitation/create" else { return nil }
        let fields = (params["requestedSchema"]?["properties"]?.members ?? []).compactMap { field -> JSON.Member? in
            if let choice = field.value["oneOf"]?.array?.first?["const"] { return .init(field.key, choice) }
            let choice = field.value["items"]?["anyOf"]?.array?.first?["const"]
            return choice.map { .init(field.key, .array([$0])) }
        }
        return ["action": "accept", "content": .object(fields)]
    }
}
