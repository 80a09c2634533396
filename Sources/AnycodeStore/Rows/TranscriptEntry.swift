/// One entry of a session's transcript.
package struct TranscriptEntry: Hashable, Sendable {
    /// Grows within a session, with gaps.
    package var sequence: Int64
    package var bytes: [UInt8]

    package init(
        sequence: Int64, bytes: [UInt8]
    ) {
        self.sequence = sequence
        self.bytes = bytes
    }
}
