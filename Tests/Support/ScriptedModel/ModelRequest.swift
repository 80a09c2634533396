/// One request that arrived, for assertions.
package struct ModelRequest: Sendable, Hashable {
    /// How the request ended.
    package enum Outcome: Sendable, Hashable {
        case answering
        /// The whole answer was written.
        case answered
        /// The script cut the connection.
        case cut
        /// The client went away in the middle.
        case abandoned
    }

    /// Counts from 1, in order of arrival.
    package let number: Int
    package let method: String
    /// Without the query.
    package let path: String
    /// Lower case, sorted; values are not kept.
    package let headerNames: [String]
    package internal(set) var model: String?
    package internal(set) var isStreamed = false
    /// Names of the offered tools.
    package internal(set) var tools: [String] = []
    /// What the person said last, without wrappers.
    package internal(set) var lastUserText: String?
    /// How many images the conversation holds.
    package internal(set) var images = 0
    /// Index of the script's step; nil when no script was asked.
    package internal(set) var step: Int?
    /// Names of the tools that the answer calls.
    package internal(set) var calls: [String] = []
    package internal(set) var status: Int?
    package internal(set) var outcome = Outcome.answering
}
