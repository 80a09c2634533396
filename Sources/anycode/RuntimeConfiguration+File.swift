import AnycodeConfig
import AnycodeCore
import AnycodeRuntime
import Foundation

extension RuntimeConfiguration {
    /// What the configuration file says, in the runtime's terms.
    init(_ file: Configuration) {
        self.init(defaultAgent: AgentName(file.agents.defaultAgent))
        maxConcurrent = file.session.maxConcurrent
        maxTotal = file.session.maxTotal
        debounce = file.session.debounce
        keep = file.database.keep
        agents = file.agents.names.map { AgentProfile($0, file) }
        session.everybodyControls = file.session.answers == .chat
        session.agentTime = file.session.timeout
        session.linger = file.session.linger
        session.person = file.session.wait
        session.provisioning = file.session.provisioningTimeout
        session.firstEvent = file.session.firstEventTimeout
        session.silence = file.session.silenceTimeout
        for (name, credentials) in file.agents.credentials {
            session.modes[AgentName(name)] = credentials.mode
            session.models[AgentName(name)] = credentials.model
        }
        if let token = file.github.token {
            let secret = AnycodeCore.Secret(token.reveal())
            credentials["github.com"] = RepositoryCredentials(username: "x-access-token", password: secret)
        }
        if let telegram = file.telegram {
            let platform = PlatformID("telegram")
            access[platform] = AccessRule(telegram.access, on: platform) { $0.hasPrefix("-") }
            secrets.append(AnycodeCore.Secret(telegram.botToken.reveal()))
        }
    }
}

extension AgentProfile {
    init(_ name: String, _ file: Configuration) {
        var environment: [String: AnycodeCore.Secret] = [:]
        for (key, value) in file.agents.custom[name]?.environment ?? [:] {
            environment[key] = AnycodeCore.Secret(value.reveal())
        }
        for (key, value) in file.agents.credentials[name]?.environment ?? [:] {
            environment[key] = AnycodeCore.Secret(value.reveal())
        }
        if let token = file.github.token, file.github.access == .agent {
            environment["GITHUB_TOKEN"] = AnycodeCore.Secret(token.reveal())
        }
        let files = (file.agents.credentials[name]?.files ?? [:]).sorted { $0.key < $1.key }.map { place, path in
            HomeFile(path: place) { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
        }
        self.init(
            name: AgentName(name), environment: environment, command: file.agents.custom[name]?.command,
            server: AgentServer(of: name, file), files: files)
    }
}

extension AgentServer {
    /// Those that the programs before agents name differently.
    private static let names = ["claude-code": "claude"]

    /// `nil` for an agent that is spoken to in ACP directly: our own, and those that bring a command.
    init?(of name: String, _ file: Configuration) {
        let sandbox = file.sandbox
        guard name != "demo", file.agents.custom[name] == nil else { return nil }
        let dialect: Dialect? =
            switch sandbox.agentProtocol {
            case .opencode: .opencode
            case .acpx: .acpx
            case .acp: sandbox.server.command.isEmpty ? nil : .sandboxAgent
            }
        guard let dialect else { return nil }
        let command = sandbox.server.command
        self.init(
            dialect, command: command.isEmpty ? Self.usual(dialect, for: name) : command,
            agent: Self.names[name] ?? name,
            permissions: dialect == .acpx ? sandbox.server.permissions.rawValue : nil)
    }

    /// Of the agents that opencode is not, the ancestor's sandbox-agent plays opencode.
    private static func usual(_ dialect: Dialect, for name: String) -> [String] {
        switch dialect {
        case .acpx: ["acpx"]
        case .opencode where name == "opencode": ["opencode", "serve", "--hostname", "127.0.0.1", "--port", "0"]
        case .opencode, .sandboxAgent:
            ["sandbox-agent", "server", "--host", "127.0.0.1", "--port", "{port}", "--token", "{token}"]
        }
    }
}
