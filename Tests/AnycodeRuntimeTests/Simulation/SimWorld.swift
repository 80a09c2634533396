import AnycodeCore
import Foundation
import Synchronization
import TestSupport

@testable import AnycodeRuntime

/// The world outside of the daemon: chat server, sandboxes, people. It lives on when the daemon is killed.
///
/// Everything in it happens synchronously at scheduled times of the manual clock, never in a task.
final class SimWorld: Sendable {
    struct Event: Sendable {
        let due: Duration
        let number: Int
        let action: @Sendable () -> Void
    }

    struct State {
        var random: SplitMix64
        var events: [Event] = []
        var count = 0
        var violations: [String] = []
        var faultsAreOn = true
        /// How far the calendar is off; clocks are set now and then.
        var dateShift: Double = 0
    }

    let clock = ManualClock()
    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(random: SplitMix64(seed: seed)))
    }

    var now: Duration { clock.now.offset }
    var date: Date { Date(timeIntervalSince1970: 1_800_000_000 + now.inSeconds + state.withLock { $0.dateShift }) }

    func setClock(by seconds: Double) { state.withLock { $0.dateShift += seconds } }

    // MARK: Chance

    func chance(_ part: UInt64, in whole: UInt64) -> Bool {
        state.withLock { $0.random.chance(part, in: whole) }
    }

    /// A fault happens: never once faults are switched off, so that every run can end.
    func fault(_ part: UInt64, in whole: UInt64) -> Bool {
        state.withLock { state in
            let hit = state.random.chance(part, in: whole)
            return hit && state.faultsAreOn
        }
    }

    func number(below limit: Int) -> Int {
        state.withLock { Int($0.random.next() % UInt64(max(1, limit))) }
    }

    func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(range.lowerBound + number(below: range.count))
    }

    func makeID() -> String {
        state.withLock { state in
            (0..<2).map { _ in
                let digits = String(state.random.next(), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
        }
    }

    func unit() -> Double { state.withLock { Double($0.random.next() % 1_000_000) / 1_000_000 } }

    func stopFaults() { state.withLock { $0.faultsAreOn = false } }

    // MARK: Time

    func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        let due = now + delay
        state.withLock { state in
            state.count += 1
            let event = Event(due: due, number: state.count, action: action)
            let place =
                state.events.firstIndex { ($0.due, $0.number) > (event.due, event.number) } ?? state.events.count
            state.events.insert(event, at: place)
        }
    }

    var nextEvent: Duration? { state.withLock { $0.events.first?.due } }

    func runDueEvents() {
        while true {
            let event = state.withLock { state -> Event? in
                guard let first = state.events.first, first.due <= now else { return nil }
                return state.events.removeFirst()
            }
            guard let event else { return }
            event.action()
        }
    }

    // MARK: Rules

    func violated(_ words: String) { state.withLock { $0.violations.append(words) } }

    func check(_ condition: Bool, _ words: @autoclosure () -> String) {
        if !condition { violated(words()) }
    }

    var violations: [String] { state.withLock { $0.violations } }
}
