/// Something that happened in the supervision tree.
package struct TreeEvent: Sendable, Equatable, Codable {
    /// Counts the daemon's events from 1; a gap means that some were dropped.
    package var sequence: UInt64
    /// Seconds since 1970-01-01T00:00:00Z.
    package var time: Double
    /// Where; empty for the root.
    package var path: String
    /// `started`, `exited`, `restarting`, `gaveUp`, `escalated`, `abandoned` or `stopped`.
    package var kind: String
    /// The event in words.
    package var words: String
    /// Whether it tells of a failure.
    package var isFailure: Bool

    package init(sequence: UInt64, time: Double, path: String, kind: String, words: String, isFailure: Bool) {
        self.sequence = sequence
        self.time = time
        self.path = path
        self.kind = kind
        self.words = words
        self.isFailure = isFailure
    }
}
