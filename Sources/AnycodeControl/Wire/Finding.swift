/// Something that an examination of the running daemon found.
package struct Finding: Sendable, Equatable, Codable {
    package enum Grade: String, Sendable, Codable {
        case fine
        /// Worth knowing; nothing must be done.
        case noted
        /// Must be mended.
        case failed
    }

    package var grade: Grade
    /// What was looked at.
    package var subject: String
    package var words: String

    package init(_ grade: Grade, _ subject: String, _ words: String) {
        self.grade = grade
        self.subject = subject
        self.words = words
    }
}
