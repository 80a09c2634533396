package import AnycodeCore
package import AnycodeStore
package import Logging
package import Supervision

/// What the whole tree is given: configuration, ports, clock, and the registries in which siblings find each other.
package final class Runtime: Sendable {
    package let configuration: RuntimeConfiguration
    package let store: Store
    package let instance: InstanceID
    package let platforms: [PlatformID: any ChatPlatform]
    package let provider: any SandboxProvider
    package let connector: any AgentConnector
    package let archive: PatchArchive
    package let clock: RuntimeClock
    /// Makes ids and tokens: 32 random hexadecimal digits.
    package let makeID: @Sendable () -> String
    /// The bearer token of a lease's runner.
    package let token: @Sendable (LeaseID) -> Secret
    package let logger: Logger
    package let intake = Intake()
    let pairing = PairingDesk()
    let unstored = Unstored()
    let newborn = Newborn()
    /// Raised when a session ended whose sandbox could not be removed.
    let leftBehind = Signal()

    package let sessions = Registry<SessionID, SessionActor>()
    package let outboxes = Registry<ChatID, ChatOutbox>()
    let sessionSupervisor = Registry<TreeRole, DynamicSupervisor<SessionID>>()
    let outboxSupervisor = Registry<TreeRole, DynamicSupervisor<ChatID>>()
    let routers = Registry<TreeRole, Router>()
    let recovery: Recovery

    package init(
        configuration: RuntimeConfiguration, store: Store, instance: InstanceID, platforms: [any ChatPlatform],
        provider: any SandboxProvider, connector: any AgentConnector, archive: PatchArchive, clock: RuntimeClock,
        makeID: @escaping @Sendable () -> String, token: @escaping @Sendable (LeaseID) -> Secret, logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.instance = instance
        self.platforms = Dictionary(uniqueKeysWithValues: platforms.map { ($0.id, $0) })
        self.provider = provider
        self.connector = connector
        self.archive = archive
        self.clock = clock
        self.makeID = makeID
        self.token = token
        self.logger = logger
        recovery = Recovery(clock: clock, logger: logger)
    }

    /// Knows the secrets that a session has to do with. Of an agent's environment those count whose names say so.
    package func masker(for header: SessionHeader, files: HomeFiles? = nil) -> SecretMasker {
        let words = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH"]
        let environment = configuration.profile(header.agent)?.environment ?? [:]
        let named = environment.filter { variable in
            !variable.key.hasPrefix("GIT_CONFIG_") && words.contains { variable.key.uppercased().contains($0) }
        }
        let passwords = configuration.credentials.values.map(\.password)
        return SecretMasker(
            secrets: Array(named.values) + passwords + configuration.secrets + [token(header.lease)]
                + (files?.secrets ?? []))
    }

    /// Platforms over a network in which anybody may use the bot; the console is whoever sits at the machine.
    package var openPlatforms: [PlatformID] {
        platforms.keys.sorted().filter { id in
            id.rawValue != "console" && configuration.access[id].map { $0.mode == .open } ?? true
        }
    }

    /// What can be shown in a chat; one whose platform is not configured any more shows nothing.
    func limits(of chat: ChatID) -> ChatLimits { platforms[chat.platform]?.limits ?? ChatLimits(textUnits: 4096) }

    /// The chat's outbox, started if there is none yet.
    func outbox(for chat: ChatID) async throws -> ChatOutbox {
        if let outbox = outboxes[chat] { return outbox }
        guard let supervisor = outboxSupervisor[.outboxes] else { throw RuntimeError.notReady("outboxes") }
        if !supervisor.contains(chat) { try? supervisor.startChild(chat) }
        _ = try await supervisor.waitUntilRunning(chat)
        guard let outbox = outboxes[chat] else { throw RuntimeError.notReady("outbox \(chat)") }
        return outbox
    }
}

/// The parts of the tree that others look up.
enum TreeRole: Hashable, Sendable {
    case sessions, outboxes, router
}

/// A part of the tree cannot do its work now.
enum RuntimeError: Error, Hashable, CustomStringConvertible {
    /// The named part is not running at this moment; asking again later is right.
    case notReady(String)

    var description: String {
        switch self {
        case .notReady(let part): "\(part) is not running yet"
        }
    }
}
