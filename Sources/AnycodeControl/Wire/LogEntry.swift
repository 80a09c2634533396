/// A piece of a session's transcript in words, or of its runner's log.
package struct LogEntry: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable {
        case status, prompt, text, thought, tool, plan, question, answer, notice, result
        /// Lines of the log of the runner in the sandbox.
        case runner

        /// Whether neighbours of this kind are one text that was cut anywhere.
        package var flows: Bool { self == .text || self == .thought }
    }

    /// Its place in the transcript; `nil` for what is not of the transcript.
    package var sequence: Int64?
    package var kind: Kind
    package var words: String

    package init(sequence: Int64? = nil, kind: Kind, words: String) {
        self.sequence = sequence
        self.kind = kind
        self.words = words
    }
}
