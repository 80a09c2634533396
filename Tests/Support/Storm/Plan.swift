import HTTPTestSupport

/// What a storm does, and how much of it.
package struct Plan: Sendable {
    package var kills = 1000
    /// Sessions alive at any time.
    package var sessions = 20
    package var seed: UInt64 = 1
    /// The most that an agent says in a turn.
    package var lines = 60
    /// How long the daemon lives between recovery and death, at most.
    package var calm = Duration.milliseconds(2500)
    /// How long a job may take after the last kill.
    package var patience = Duration.seconds(240)

    package init() {}
}

/// What is killed, and when.
package enum KillKind: String, CaseIterable, Sendable {
    case daemon = "daemon"
    case midStart = "mid-start"
    case midShutdown = "mid-shutdown"
    case runner = "runner"
    case runnerWhileDown = "runner while the daemon is down"
}

/// One life of the daemon and how it ends.
struct Life: Sendable {
    enum End: Sendable {
        /// So long after the start, whatever it is doing.
        case midStart(after: Duration)
        /// So long after it has recovered.
        case killed(after: Duration)
        /// Told to end, and killed so long after.
        case midShutdown(after: Duration, killAfter: Duration)
    }

    var end: End
    var onShutdown = Ground.OnShutdown.detach
    /// A runner is killed so long after recovery.
    var runner: Duration?
    /// A runner is killed before the daemon starts.
    var runnerBefore = false

    init(_ plan: Plan, _ random: inout SeededRandom) {
        let calm = Int(plan.calm / .milliseconds(1))
        func time(_ most: Int) -> Duration { .milliseconds(Int.random(in: 0...most, using: &random)) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<18: end = .midStart(after: time(700))
        case 18..<30:
            end = .midShutdown(after: time(calm), killAfter: time(500))
            // Ending everything means twenty new sandboxes: now and then.
            if Int.random(in: 0..<12, using: &random) == 0 { onShutdown = .destroy }
        default:
            end = .killed(after: time(calm))
            if Int.random(in: 0..<6, using: &random) == 0 { runner = time(calm) }
        }
        runnerBefore = Int.random(in: 0..<25, using: &random) == 0
    }
}
