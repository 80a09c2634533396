/// Which siblings are restarted along with a child that is.
public enum RestartStrategy: String, Sendable, Hashable, Codable, CaseIterable {
    /// Only the child itself.
    case oneForOne
    /// All children: they are stopped in reverse order and started again in order.
    case oneForAll
    /// The child and those that were declared after it.
    case restForOne
}

/// When a child is started again after it ended by itself.
public enum RestartType: String, Sendable, Hashable, Codable, CaseIterable {
    /// Always.
    case permanent
    /// After a failure only.
    case transient
    /// Never; a temporary child is forgotten when it ends.
    case temporary

    /// Whether a child that ended for this reason is started again.
    public func restarts(after reason: ExitReason) -> Bool {
        switch self {
        case .permanent: true
        case .transient: reason.isFailure
        case .temporary: false
        }
    }
}

/// Whether the end of significant children ends their supervisor.
///
/// Only an end without a restart counts: a significant child is transient or temporary.
public enum AutoShutdown: String, Sendable, Hashable, Codable, CaseIterable {
    /// Never.
    case never
    /// When any significant child has ended.
    case anySignificant
    /// When the last significant child has ended.
    case allSignificant
}
