package import AnycodeCore

/// Whether an agent may obey what the repository says to it.
package enum RepositoryTrust: String, Hashable, Sendable, Codable {
    case allowed, ignored
}

/// What is remembered for a chat and a repository about these settings of it.
package struct RememberedTrust: Hashable, Sendable {
    package let key: String
    /// The settings' id and the decision: other settings are asked about again.
    package let value: String

    package init(_ trust: RepositoryTrust, for settings: RepositorySettings, of header: SessionHeader) {
        key = Self.key(header)
        value = "\(trust.rawValue) \(settings.id)"
    }

    /// Not for pull requests: anybody's code comes that way, and what the same settings start may be other scripts.
    static func holds(for header: SessionHeader) -> Bool { header.source?.source.pull == nil }

    static func key(_ header: SessionHeader) -> String {
        "trust \(header.agent) \(header.source?.source.url ?? "")"
    }

    /// The decision a stored value holds for these settings.
    static func decision(_ value: String?, for settings: RepositorySettings) -> RepositoryTrust? {
        guard let parts = value?.split(separator: " ", maxSplits: 1), parts.count == 2, parts[1] == settings.id else {
            return nil
        }
        return RepositoryTrust(rawValue: String(parts[0]))
    }
}

/// The repository's own settings for the agent: told, and obeyed only when a person allows it.
extension SessionMachine {
    /// How long the task waits for an answer before it goes on without the settings.
    static let trustWait: Duration = .seconds(120)

    mutating func settingsFound(_ settings: RepositorySettings, _ remembered: RepositoryTrust?) {
        guard state.phase == .preparing else { return }
        state.settings = settings
        state.trust = remembered
    }

    /// The workspace is ready: asks about its settings where nobody has decided yet, then starts the agent.
    mutating func decideTrust() {
        guard let settings = state.settings else { return goOn() }
        switch state.trust {
        case .ignored: goOn()
        case .allowed: introduceTrusting()
        case nil:
            state.phase = .choosingRepository
            progressed("waiting for an answer about the repository's settings")
            ask(.settings(settings))
        }
    }

    /// The runner is told before the agent starts; `acquired` goes on from there.
    private mutating func introduceTrusting() {
        state.phase = .choosingRepository
        act(.introduce)
    }

    /// After a restart, or when the runner knows the decision.
    mutating func goOnAfterChoice() {
        if state.workspace != nil, state.asks.isEmpty { goOn() }
    }

    /// What a resumed session takes over comes first.
    private mutating func goOn() {
        if header.origin == nil || state.isRestored { openAgent() } else { restore() }
    }

    var isDecidingTrust: Bool {
        guard state.phase == .choosingRepository, case .settings? = state.asks.first?.ask.kind else { return false }
        return true
    }

    mutating func answerTrust(_ open: SessionState.OpenAsk, allowed: Bool, by person: Person) -> String {
        guard let settings = state.settings else { return "This button is out of date." }
        let trust: RepositoryTrust = allowed ? .allowed : .ignored
        state.trust = trust
        if RememberedTrust.holds(for: header) { decision.trust = RememberedTrust(trust, for: settings, of: header) }
        resolve(open, Resolution(by: person, choice: allowed ? "Allowed for this repository" : "Not used"))
        decideTrust()
        return ""
    }

    /// Nobody answered: the task goes on without the settings, and the next one asks again.
    mutating func trustExpired() {
        guard let open = state.asks.first else { return }
        state.trust = .ignored
        resolve(open, Resolution(by: nil, choice: "not used: nobody answered"))
        decideTrust()
    }
}
