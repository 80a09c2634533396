import Testing

@testable import AnycodeConfig

/// Files of the ancestor go on working.
@Suite struct AncestorTests {
    private let sample = """
        # At least one messaging platform must be configured.
        [telegram]
        bot_token = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
        allowed_users = []

        [slack]
        app_token = "xapp-1-A111-222-abcdef"
        bot_token = "xoxb-111-222-abcdef"
        allowed_users = []

        [sandbox]
        provider = "docker"
        protocol = "opencode"

        [docker]
        image = "anycode-sandbox:latest"
        port_range_start = 12000
        port_range_end = 12100
        network = "bridge"

        [ecs]
        cluster = "anycode-cluster"
        task_definition = "anycode-task:1"
        subnets = ["subnet-0f3a"]
        security_groups = ["sg-0b7c"]
        assign_public_ip = true
        container_port = 2468
        startup_timeout_secs = 120
        poll_interval_ms = 1000
        region = "us-west-2"
        platform_version = "LATEST"
        container_name = "anycode-sandbox"
        log_group = "/ecs/anycode"
        log_stream_prefix = "anycode"

        [database]
        path = "anycode.db"

        [agents]
        default_agent = "claude-code"
        [agents.credentials.claude-code]
        env = { ANTHROPIC_API_KEY = "sk-ant-api03-madeup" }
        [agents.credentials.codex]
        env = { OPENAI_API_KEY = "sk-madeup" }
        [agents.credentials.goose]
        env = { OPENAI_API_KEY = "sk-madeup" }

        [github]
        token = "ghp_madeup"

        [session]
        max_concurrent = 5
        timeout_minutes = 30
        debounce_ms = 500
        """

    @Test func sampleLoadsWithItsMeanings() throws {
        let configuration = try parsed(sample)
        #expect(configuration.sandbox.agentProtocol == .opencode)
        #expect(configuration.docker.ports == 12000...12100)
        #expect(configuration.ecs.subnets == ["subnet-0f3a"])
        #expect(configuration.ecs.startupTimeout == .seconds(120))
        #expect(configuration.agents.names == ["claude-code", "codex", "goose"])
        #expect(configuration.agents.credentials["codex"]?.environment["OPENAI_API_KEY"]?.reveal() == "sk-madeup")
        #expect(configuration.github.access == .agent)
        #expect(configuration.session.timeout == .seconds(1800))
        #expect(!configuration.console.enabled)
        #expect(configuration.warnings.map(\.code) == [.openAccess, .openAccess])
    }

    @Test func absentProtocolMeansACP() throws {
        #expect(try parsed("").sandbox.agentProtocol == .acp)
        #expect(try parsed("").sandbox.provider == .docker)
    }

    @Test func telegramIdsMayBeTextsOrNumbers() throws {
        let text = "[telegram]\nbot_token = \"1:a\"\nallowed_users = [\"42\", -7]"
        #expect(try parsed(text).telegram?.access == Access(mode: .list, users: ["42", "-7"], chats: []))
    }

    @Test func emptyOptionalTextsCountAsAbsent() throws {
        #expect(try parsed("[ecs]\ncontainer_name = \"\"").ecs.containerName == nil)
    }
}
