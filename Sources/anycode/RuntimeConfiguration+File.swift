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
            credentials[file.github.host] = RepositoryCredentials(username: "x-access-token", password: secret)
            session.pullRequestHosts = [file.github.host]
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
            environment.merge(GitHubAccess.environment(AnycodeCore.Secret(token.reveal()), host: file.github.host)) {
                own, _ in own
            }
        }
        let files = (file.agents.credentials[name]?.files ?? [:]).sorted { $0.key < $1.key }.map { place, path in
            HomeFile(path: place) { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
        }
        self.init(
            name: AgentName(name), environment: environment, command: file.agents.custom[name]?.command, files: files)
    }
}
