/// What the runner could not do, in words that may be shown in a chat.
package struct RunnerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whose fault it is and how the HTTP surface answers.
    package enum Code: String, Sendable {
        case invalid = "invalid_request"
        case unauthorized = "token_invalid"
        case notFound = "session_not_found"
        case conflict = "conflict"
        case denied = "repository_denied"
        case gone = "answer_cut"
        case notAcceptable = "not_acceptable"
        case unsupportedMediaType = "unsupported_media_type"
        case tooLarge = "too_large"
        case unknownAgent = "unsupported_agent"
        case agentMissing = "agent_not_installed"
        case agentExited = "agent_process_exited"
        case busy = "busy"
        case timeout = "timeout"
        case storage = "storage"
        case internalError = "internal"
    }

    package let code: Code
    package let message: String
    package let hint: String?

    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { hint.map { "\(message) \($0)" } ?? message }
}
