import Foundation
import ScriptedModel
import Testing

/// A real agent of other people, fetched by `scripts/fetch-test-agents`.
@Suite struct ThirdPartyAgentTests {
    @Test func agentaoDoesATaskWithAPermissionByButton() async throws {
        let fetched = Surroundings.agents + "/agentao"
        guard FileManager.default.fileExists(atPath: fetched + "/bin/agentao") else {
            return Surroundings.skip("the agent agentao: not in \(fetched); run scripts/fetch-test-agents")
        }
        try await withScriptedModel { model in
            try await Installation.with { installation in
                let folder = try installation.install(directory: fetched)
                let agent = """
                    [agents]
                    default_agent = "agentao"
                    [agents.custom.agentao]
                    command = ["\(folder)/bin/python3", "-m", "agentao.cli", "--acp", "--stdio"]
                    [agents.custom.agentao.env]
                    OPENAI_BASE_URL = "\(model.openAIBaseURL)"
                    OPENAI_API_KEY = "sk-test"
                    OPENAI_MODEL = "mock-model"
                    """
                try installation.configure(agents: agent, network: "host", readOnlyPaths: [folder])
                let daemon = try installation.daemon()
                daemon.enter("/task make the file")
                try await daemon.expect("I will create hello.txt now")
                try await daemon.expect("May it.*echo hello from the model")
                try await daemon.press("Allow")
                try await daemon.expect("Done: hello.txt was created")
                #expect(await daemon.says("completed, sandbox removed"))
                let patch = try await daemon.expect(#"Patch: `(\S+\.patch)`"#)[0]
                #expect(try String(contentsOfFile: patch, encoding: .utf8).contains("+hello from the model"))
                print(daemon.output.text)
                daemon.signal(SIGTERM)
                #expect(await daemon.end() == 0)
            }
        }
    }
}
