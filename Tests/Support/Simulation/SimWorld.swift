import AnycodeCore
import AnycodeRuntime
package import Foundation
import Synchronization
package import TestSupport

/// The world outside of the daemon: chat server, sandboxes, people. It lives on when the daemon is killed.
///
/// Everything in it happens synchronously at scheduled times of the manual clock, never in a task.
package final class SimWorld: Sendable {
    struct Event: Sendable {
        let due: Duration
        let number: Int
        let action: @Sendable () -> Void
    }

    private struct State {
        var random: SplitMix64
        var events: [Event] = []
        var count = 0
        var violations: [String] = []
        var tally = Tally()
        var faultsAreOn = true
        /// How far the calendar is off; clocks are set now and then.
        var dateShift: Double = 0
        /// How many writes to the store go on until one fails; `nil` for none that fails.
        var writesUntilFailure: Int?
        /// Raised whenever the daemon may have forgotten what it knew of the chat: a kill, a failed write.
        var epoch = 0
    }

    package let clock = ManualClock()
    private let state: Mutex<State>

    package init(seed: UInt64) {
        state = Mutex(State(random: SplitMix64(seed: seed)))
    }

    package var now: Duration { clock.now.offset }
    package var date: Date {
        Date(timeIntervalSince1970: 1_800_000_000 + now.inSeconds + state.withLock { $0.dateShift })
    }

    package func setClock(by seconds: Double) { state.withLock { $0.dateShift += seconds } }

    // MARK: Chance

    package func chance(_ part: UInt64, in whole: UInt64) -> Bool {
        state.withLock { $0.random.chance(part, in: whole) }
    }

    /// A fault happens: never once faults are switched off, so that every run can end.
    package func fault(_ part: UInt64, in whole: UInt64) -> Bool {
        state.withLock { state in
            let hit = state.random.chance(part, in: whole)
            return hit && state.faultsAreOn
        }
    }

    package func number(below limit: Int) -> Int {
        state.withLock { Int($0.random.next() % UInt64(max(1, limit))) }
    }

    package func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(range.lowerBound + number(below: range.count))
    }

    package func makeID() -> String {
        state.withLock { state in
            (0..<2).map { _ in
                let digits = String(state.random.next(), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
        }
    }

    package func unit() -> Double { state.withLock { Double($0.random.next() % 1_000_000) / 1_000_000 } }

    package func stopFaults() { state.withLock { $0.faultsAreOn = false } }

    /// The write after so many others fails.
    package func failWrite(after others: Int = 0) { state.withLock { $0.writesUntilFailure = others } }

    /// Whether this write fails; each planned failure hits one.
    func takeStoreFailure() -> Bool {
        state.withLock { state in
            guard let others = state.writesUntilFailure else { return false }
            state.writesUntilFailure = others == 0 ? nil : others - 1
            if others == 0 { state.epoch += 1 }
            return others == 0
        }
    }

    var epoch: Int { state.withLock { $0.epoch } }
    func beginEpoch() { state.withLock { $0.epoch += 1 } }

    // MARK: Time

    package func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        let due = now + delay
        state.withLock { state in
            state.count += 1
            let event = Event(due: due, number: state.count, action: action)
            let place =
                state.events.firstIndex { ($0.due, $0.number) > (event.due, event.number) } ?? state.events.count
            state.events.insert(event, at: place)
        }
    }

    package var nextEvent: Duration? { state.withLock { $0.events.first?.due } }

    package func runDueEvents() {
        while true {
            let event = state.withLock { state -> Event? in
                guard let first = state.events.first, first.due <= now else { return nil }
                return state.events.removeFirst()
            }
            guard let event else { return }
            event.action()
        }
    }

    // MARK: Rules and tallies

    package func violated(_ words: String) { state.withLock { $0.violations.append(words) } }

    package func check(_ condition: Bool, _ words: @autoclosure () -> String) {
        if !condition { violated(words()) }
    }

    /// Something happened that the simulation is there to exercise.
    package func count(_ what: String) { state.withLock { $0.tally.add(what) } }
    package var tally: Tally { state.withLock { $0.tally } }

    package var violations: [String] { state.withLock { $0.violations } }
}

extension Array {
    func randomly(_ world: SimWorld) -> Element? {
        isEmpty ? nil : self[world.number(below: count)]
    }
}
