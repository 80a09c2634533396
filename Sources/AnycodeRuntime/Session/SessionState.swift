package import AnycodeCore

/// All of a session that must survive the process, besides its transcript. Stored as JSON in the session's row.
package struct SessionState: Hashable, Sendable, Codable {
    package indirect enum Phase: Hashable, Sendable, Codable {
        case pending
        case provisioning
        case preparing
        /// The repository could not be cloned, or has settings of its own, and the person is asked.
        case choosingRepository
        /// What an ended session left is brought back.
        case restoring
        /// The agent starts and opens its conversation.
        case opening
        /// The files that came with the next prompt are put into the workspace.
        case receiving
        case working
        /// The turn has ended and its changes are being saved.
        case saving(TurnReport)
        case idle
        /// The session is to end; the turn in progress is being cancelled.
        case stopping(Ending)
        /// The sandbox died; it is brought back to save what it holds.
        case reviving(Ending)
        /// The last save.
        case closing(Ending)
        case destroying(Ending, SaveReport?)
        case done(SessionReport)
    }

    package struct Ending: Hashable, Sendable, Codable {
        package var outcome: SessionReport.Outcome
        package var reason: String
        package var rings: Bool
        /// Whether the sandbox died and was brought back for this end.
        package var wasRevived = false
    }

    /// A pull request that is being opened.
    package struct PullRequest: Hashable, Sendable, Codable {
        package let title: String
        package let by: Person
    }

    /// Words of a person that wait for their turn.
    package struct Prompt: Hashable, Sendable, Codable {
        package let by: Person
        package let text: String
        /// Files that came with it and are not in the workspace yet; `nil` for none.
        package var files: [SentFile]?
        /// What the agent is told besides: where the files are.
        package var remark: String?
        /// Its place in the inbox.
        package var number: Int64?

        package init(
            by: Person, text: String, files: [SentFile] = [], remark: String? = nil, number: Int64? = nil
        ) {
            self.number = number
            self.by = by
            self.text = text
            self.files = files.isEmpty ? nil : files
            self.remark = remark
        }

        /// All that the agent reads.
        package var words: String {
            [text.isEmpty ? nil : text, remark].compactMap(\.self).joined(separator: "\n\n")
        }
    }

    package enum Purpose: Hashable, Sendable, Codable {
        case initialize, open, prompt, other
        /// A prompt that is to be taken into the turn in progress.
        case steer(Prompt)
        /// A mode or model that a person chose.
        case choice(AgentChoice, String)
        /// One that the configuration names, or that held before the agent's process was started again.
        case setting(AgentChoice, String)

        var isSteering: Bool { if case .steer = self { true } else { false } }
    }

    /// A call whose answer has not come yet.
    package struct Awaited: Hashable, Sendable, Codable {
        package let request: RequestID
        package let purpose: Purpose
    }

    /// An ask that nobody has settled yet.
    package struct OpenAsk: Hashable, Sendable, Codable {
        package let ask: Ask
        /// Field number → values; see `FormProgress`.
        package var answers: [Int: [String]] = [:]
        package var isReminded = false
    }

    package var phase: Phase = .pending
    package var turn = 0
    package var callCount = 0
    package var logID: String?
    package var source: RequestedSource?
    package var workspace: PreparedWorkspace?
    /// What the repository says to the agent, and whether that holds; `nil` while nobody has decided.
    package var settings: RepositorySettings?
    package var trust: RepositoryTrust?
    package var capabilities: AgentCapabilities?
    package var agentSession: AgentSession?
    /// The agent's process has ended; the next turn starts it anew.
    package var agentIsGone = false
    package var queue: [Prompt] = []
    package var outbound: [AgentCall] = []
    package var awaited: [Awaited] = []
    package var asks: [OpenAsk] = []
    /// Requests of the agent that were settled, newest last; bounded. One that arrives again is not asked again.
    package var settledRequests: [RequestID] = []
    /// The last turn in which the agent asked too much at once.
    package var crowdedTurn: Int?
    /// The names of the agent's own slash commands.
    package var commands: [String] = []
    package var usage: AgentUsage?
    /// `usage` when the turn began.
    package var usageBefore: AgentUsage?
    /// What the agent's processes before this one cost: each counts from nothing.
    package var costBefore: Double?
    /// How the turn ended, while messages that were given to it have no answer yet.
    package var turnOutcome: TurnReport.Outcome?
    /// Agent's time used, in seconds, up to the last change of phase.
    package var agentSeconds = 0.0
    /// Agent's time that people gave beyond the policy's, in seconds.
    package var grantedSeconds = 0.0
    /// The newest offer of more time while nobody has taken it.
    package var timeOffer: TimeOffer?
    package var timeOfferCount = 0
    /// The limit of which the end was last announced, in seconds of the agent's time.
    package var announcedLimit = 0.0
    /// `agentSeconds` when the turn began.
    package var turnBegan = 0.0
    /// `agentSeconds` at the last save.
    package var savedAt = 0.0
    /// Whether the agent said or did anything in this turn.
    package var turnSpoke = false
    /// Whether the person asked for this turn to stop.
    package var turnIsStopping = false
    package var lastTurn: TurnReport.Outcome?
    /// The last turn that was reported.
    package var reportedTurn = 0
    /// Where the log of the turn in progress is kept, if the chat leaves something of it out.
    package var turnLog: String?
    package var lastSave: SavedPatch?
    /// The agent's own state as it was saved last.
    package var savedConversation: SavedConversation?
    /// Whether what the session goes on from has been brought back.
    package var isRestored = false
    /// Whether the agent has to be told with its first prompt what it goes on from.
    package var owesPreamble = false
    /// How many secrets were masked.
    package var maskings = 0
    package var diffIsWanted = false
    /// How many files people sent so far; numbers them in the workspace.
    package var fileCount: Int?
    /// The place in the inbox of the message that the turn is about.
    package var promptNumber: Int64?
    /// Whether its messages tell whose they are, because there is or was another session in the conversation.
    package var isTagged: Bool?
    /// The pull request that is being opened.
    package var pullRequest: PullRequest?
    /// Whether people are asked if one is to be opened.
    package var asksPullRequest: Bool?
    /// Where the changes were pushed to last.
    package var published: PublishedBranch?
    /// Why the last save failed, or the one in progress waits; `nil` after one that succeeded.
    package var saveProblem: String?
    /// Whether the log in which the agent's last words stood is gone.
    package var restIsLost: Bool?

    /// - Parameter files: what came with the task.
    package init(header: SessionHeader, files: [SentFile] = []) {
        source = header.source
        published = header.origin?.published
        queue = header.firstPrompt.map { [Prompt(by: header.starter, text: $0, files: files)] } ?? []
    }
}

