/// Something that happened in a supervision tree.
public struct SupervisionEvent: Sendable, Equatable, CustomStringConvertible {
    /// What happened to the node at ``SupervisionEvent/path``.
    public enum Kind: Sendable, Equatable {
        /// An incarnation was built and runs.
        case started(incarnation: Int)
        /// An incarnation, or its factory, ended.
        case exited(incarnation: Int, ExitReason)
        /// The next incarnation will be built after a delay, zero without a backoff.
        case restarting(after: Duration)
        /// The child crashed too often and stays down; its supervisor goes on.
        case gaveUp(ExitReason)
        /// The child crashed too often and its supervisor fails because of it; the supervisor's parent decides.
        case escalated(ExitReason)
        /// The incarnation did not end in time when it was told to; its task goes on unsupervised.
        case abandoned(incarnation: Int)
        /// The supervisor at this path has stopped, after all its children.
        case stopped
    }

    /// Where it happened, seen from the supervisor that is observed.
    public let path: NodePath
    /// What happened.
    public let kind: Kind
    /// When, since the root of the tree was made.
    public let time: Duration
    /// Counts the events of the observed supervisor from 1; a gap means that some were dropped.
    public internal(set) var sequence: UInt64

    /// The event in words, for logs.
    public var description: String {
        let text =
            switch kind {
            case .started(let incarnation): "started, incarnation \(incarnation)"
            case .exited(let incarnation, let reason): "exited, incarnation \(incarnation): \(reason)"
            case .restarting(let delay): delay > .zero ? "restarting in \(delay)" : "restarting"
            case .gaveUp(let reason): "gave up: \(reason)"
            case .escalated(let reason): "escalated: \(reason)"
            case .abandoned(let incarnation): "abandoned, incarnation \(incarnation)"
            case .stopped: "stopped"
            }
        return path.components.isEmpty ? text : "\(path) \(text)"
    }
}
