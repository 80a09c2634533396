/// What went wrong in a supervisor or in a request to one.
public struct SupervisionError: Error, Sendable, CustomStringConvertible {
    /// The kind of error; new kinds may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case restartLimitReached, childNotFound, duplicateChild, childLimitReached, childRunning, childNotRunning
            case notRunning, alreadyRun, superseded, nameTaken
        }

        private let kind: Kind

        /// A child crashed more often than allowed; what ``Supervisor/run()`` throws when it escalates.
        public static let restartLimitReached = Code(kind: .restartLimitReached)
        /// No such child or node.
        public static let childNotFound = Code(kind: .childNotFound)
        /// A sibling of that id or key exists.
        public static let duplicateChild = Code(kind: .duplicateChild)
        /// The dynamic supervisor has as many children as it may.
        public static let childLimitReached = Code(kind: .childLimitReached)
        /// The child is up, or on its way up or down, and must not be for this.
        public static let childRunning = Code(kind: .childRunning)
        /// The child is down for good, or went down before it was up.
        public static let childNotRunning = Code(kind: .childNotRunning)
        /// The supervisor is not running, or is stopping.
        public static let notRunning = Code(kind: .notRunning)
        /// A supervisor runs once; its parent's factory makes a new one.
        public static let alreadyRun = Code(kind: .alreadyRun)
        /// The incarnation has ended or was abandoned, and may not act any more.
        public static let superseded = Code(kind: .superseded)
        /// Another live child holds that registry key.
        public static let nameTaken = Code(kind: .nameTaken)

        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// What kind of error this is; decide by it, never by text.
    public let code: Code
    /// What happened, in a sentence without details that would not be safe to show.
    public let message: String
    /// What the operator or programmer can do.
    public let hint: String?
    /// The error behind this one, such as the child's last failure.
    public let underlying: (any Error)?
    /// The source file that raised the error.
    public let file: String
    /// The line that raised the error.
    public let line: Int

    init(
        _ code: Code, _ message: String, hint: String? = nil, underlying: (any Error)? = nil,
        file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// The message.
    public var description: String { message }

    /// The message and those of the errors behind it, outermost first. What is not a supervisor's error is shown as it
    /// describes itself.
    public var chain: [String] {
        guard let underlying else { return [message] }
        return [message] + ((underlying as? SupervisionError)?.chain ?? ["\(underlying)"])
    }
}

extension SupervisionError: CustomDebugStringConvertible {
    /// Code, message, cause and source location.
    public var debugDescription: String {
        let cause = underlying.map { ", caused by \(String(reflecting: $0))" } ?? ""
        return "SupervisionError(\(code): \(message)\(cause), at \(file):\(line))"
    }
}
