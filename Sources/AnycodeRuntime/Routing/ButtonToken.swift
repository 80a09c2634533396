package import AnycodeCore

/// Tokens that buttons carry: at most 64 bytes, random at their root, so that nobody can guess or forge one.
enum ButtonToken {
    static func ask(_ ask: Ask, _ number: Int) -> String { "\(ask.token).\(number)" }
    static func ask(_ ask: Ask, field: Int, _ number: Int) -> String { "\(ask.token).\(field).\(number)" }
    static func cancel(_ header: SessionHeader) -> String { "\(header.token).cancel" }
    static func diff(_ root: String) -> String { "\(root).diff" }
    static func goOn(_ root: String) -> String { "\(root).continue" }
    static func finish(_ root: String) -> String { "\(root).finish" }
    static func resume(_ root: String) -> String { "\(root).resume" }
    static func moreTime(_ offer: TimeOffer) -> String { "\(offer.token).time" }
}

/// What a stored button does.
package enum ButtonAction: Hashable, Sendable, Codable {
    case answer(option: Int)
    case field(Int, button: Int)
    case cancelSession
    case showDiff
    case moreTime(TimeOffer.ID)
    /// Asks the person for the next prompt; an ended session is resumed.
    case continueSession
    case finishSession
    case resumeSession
    /// What `continueSession` and `resumeSession` become once the session goes on as another.
    case resumed(SessionID)
}
