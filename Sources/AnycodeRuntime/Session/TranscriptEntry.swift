package import AnycodeCore

/// One thing that happened in a session, as stored. Entries are only ever appended; the chat is a view of them.
package enum TranscriptEntry: Hashable, Sendable, Codable {
    /// What the session is doing before and after its turns, for its first message.
    case progressed(String)
    /// The repository as it was cloned.
    indirect case prepared(PreparedWorkspace)
    /// What an ended session left was brought back.
    indirect case restored(Restoration)
    /// The person's words that start a turn.
    indirect case prompted(turn: Int, by: Person, text: String)
    /// A follow-up that waits for the turn in progress.
    case queued(text: String)
    /// A follow-up that waited was moved to another session.
    case unqueued(text: String)
    /// There is another session in the conversation: messages from here on tell whose they are.
    case tagged
    case text(String)
    case thought(String)
    indirect case tool(ToolCall)
    indirect case toolUpdated(ToolCallUpdate)
    case plan([PlanEntry])
    indirect case asked(Ask)
    /// A form's field got its value, or a multiple choice was toggled; the form is still open.
    indirect case answeredField(InteractionID, field: Int, selection: [String], by: Person)
    indirect case resolved(InteractionID, Resolution)
    /// An ask that has waited for long was brought to mind.
    case reminded(InteractionID)
    /// The agent's time is nearly used up; people may give it more.
    indirect case timeOffered(TimeOffer)
    /// - Parameter limit: the agent's time from now on, whole seconds.
    indirect case timeGranted(TimeOffer.ID, by: Person, limit: Int)
    /// Something Anycode itself has to say in the stream of the turn.
    case notice(String)
    indirect case turnEnded(TurnReport)
    indirect case finished(SessionReport)

    /// The form in which the store keeps it: JSON.
    ///
    /// Text, of which there is most, is written by hand, just as the encoder writes it.
    package func storedBytes() throws -> [UInt8] {
        switch self {
        case .text(let text): StoredText.bytes("text", text)
        case .thought(let text): StoredText.bytes("thought", text)
        default: try JSONCoding.encode(self)
        }
    }

    /// Reads what the store keeps.
    package init(storedBytes bytes: [UInt8]) throws {
        if let text = StoredText.read("text", bytes) {
            self = .text(text)
        } else if let text = StoredText.read("thought", bytes) {
            self = .thought(text)
        } else {
            self = try JSONCoding.decode(Self.self, from: bytes)
        }
    }
}

/// A question, permission request or offer as the chat shows it.
package struct Ask: Hashable, Sendable, Codable {
    package enum Kind: Hashable, Sendable, Codable {
        case permission(PermissionRequest)
        case question(QuestionRequest)
        /// The repository could not be cloned: name another, go on without, or cancel.
        case repository(problem: String)
        /// The repository says something to the agent: ignore it, or allow it for this repository.
        case settings(RepositorySettings)
    }

    package let id: InteractionID
    package let kind: Kind
    /// Random; a button's token is this, a dot and the button's number.
    package let token: String

    package init(id: InteractionID, kind: Kind, token: String) {
        self.id = id
        self.kind = kind
        self.token = token
    }
}

/// How an ask was settled.
package struct Resolution: Hashable, Sendable, Codable {
    /// `nil` when nobody chose: cancelled with the turn, taken back, timed out.
    package let by: Person?
    /// In words: `Allow once`, `cancelled`.
    package let choice: String

    package init(by: Person?, choice: String) {
        self.by = by
        self.choice = choice
    }
}

/// The question whether the agent gets more time. Agent's time, whole seconds.
package struct TimeOffer: Hashable, Sendable, Codable {
    package typealias ID = Int

    /// Counts from 1 in each session.
    package let id: ID
    package let used: Int
    package let limit: Int
    /// Random; the button's token derives from it.
    package let token: String

    /// What each press gives.
    package static let step: Duration = .seconds(30 * 60)

    package init(id: ID, used: Int, limit: Int, token: String) {
        self.id = id
        self.used = used
        self.limit = limit
        self.token = token
    }
}

/// What a turn came to.
package struct TurnReport: Hashable, Sendable, Codable {
    package enum Outcome: Hashable, Sendable, Codable {
        case done
        /// Ended early, with the reason in words: a limit reached, a refusal.
        case stopped(String)
        case cancelled
        case failed(String)
    }

    package var turn: Int
    package var outcome: Outcome
    /// Agent's time, whole seconds.
    package var seconds: Int
    package var save: SaveReport?
    /// In all turns so far.
    package var usage: AgentUsage?
    /// In this turn: tokens and cost.
    package var taken: AgentUsage?
    /// Where the whole log of the turn is kept, if the chat leaves something of it out.
    package var log: String?
    /// Whether a pull request can be opened from the changes; `nil` for no.
    package var offersPullRequest: Bool?
    /// Random; tokens of the report's buttons derive from it.
    package var token: String

    package init(
        turn: Int, outcome: Outcome, seconds: Int, save: SaveReport?, usage: AgentUsage?, taken: AgentUsage? = nil,
        token: String
    ) {
        self.turn = turn
        self.outcome = outcome
        self.seconds = seconds
        self.save = save
        self.usage = usage
        self.taken = taken
        self.token = token
    }
}

