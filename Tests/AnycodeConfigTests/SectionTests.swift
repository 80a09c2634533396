import Testing

@testable import AnycodeConfig

@Suite struct SectionTests {
    @Test func emptyFileHasTheDefaults() throws {
        let configuration = try parsed("")
        #expect(configuration.console.enabled)
        #expect(configuration.telegram == nil && configuration.slack == nil)
        #expect(configuration.session.maxConcurrent == 5)
        #expect(configuration.session.linger == .seconds(900))
        #expect(configuration.session.wait == .seconds(43_200))
        #expect(configuration.session.onShutdown == .destroy)
        #expect(configuration.sandbox.local.network == .private)
        #expect(configuration.agents.names == ["claude-code", "codex", "goose"])
        #expect(configuration.database.path == "anycode.db")
        #expect(configuration.control.socket == nil)
    }

    @Test func finishedSessionsAreKeptAsLongAsSaid() throws {
        #expect(try parsed("").database.keep == nil)
        #expect(try parsed("[database]\nkeep_days = 30").database.keep == .seconds(30 * 86_400))
        #expect(problems("[database]\nkeep_days = -1").map(\.code) == [.badValue])
    }

    @Test(arguments: [
        ("", Access.Mode.open, true), ("allowed_users = [1]", .list, false), ("access = \"pairing\"", .pairing, false),
        ("access = \"open\"", .open, true), ("access = \"pairing\"\nallowed_users = [1]", .pairing, false),
        ("access = \"list\"\nallowed_users = [1]", .list, false), ("owners = [1]", .list, false),
    ])
    func accessFollowsTheRule(keys: String, mode: Access.Mode, isLoud: Bool) throws {
        let configuration = try parsed("[telegram]\nbot_token = \"1:a\"\n\(keys)")
        #expect(configuration.telegram?.access.mode == mode)
        #expect(configuration.warnings.contains { $0.code == .openAccess } == isLoud)
    }

    @Test func ownersAndWhoMayAnswerAreRead() throws {
        let text = "[telegram]\nbot_token = \"1:a\"\nowners = [7]\n[session]\nanswers = \"chat\""
        #expect(try parsed(text).telegram?.access.owners == ["7"])
        #expect(try parsed(text).session.answers == .chat)
        #expect(try parsed("").session.answers == .starter)
    }

    @Test func namesAreNotIds() {
        #expect(
            messages("[telegram]\nbot_token = \"1:a\"\nallowed_users = [1, \"@ana\"]") == [
                "config.toml:3: telegram.allowed_users: entry 2 is not allowed here; "
                    + "write a list of user ids (numbers, not @names)"
            ])
        #expect(
            problems("[slack]\napp_token = \"xapp-1\"\nbot_token = \"xoxb-1\"\nallowed_users = [\"ana\"]").map(\.code)
                == [.badValue])
    }

    @Test func homeIsExpanded() throws {
        let text = """
            [database]
            path = "~/a.db"
            [control]
            socket = "~/c.sock"
            [sandbox.local]
            read_only_paths = ["~/tools", "/opt"]
            directory = "~/s"
            [agents.credentials.codex]
            files = { ".codex/auth.json" = "~/.codex/auth.json" }
            mode = "plan"
            model = ""
            """
        let configuration = try parsed(text)
        #expect(configuration.database.path == "/home/ana/a.db")
        #expect(configuration.control.socket == "/home/ana/c.sock")
        #expect(configuration.sandbox.local.readOnlyPaths == ["/home/ana/tools", "/opt"])
        #expect(configuration.sandbox.local.directory == "/home/ana/s")
        #expect(
            configuration.agents.credentials["codex"]?.files == [".codex/auth.json": "/home/ana/.codex/auth.json"])
        #expect(configuration.agents.credentials["codex"]?.mode == "plan")
        #expect(configuration.agents.credentials["codex"]?.model == nil)
    }

    @Test func customAgentsAreNamable() throws {
        let text = """
            [agents]
            default_agent = "mine"
            [agents.custom.mine]
            command = ["python3", "agent.py"]
            env = { MODE = "fast" }
            """
        let agents = try parsed(text).agents
        #expect(agents.names == ["mine"])
        #expect(agents.custom["mine"]?.command == ["python3", "agent.py"])
        #expect(agents.custom["mine"]?.environment == ["MODE": Secret("fast")])
    }

    @Test func onlyConfiguredAgentBecomesTheDefaultWithAWarning() throws {
        let configuration = try parsed("[agents.credentials.demo]")
        #expect(configuration.agents.defaultAgent == "demo")
        #expect(configuration.agents.names == ["demo"])
        #expect(configuration.warnings.map(\.code) == [.caution])
    }

    @Test func defaultAgentMayBeOneWithoutCredentials() throws {
        let agents = try parsed("[agents]\ndefault_agent = \"demo\"").agents
        #expect(agents.names == ["claude-code", "codex", "demo", "goose"])
    }

    @Test func agentsThatAnycodeDoesNotKnowAreAWarning() throws {
        let warnings = try parsed("[agents.credentials.claude-code]\n[agents.credentials.codx]").warnings
        #expect(warnings.map(\.line) == [2])
        #expect(warnings.first?.description.contains("did you mean \"codex\"?") == true)
    }

    @Test func isolationNoneImpliesTheHostsNetwork() throws {
        let text = "[sandbox]\nprovider = \"local\"\n[sandbox.local]\nisolation = \"none\""
        let configuration = try parsed(text)
        #expect(configuration.sandbox.local.network == .host)
        #expect(configuration.warnings.map(\.key) == ["sandbox.local.isolation"])
    }

    @Test func bothPortsZeroLetsTheEngineChoose() throws {
        #expect(try parsed("[docker]\nport_range_start = 0\nport_range_end = 0").docker.ports == nil)
        #expect(problems("[docker]\nport_range_start = 0").map(\.code) == [])
    }

    @Test func baseURLLosesItsSlashAndPlainHTTPIsSaid() throws {
        let configuration = try parsed(
            "[telegram]\nbot_token = \"1:a\"\nallowed_users = [1]\napi_base_url = \"http://bots.example/api/\"")
        #expect(configuration.telegram?.apiBaseURL == "http://bots.example/api")
        #expect(configuration.warnings.map(\.code) == [.caution])
        #expect(
            try parsed("[telegram]\nbot_token = \"1:a\"\nallowed_users = [1]\napi_base_url = \"http://127.0.0.1:80\"")
                .warnings.isEmpty)
    }
}
