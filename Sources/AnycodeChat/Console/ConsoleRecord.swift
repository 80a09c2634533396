import AnycodeCore

/// One line of the console's journal.
enum ConsoleRecord: Hashable, Sendable, Codable {
    /// The first line: whose numbers these are and where they go on.
    case began(identity: String, nextNumber: Int, events: Int)
    case sent(number: Int, nonce: String, content: OutgoingMessage, choices: [Int])
    /// The Markdown keeps its first `keep` Unicode scalars, then goes on with `content.markdown`.
    case edited(number: Int, keep: Int, content: OutgoingMessage, choices: [Int])
    /// How far the current content was shown: whole lines and characters of the next one, or (`nil`) all of it.
    case shown(number: Int, lines: Int?, part: Int)
    /// A choice was made without a person.
    case answered(number: Int)
    /// The number of the newest event.
    case event(Int)
    /// A message whose content is forgotten.
    case known(number: Int, nonce: String)
}
