/// How a child is stopped, and how long each step may take.
///
/// A task cannot be killed, so the last step is to give up on it: the child is reported as abandoned and its
/// supervisor goes on without it.
public struct ShutdownPolicy: Sendable, Hashable {
    /// How long the child may take after a polite request; nil without end.
    let grace: Duration?
    /// Whether it is asked before it is cancelled.
    let asks: Bool
    /// How long it may take once cancelled.
    let abandonAfter: Duration

    /// Asks, cancels after `period`, abandons `abandonAfter` later.
    public static func grace(_ period: Duration, abandonAfter: Duration = .seconds(1)) -> ShutdownPolicy {
        ShutdownPolicy(grace: period, asks: true, abandonAfter: abandonAfter)
    }

    /// Cancels at once, abandons after a second.
    public static let immediate = ShutdownPolicy.immediate(abandonAfter: .seconds(1))

    /// Cancels at once, abandons after the given time.
    public static func immediate(abandonAfter: Duration) -> ShutdownPolicy {
        ShutdownPolicy(grace: .zero, asks: false, abandonAfter: abandonAfter)
    }

    /// Asks and waits without end; meant for children that are supervisors, whose own children have deadlines.
    public static let infinity = ShutdownPolicy(grace: nil, asks: true, abandonAfter: .seconds(1))
}