/// What was saved, or why nothing could be.
package enum SaveReport: Hashable, Sendable, Codable {
    case clean
    case saved(SavedPatch)
    /// The workspace could not be read; the last good save is named, where there is one.
    case failed(reason: String, last: SavedPatch?)
}

/// A patch that is safe on the daemon's disk.
package struct SavedPatch: Hashable, Sendable, Codable {
    /// How many files a message lists.
    package static let mostListed = 10

    package let path: String
    package let bytes: Int
    package let files: Int
    package let added: Int
    package let removed: Int
    /// A secret is in it: it is kept, and not shown in the chat.
    package let holdsSecret: Bool
    /// The first of the files, as many as a message lists; `nil` in what older versions stored.
    package let list: [PatchedFile]?
    /// What is not in it because all of it would have been too big: names, for a person.
    package let omitted: String?

    package init(
        path: String, bytes: Int, files: Int, added: Int, removed: Int, holdsSecret: Bool = false,
        list: [PatchedFile]? = nil, omitted: String? = nil
    ) {
        self.path = path
        self.bytes = bytes
        self.files = files
        self.added = added
        self.removed = removed
        self.holdsSecret = holdsSecret
        self.list = list
        self.omitted = omitted
    }

    /// The names in the first line of a patch that does not hold everything.
    static func omitted(in patch: [UInt8]) -> String? {
        let marker = Array("Left out for its size: ".utf8)
        guard patch.starts(with: marker) else { return nil }
        return String(decoding: patch.dropFirst(marker.count).prefix { $0 != 0x0A }, as: UTF8.self)
    }

    /// The same patch, kept somewhere else.
    func moved(to path: String) -> SavedPatch {
        SavedPatch(
            path: path, bytes: bytes, files: files, added: added, removed: removed, holdsSecret: holdsSecret,
            list: list, omitted: omitted)
    }
}

/// How a session ended.
package struct SessionReport: Hashable, Sendable, Codable {
    package enum Outcome: String, Hashable, Sendable, Codable {
        case completed, failed, cancelled, timedOut
        /// Nobody answered for too long: the work is saved, and the session can be resumed.
        case parked
    }

    package var outcome: Outcome
    /// Why, in words; empty for a plain completion.
    package var reason: String
    package var seconds: Int
    package var save: SaveReport?
    package var usage: AgentUsage?
    /// Whether the sandbox is gone; if not, the reaper goes on trying.
    package var sandboxGone: Bool
    /// Whether this report is told as a message of its own that rings. A quiet completion after a finished turn is not.
    package var rings: Bool
    package var token: String
    /// Where the whole log of the turn it ended in is kept, if the chat leaves something of it out.
    package var log: String?
    /// Whether a pull request can be opened from the changes; `nil` for no.
    package var offersPullRequest: Bool?

    package init(
        outcome: Outcome, reason: String, seconds: Int, save: SaveReport?, usage: AgentUsage?, sandboxGone: Bool,
        rings: Bool, token: String, log: String? = nil
    ) {
        self.outcome = outcome
        self.reason = reason
        self.seconds = seconds
        self.save = save
        self.usage = usage
        self.sandboxGone = sandboxGone
        self.rings = rings
        self.token = token
        self.log = log
    }
}

/// A file that a patch changes.
package struct PatchedFile: Hashable, Sendable, Codable {
    package let path: String
    /// Lines; `nil` for binary files.
    package let added: Int?
    package let removed: Int?

    package init(path: String, added: Int?, removed: Int?) {
        self.path = path
        self.added = added
        self.removed = removed
    }
}

// Earlier builds stored no `holdsSecret`.
extension SavedPatch {
    package init(from decoder: any Decoder) throws {
        let stored = try decoder.container(keyedBy: CodingKeys.self)
        path = try stored.decode(String.self, forKey: .path)
        bytes = try stored.decode(Int.self, forKey: .bytes)
        files = try stored.decode(Int.self, forKey: .files)
        added = try stored.decode(Int.self, forKey: .added)
        removed = try stored.decode(Int.self, forKey: .removed)
        holdsSecret = try stored.decodeIfPresent(Bool.self, forKey: .holdsSecret) ?? false
        list = try stored.decodeIfPresent([PatchedFile].self, forKey: .list)
        omitted = try stored.decodeIfPresent(String.self, forKey: .omitted)
    }
}
