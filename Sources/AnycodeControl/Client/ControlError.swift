/// Why the daemon could not be asked, or did not do what was asked. Safe to show.
package struct ControlError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// Nobody listens at the socket.
        case unreachable
        case notFound
        case ambiguous
        /// The daemon understood and did not do it.
        case refused
        /// The answer makes no sense; often another version.
        case badAnswer
    }

    package let code: Code
    package let message: String
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package init(_ refusal: Refusal) {
        let code: Code =
            switch refusal.code {
            case .notFound: .notFound
            case .ambiguous: .ambiguous
            case .badRequest, .conflict, .unavailable, .failed: .refused
            }
        let candidates = (refusal.candidates ?? []).map { String($0.prefix(12)) }
        let hint = candidates.isEmpty ? refusal.hint : "it may be " + candidates.joined(separator: ", ")
        self.init(code, refusal.message, hint: hint)
    }

    package var description: String { [message, hint].compactMap(\.self).joined(separator: "\n") }

    /// What a program ends with: 1 failure, 3 daemon not reachable, 4 not found or ambiguous.
    package var exitCode: Int32 {
        switch code {
        case .unreachable: 3
        case .notFound, .ambiguous: 4
        case .refused, .badAnswer: 1
        }
    }
}