// MARK: - Rows that earlier builds stored: what they do not have yet is as in a new session

extension SessionState {
    package init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: CodingKeys.self)
        phase = try stored.decode(Phase.self, forKey: .phase)
        turn = try stored.decode(Int.self, forKey: .turn)
        callCount = try stored.decode(Int.self, forKey: .callCount)
        try stored.read(.logID, into: &logID)
        try stored.read(.source, into: &source)
        try stored.read(.workspace, into: &workspace)
        try stored.read(.settings, into: &settings)
        try stored.read(.trust, into: &trust)
        try stored.read(.capabilities, into: &capabilities)
        try stored.read(.agentSession, into: &agentSession)
        try stored.read(.agentIsGone, into: &agentIsGone)
        try stored.read(.queue, into: &queue)
        try stored.read(.outbound, into: &outbound)
        try stored.read(.awaited, into: &awaited)
        try stored.read(.asks, into: &asks)
        try stored.read(.settledRequests, into: &settledRequests)
        try stored.read(.crowdedTurn, into: &crowdedTurn)
        try stored.read(.commands, into: &commands)
        try stored.read(.usage, into: &usage)
        try stored.read(.usageBefore, into: &usageBefore)
        try stored.read(.costBefore, into: &costBefore)
        try stored.read(.turnOutcome, into: &turnOutcome)
        try stored.read(.agentSeconds, into: &agentSeconds)
        try stored.read(.grantedSeconds, into: &grantedSeconds)
        try stored.read(.timeOffer, into: &timeOffer)
        try stored.read(.timeOfferCount, into: &timeOfferCount)
        try stored.read(.announcedLimit, into: &announcedLimit)
        try stored.read(.turnBegan, into: &turnBegan)
        try stored.read(.savedAt, into: &savedAt)
        try stored.read(.turnSpoke, into: &turnSpoke)
        try stored.read(.turnIsStopping, into: &turnIsStopping)
        try stored.read(.lastTurn, into: &lastTurn)
        try stored.read(.reportedTurn, into: &reportedTurn)
        try stored.read(.turnLog, into: &turnLog)
        try stored.read(.lastSave, into: &lastSave)
        try stored.read(.savedConversation, into: &savedConversation)
        try stored.read(.isRestored, into: &isRestored)
        try stored.read(.owesPreamble, into: &owesPreamble)
        try stored.read(.maskings, into: &maskings)
        try stored.read(.diffIsWanted, into: &diffIsWanted)
        try stored.read(.fileCount, into: &fileCount)
        try stored.read(.promptNumber, into: &promptNumber)
        try stored.read(.isTagged, into: &isTagged)
        try stored.read(.pullRequest, into: &pullRequest)
        try stored.read(.asksPullRequest, into: &asksPullRequest)
        try stored.read(.published, into: &published)
        try stored.read(.saveProblem, into: &saveProblem)
        try stored.read(.restIsLost, into: &restIsLost)
    }
}

extension SessionState.Ending {
    package init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: CodingKeys.self)
        outcome = try stored.decode(SessionReport.Outcome.self, forKey: .outcome)
        reason = try stored.decode(String.self, forKey: .reason)
        rings = try stored.decode(Bool.self, forKey: .rings)
        try stored.read(.wasRevived, into: &wasRevived)
    }
}

extension SessionState.OpenAsk {
    package init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: CodingKeys.self)
        ask = try stored.decode(Ask.self, forKey: .ask)
        try stored.read(.answers, into: &answers)
        try stored.read(.isReminded, into: &isReminded)
    }
}

extension KeyedDecodingContainer {
    /// Leaves what is not stored as it is.
    fileprivate func read<Value: Decodable>(_ key: Key, into value: inout Value) throws {
        if let known = try decodeIfPresent(Value.self, forKey: key) { value = known }
    }
}
