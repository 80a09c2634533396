package import AnycodeCore

/// Tokens that buttons carry: at most 64 bytes, random at their root, so that nobody can guess or forge one.
enum ButtonToken {
    static func ask(_ ask: Ask, _ number: Int) -> String { "\(ask.token).\(number)" }
    static func ask(_ ask: Ask, field: Int, _ number: Int) -> String { "\(ask.token).\(field).\(number)" }
    static func cancel(_ header: SessionHeader) -> String { "\(header.token).cancel" }
    static func stop(_ header: SessionHeader) -> String { "\(header.token).stop" }
    static func diff(_ root: String) -> String { "\(root).diff" }
    static func goOn(_ root: String) -> String { "\(root).continue" }
    static func finish(_ root: String) -> String { "\(root).finish" }
    static func pullRequest(_ root: String) -> String { "\(root).pull" }
    static func resume(_ root: String) -> String { "\(root).resume" }
    static func moreTime(_ offer: TimeOffer) -> String { "\(offer.token).time" }
}

/// What a stored button does.
package enum ButtonAction: Hashable, Sendable, Codable {
    case answer(option: Int)
    case field(Int, button: Int)
    case cancelSession
    case stopTurn
    case showDiff
    case moreTime(TimeOffer.ID)
    /// Asks the person for the next prompt; an ended session is resumed.
    case continueSession
    case finishSession
    /// Asks whether a pull request is to be opened from the changes.
    case askPullRequest
    /// Opens it, with this title.
    case openPullRequest(String)
    case dropPullRequest
    case resumeSession
    /// What `continueSession` and `resumeSession` become once the session goes on as another.
    case resumed(SessionID)
    /// A message that waits is wanted at once: the turn in progress is stopped for it.
    case sendNow(Int64)
    /// A message is for another session.
    case redirect(Redirection)
    /// The agent's mode or model, by the agent's id.
    case choose(AgentChoice, String)
    /// A task that came late is wanted all the same.
    case runTask(String)
    /// A task that waits is not wanted any more.
    case dropTask(String)
    /// A task waits for a place.
    case queueTask(String)
    case admit(Person, from: Conversation)
}

/// A message that its sender may move to another session.
package struct Redirection: Hashable, Sendable, Codable {
    /// The message's place in the inbox.
    package let number: Int64
    package let by: Person
    package let text: String
    package let files: [SentFile]
    package let target: OtherSession
}

/// A session beside the one that a message went to.
package struct OtherSession: Hashable, Sendable, Codable {
    package let id: SessionID
    /// What its button says.
    package let label: String

    package init(id: SessionID, label: String) {
        self.id = id
        self.label = label
    }
}

/// What an agent lets people choose.
package enum AgentChoice: String, Hashable, Sendable, Codable {
    case mode, model
}
