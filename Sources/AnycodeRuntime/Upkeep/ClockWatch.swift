import AnycodeCore
import Logging
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Notices that the machine slept, and that its calendar was set, and says so.
///
/// Neither moves a deadline: they count in a time that stands still while the machine sleeps and knows no calendar.
struct ClockWatch: Child {
    static let interval: Duration = .seconds(30)
    /// Shorter differences are the inexactness of clocks and of a busy machine.
    static let tolerance: Duration = .seconds(10)
    /// A sleep from which on the chats with work in progress are told.
    static let longSleep: Duration = .seconds(600)

    let runtime: Runtime
    let context: ChildContext

    func run() async throws {
        var last = ClockReading(runtime.clock)
        while true {
            context.status.wait(for: "the next look at the clocks", within: Self.interval, lasting: .zero)
            try await runtime.clock.sleep(Self.interval)
            let now = ClockReading(runtime.clock)
            let slept = now.slept(since: last)
            let jump = now.jumped(since: last)
            last = now
            if slept >= Self.tolerance { try await tell(slept: slept) }
            if abs(jump.inSeconds) >= Self.tolerance.inSeconds { tell(jump: jump) }
        }
    }

    private func tell(slept: Duration) async throws {
        let words = Self.words(slept)
        context.status.showPast("sleep", "the machine slept for \(words)")
        runtime.logger.notice("the machine slept; deadlines stood still meanwhile", metadata: ["slept": "\(words)"])
        guard slept >= Self.longSleep else { return }
        let working = runtime.sessions.values.filter { $0.brief.activity == .active }
        for conversation in Set(working.map(\.header.conversation)).sorted(by: { $0.description < $1.description }) {
            let message = "💤 The machine this runs on slept for \(words); the work goes on where it stood."
            try await runtime.post(OutgoingMessage(markdown: message), to: conversation)
        }
    }

    private func tell(jump: Duration) {
        let words = Self.words(jump < .zero ? .zero - jump : jump)
        let direction = jump < .zero ? "back" : "forward"
        context.status.showPast("jump", "the calendar was set \(direction) by \(words)")
        runtime.logger.warning(
            "the calendar was set; ages and dates of before are off by that",
            metadata: ["jump": "\(direction) \(words)"])
    }

    private static func words(_ duration: Duration) -> String { ReportView.duration(Int(duration.inSeconds.rounded())) }
}

/// All clocks at one moment.
struct ClockReading: Sendable {
    /// Stands still while the machine sleeps.
    let awake: Duration
    /// Goes on while the machine sleeps.
    let elapsed: Duration
    let date: Date

    init(_ clock: RuntimeClock) {
        (awake, elapsed, date) = (clock.now(), clock.elapsed(), clock.date())
    }

    /// How long the machine slept meanwhile.
    func slept(since other: ClockReading) -> Duration { (elapsed - other.elapsed) - (awake - other.awake) }

    /// How far the calendar moved besides the time that went by.
    func jumped(since other: ClockReading) -> Duration {
        .seconds(date.timeIntervalSince(other.date)) - (elapsed - other.elapsed)
    }
}
