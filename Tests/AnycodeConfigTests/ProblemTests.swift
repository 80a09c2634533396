import Foundation
import Testing

@testable import AnycodeConfig

@Suite struct ProblemTests {
    @Test func unknownKeysNameLineAndNearestKey() {
        #expect(
            messages(
                "[telegram]\nbot_token = \"1:a\"\nallowed_user = []\n\n[sesion]\nx = 1\n[session]\nbot_token = \"\"")
                == [
                    "config.toml:3: telegram.allowed_user: unknown key; did you mean \"allowed_users\"?",
                    "config.toml:5: sesion: unknown key; did you mean \"session\"?",
                    "config.toml:8: session.bot_token: unknown key; this key belongs in [telegram] or [slack]",
                ])
    }

    @Test func unknownKeysWithoutANearOneListWhatIsAllowed() {
        #expect(
            messages("[database]\nengine = 1")
                == ["config.toml:2: database.engine: unknown key; allowed here: keep_days, path"])
    }

    @Test func unknownKeysInInlineTablesAndNamedSections() {
        #expect(
            messages("[agents]\ncredentials = { codex = { env = {}, envs = {} } }\n[agents.custom.a]\ncomand = [\"x\"]")
                == [
                    "config.toml:2: agents.credentials.codex.envs: unknown key; did you mean \"env\"?",
                    "config.toml:3: agents.custom.a.command: a custom agent needs its command; "
                        + "command = [\"program\", \"argument\"]",
                    "config.toml:4: agents.custom.a.comand: unknown key; did you mean \"command\"?",
                ])
    }

    @Test func wrongTypesSayWhatIsExpected() {
        #expect(
            messages(
                "telegram = 1\n[session]\nmax_concurrent = \"5\"\n[docker]\nimage = [1]\n[agents.credentials.a]\nenv = { X = 1 }"
            ) == [
                "config.toml:1: telegram: expected a section [telegram], found a whole number",
                "config.toml:3: session.max_concurrent: expected a whole number, found a text in quotes",
                "config.toml:5: docker.image: expected a text in quotes, found a list",
                "config.toml:7: agents.credentials.a.env.X: expected a text in quotes, found a whole number",
            ])
    }

    @Test func badValuesSayWhatIsAllowed() {
        #expect(
            messages("[sandbox]\nprovider = \"dokcer\"\n[docker]\nport_range_end = 70000") == [
                "config.toml:2: sandbox.provider: allowed: \"docker\", \"local\", \"ecs\", \"kubernetes\"; "
                    + "did you mean \"docker\"?",
                "config.toml:4: docker.port_range_end: must be from 0 to 65535, found 70000",
            ])
    }

    @Test(arguments: [
        "[console]\nenabled = false",
        "[telegram]\nbot_token = \"1:a\"\naccess = \"list\"",
        "[telegram]\nbot_token = \"1:a\"\naccess = \"open\"\nallowed_users = [1]",
        "[telegram]\nbot_token = \"1:a\"\nbot_token_file = \"/x\"\nallowed_users = [1]",
        "[slack]\napp_token = \"xoxb-1\"\nbot_token = \"xapp-1\"\n",
        "[sandbox]\nprovider = \"ecs\"\nprotocol = \"acpx\"\n[ecs]\ncluster = \"c\"\ntask_definition = \"t\"\nsubnets = [\"s\"]",
        "[sandbox.local]\nisolation = \"none\"\nnetwork = \"none\"",
        "[docker]\nport_range_start = 13000",
        "[session]\nmax_concurrent = 5\nmax_total = 2",
    ])
    func impossibleCombinationsAreRefused(text: String) {
        #expect(problems(text).map(\.code) == [.combination])
    }

    @Test(arguments: [
        "YOUR_BOT_TOKEN", "sk-ant-...", "sk-…", "123456:ABC-DEF...", "<token>", "changeme", "your-token-here",
    ])
    func placeholdersAreRefused(value: String) {
        let text = "[telegram]\nbot_token = \"\(value)\"\n[agents.credentials.codex]\nenv = { KEY = \"\(value)\" }"
        let found = problems(text)
        #expect(found.map(\.code) == [.placeholder, .placeholder])
        #expect(found.map(\.line) == [2, 4])
    }

    @Test func requiredKeysAreMissed() {
        #expect(
            problems("[telegram]\n[slack]\nbot_token = \"\"\n[sandbox]\nprovider = \"ecs\"\n[ecs]").map(\.key) == [
                "telegram.bot_token", "slack.app_token", "slack.bot_token", "ecs.cluster", "ecs.task_definition",
                "ecs.subnets",
            ])
    }

    @Test(arguments: [
        "[agents.credentials.\"a b\"]", "[agents.credentials.codex]\nenv = { \"A-B\" = \"x\" }",
        "[agents.credentials.codex]\nfiles = { \"../x\" = \"/y\" }",
        "[agents.credentials.codex]\nfiles = { \"/x\" = \"/y\" }", "[agents]\ndefault_agent = \"claud-code\"",
        "[telegram]\nbot_token = \"1:a\"\napi_base_url = \"ftp://x\"",
        "[telegram]\nbot_token = \"1:a\"\napi_base_url = \"https://u:p@x\"",
        "[sandbox.local]\nread_only_paths = [\"x\"]",
        "[database]\npath = \"\"",
    ])
    func badValuesAreRefused(text: String) {
        #expect(problems(text).map(\.code) == [.badValue])
    }

    @Test func syntaxErrorsNameTheLine() {
        let found = problems("[telegram]\nbot_token = \n")
        #expect(found.map(\.code) == [.syntax])
        #expect(found.first?.line == 2)
        #expect(problems("a = 1\na = 2").first?.line == 2)
        #expect(problems("a = 1\nb = '\0'").map(\.description) == ["config.toml:2: a NUL byte is not allowed"])
    }

    @Test(arguments: ["[.a]", "[ +a]", "[[=]]", "[{", "[,", "[#", "[é]", "[", "[[["])
    func aHeaderThatTheParserDoesNotSurviveIsRefusedInWords(header: String) {
        #expect(
            problems("[session]\nmax_total = 1\n\(header)\n").map(\.description) == [
                "config.toml:3: not valid TOML: a table header begins with a name, as in [session]"
            ])
    }

    @Test(arguments: ["1979-05-27Tx", "1979-05-2e 4", "07:32", "[1, 1979-05-27]"])
    func datesAndTimesAreRefusedBeforeTheParserMeetsThem(value: String) {
        #expect(
            problems("[session]\nmax_total = \(value)").map(\.description) == [
                """
                config.toml:2: not valid TOML: no key takes a date or time; put it in quotes if it is a text
                """
            ])
    }

    @Test func aListClosedAsATableIsRefusedInWords() {
        #expect(
            problems("[session]\nmax_total = [}").map(\.description) == [
                "config.toml:2: not valid TOML: a list or table that is not closed"
            ])
    }

    @Test func bracketsInsideValuesAreNoHeaders() {
        let text = "[agents.custom.x]\ncommand = [\n\"a\", # [.\n  \"[.\"]\nenv = { A = \"\"\"\n[.a]\n\"\"\" }\n"
        #expect(problems(text).isEmpty)
    }

    @Test func secretsAreNeverPrinted() {
        let secret = "Zk9Secret0Value"
        let texts = [
            "[telegram]\nbot_token = [\"\(secret)\"]", "[telegram]\nbot_token = \(secret)",
            "[telegram]\nbot_token = 123456789:\(secret)", "[telegram]\nbot_token = true\(secret)",
            "[telegram]\naccess = \"\(secret)\"\nbot_token = \"\(secret)...\"", "[telegram]\nbot_token = \"\(secret)",
            "[agents.credentials.codex]\nenv = { A = [\"\(secret)\"], \"B-\" = \"\(secret)\" }",
            "[telegram]\nbot_token = \"1\"\napi_base_url = \"\(secret)\"\nallowed_users = [\"\(secret)\"]",
            "[agents]\ndefault_agent = \"\(secret)\"\n[slack]\nbot_token = \"xapp-\(secret)\"",
        ]
        for text in texts {
            let found = messages(text).joined()
            #expect(!found.isEmpty)
            #expect(!found.contains(secret) && !found.contains("Secret0"), "\(found)")
        }
    }

    @Test func theProgramBeforeAgentsFitsTheProtocol() throws {
        #expect(
            messages("[sandbox]\nprotocol = \"opencode\"\n[sandbox.server]\npermissions = \"deny-all\"") == [
                "config.toml:4: sandbox.server.permissions: only \"acpx\" decides about permissions itself; with "
                    + "protocol = \"opencode\" the chat is asked; remove it"
            ])
        #expect(
            messages("[sandbox.server]\ncommand = [\"sandbox-agent\", \"server\"]").first?.contains("told its port")
                == true)
        #expect(
            messages("[sandbox]\nprotocol = \"acpx\"\n[sandbox.server]\npermissions = \"approve\"").first?
                .contains("allowed: \"approve-all\", \"approve-reads\", \"deny-all\"") == true)
        let good = try Configuration.parse(
            "[sandbox]\nprotocol = \"acpx\"\n[sandbox.server]\ncommand = [\"/opt/acpx\"]\npermissions = \"deny-all\"")
        #expect(good.sandbox.server == .init(command: ["/opt/acpx"], permissions: .denyAll))
    }

    @Test func whatThisVersionLacksIsAProblemOfItsOwn() {
        #expect(
            messages(
                "[slack]\napp_token = \"xapp-1\"\nbot_token = \"xoxb-1\"\nallowed_users = [\"U0123\"]\n[sandbox]\nprovider = \"kubernetes\"\nprotocol = \"acpx\"",
                supported: .init(platforms: [.console, .telegram], providers: [.docker, .local], protocols: [.acp]))
                == [
                    "config.toml:1: slack: [slack] is not in this version yet; use [console] or [telegram]",
                    "config.toml:6: sandbox.provider: \"kubernetes\" is not in this version yet; "
                        + "use provider = \"docker\" or provider = \"local\"",
                    "config.toml:7: sandbox.protocol: \"acpx\" is not in this version yet; use protocol = \"acp\"",
                ])
    }

    @Test func problemsComeTogetherInTheOrderOfTheFile() {
        let found = problems("[log]\nlevel = \"loud\"\n[docker]\nimgae = \"x\"\n[console]\nenabled = 1")
        #expect(found.map(\.line) == [2, 4, 6])
        #expect(ConfigurationError(problems: found).message == "The configuration has 3 problems.")
    }
}
