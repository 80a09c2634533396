/// Why a child ended.
public enum ExitReason: Sendable, Equatable, CustomStringConvertible {
    /// ``Child/run()`` returned by itself.
    case normal
    /// The child ended because it was told to, or threw ``ShutdownExit``.
    case shutdown
    /// The child or its factory threw an error.
    case failure(Failure)

    /// A thrown error that ended a child.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The error itself.
        public let error: any Error

        /// Wraps an error.
        public init(_ error: any Error) {
            self.error = error
        }

        /// The error's own description.
        public var description: String { String(describing: error) }

        /// Two failures are equal when their errors have the same type and description.
        public static func == (left: Failure, right: Failure) -> Bool {
            type(of: left.error) == type(of: right.error) && left.description == right.description
        }
    }

    /// The reason for an outcome of a child that nobody told to stop.
    ///
    /// A `CancellationError` without a cancellation comes from something inside the child and is a failure like any.
    init(_ error: any Error, stopping: Bool) {
        switch error {
        case is ShutdownExit: self = .shutdown
        case is CancellationError where stopping: self = .shutdown
        default: self = .failure(Failure(error))
        }
    }

    /// Whether the child crashed.
    public var isFailure: Bool {
        if case .failure = self { true } else { false }
    }

    /// The failure, if the child crashed.
    public var failure: Failure? {
        if case .failure(let failure) = self { failure } else { nil }
    }

    /// One or a few words: `normal`, `shutdown` or `failure: …`.
    public var description: String {
        switch self {
        case .normal: "normal"
        case .shutdown: "shutdown"
        case .failure(let failure): "failure: \(failure)"
        }
    }
}
