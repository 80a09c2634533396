package import AnycodeCore

/// What the composition root tells the tree. Durations and counts; nothing here is read again from files.
package struct RuntimeConfiguration: Sendable {
    package var session = SessionPolicy()
    /// Sessions at work in one chat at a time; idle ones do not count.
    package var maxConcurrent = 5
    /// Sessions in the daemon at a time; `nil` for no limit.
    package var maxTotal: Int?
    /// How long streamed output is gathered before the chat is updated.
    package var debounce: Duration = .milliseconds(500)
    /// The agents that `/task` knows, in the order in which `/agents` lists them.
    package var agents: [AgentProfile] = []
    package var defaultAgent: AgentName
    /// Who may use the bot on which platform; one without a rule is for everybody who reaches it.
    package var access: [PlatformID: AccessRule] = [:]
    /// Whom owners admitted; the router keeps it as the store has it.
    package let roll = AccessRoll()
    /// Tells the operator at the daemon's console.
    package var announce: @Sendable (String) -> Void = { _ in }
    /// What tasks of a platform work on when they name no repository.
    package var defaultSource: [PlatformID: RequestedSource] = [:]
    /// Host name → credentials for cloning. A token goes to its own host only.
    package var credentials: [String: RepositoryCredentials] = [:]
    /// Host name → where pull requests for its repositories are opened.
    package var pullRequests: [String: any PullRequestHost] = [:]
    /// Further secrets of the daemon that no chat may show.
    package var secrets: [Secret] = []
    /// The largest patch that is saved, in bytes.
    package var patchLimit = 256 << 20
    /// The largest file that is taken from a chat, in bytes.
    package var fileLimit = 20 << 20
    /// How the daemon before this one ended.
    package var lastEnd = LastEnd.crash
    package var watchdogInterval: Duration = .seconds(60)
    package var reaperInterval: Duration = .seconds(600)
    /// How long finished sessions are kept, with their transcripts and saves; `nil` keeps them for ever.
    package var keep: Duration?
    package var retentionInterval: Duration = .seconds(3_600)

    package init(defaultAgent: AgentName) {
        self.defaultAgent = defaultAgent
    }

    /// What somebody may do on a platform.
    package func standing(of person: PersonID, on platform: PlatformID) -> AccessRule.Standing {
        access[platform]?.standing(of: person, admitted: roll.standing(of: person, on: platform)) ?? .member
    }

    /// Whether somebody may use the bot in a conversation.
    package func admits(_ person: Person, in conversation: Conversation) -> Bool {
        let platform = conversation.chat.platform
        guard standing(of: person.id, on: platform) != .stranger else { return false }
        return access[platform]?.admits(conversation.chat) ?? true
    }

    func profile(_ name: AgentName) -> AgentProfile? { agents.first { $0.name == name } }
}

/// How the daemon before this one ended, as far as it matters to the sessions that it left.
package enum LastEnd: Hashable, Sendable {
    /// By a fault of its own, perhaps on the data of one of them.
    case crash
    /// In order, or from outside: killed, or with the machine. That is nobody's fault here.
    case other

    /// How much a session's start counts that follows: at more than `limit` in a row it is set aside.
    var weight: Int {
        switch self {
        case .crash: 10
        case .other: 1
        }
    }

    /// Three crashes, or so many other ends that there must be a reason.
    static let limit = 30
}

/// An agent as configured.
package struct AgentProfile: Sendable {
    package let name: AgentName
    /// Credentials and settings, given to the agent as environment.
    package let environment: [String: Secret]
    /// The ACP command of a custom agent; `nil` for those the runner knows.
    package let command: [String]?
    /// Logins and other files for the agent's private home.
    package let files: [HomeFile]

    package init(
        name: AgentName, environment: [String: Secret] = [:], command: [String]? = nil, files: [HomeFile] = []
    ) {
        self.name = name
        self.environment = environment
        self.command = command
        self.files = files
    }
}

/// A file of the daemon's machine that an agent gets in its private home.
package struct HomeFile: Sendable {
    /// Relative to the home.
    package let path: String
    /// Read for each session anew: logins are renewed.
    package let read: @Sendable () throws -> [UInt8]

    package init(path: String, read: @escaping @Sendable () throws -> [UInt8]) {
        self.path = path
        self.read = read
    }
}

/// Where patches, and logs of turns, are kept, outside of every sandbox.
package struct PatchArchive: Sendable {
    /// Writes a patch durably and returns its path; the same content gives the same path.
    package let write: @Sendable (SessionID, [UInt8]) async throws(ArchiveError) -> String
    package let read: @Sendable (String) async throws -> [UInt8]
    /// Writes a document under its name beside the session's patches, over an older one, and returns its path.
    package let writeDocument: @Sendable (SessionID, String, [UInt8]) async throws -> String
    /// Removes all patches and documents of a session; succeeds when there are none.
    package let remove: @Sendable (SessionID) async throws -> Void

    package init(
        write: @escaping @Sendable (SessionID, [UInt8]) async throws(ArchiveError) -> String,
        read: @escaping @Sendable (String) async throws -> [UInt8],
        writeDocument: @escaping @Sendable (SessionID, String, [UInt8]) async throws -> String,
        remove: @escaping @Sendable (SessionID) async throws -> Void = { _ in }
    ) {
        self.write = write
        self.read = read
        self.writeDocument = writeDocument
        self.remove = remove
    }
}

/// Why a patch could not be kept.
package struct ArchiveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether it can be kept as soon as there is space.
    package let isFull: Bool
    /// Safe to show.
    package let message: String

    package init(isFull: Bool, _ message: String) {
        self.isFull = isFull
        self.message = message
    }

    package var description: String { message }
}
