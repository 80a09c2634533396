import AnycodeControl
package import Supervision
import Synchronization

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Remembers the tree's last events for operators.
package final class EventJournal: Sendable {
    private struct Record {
        let event: SupervisionEvent
        let date: Date
    }

    private let limit: Int
    private let date: @Sendable () -> Date
    private let records = Mutex<[Record]>([])

    /// - Parameter limit: How many events are remembered; then the oldest are forgotten.
    package init(limit: Int = 1_000, date: @escaping @Sendable () -> Date = { Date() }) {
        self.limit = limit
        self.date = date
    }

    /// Takes an event; meant as the root supervisor's observer.
    package func record(_ event: SupervisionEvent) {
        let record = Record(event: event, date: date())
        records.withLock { records in
            records.append(record)
            // Removed by halves, so that it costs little for each.
            if records.count > limit * 2 { records.removeFirst(records.count - limit) }
        }
    }

    /// What came behind an event, oldest first.
    func events(after sequence: UInt64) -> [TreeEvent] {
        let records = records.withLock { records in
            records.suffix(limit).drop { $0.event.sequence <= sequence }
        }
        return records.map { TreeEvent($0.event, at: $0.date) }
    }

    /// A reading of the journal from its beginning.
    func reading(follows: Bool) -> @Sendable () -> Follower<TreeEvent>.Look {
        let place = Place()
        return {
            let news = self.events(after: place.sequence.load(ordering: .relaxed))
            guard let last = news.last else { return follows ? .nothing : .end }
            place.sequence.store(last.sequence, ordering: .relaxed)
            return .news(news)
        }
    }

    private final class Place: Sendable {
        let sequence = Atomic<UInt64>(0)
    }
}

extension TreeEvent {
    init(_ event: SupervisionEvent, at date: Date) {
        let (kind, words, isFailure) = event.kind.told
        self.init(
            sequence: event.sequence, time: date.timeIntervalSince1970, path: event.path.description, kind: kind,
            words: words, isFailure: isFailure)
    }
}

extension SupervisionEvent.Kind {
    fileprivate var told: (kind: String, words: String, isFailure: Bool) {
        switch self {
        case .started(let number): ("started", number == 1 ? "started" : "started, incarnation \(number)", false)
        case .exited(_, .normal): ("exited", "ended", false)
        case .exited(_, .shutdown): ("exited", "ended as told", false)
        case .exited(_, .failure(let failure)): ("exited", "failed: \(failure)", true)
        case .restarting(let delay):
            ("restarting", delay > .zero ? "will restart in \(Self.seconds(delay)) s" : "restarts", false)
        case .gaveUp(let reason): ("gaveUp", "failed too often and stays down: \(reason)", true)
        case .escalated(let reason): ("escalated", "failed too often, its supervisor fails with it: \(reason)", true)
        case .abandoned: ("abandoned", "did not end in time and was abandoned", true)
        case .stopped: ("stopped", "stopped", false)
        }
    }

    private static func seconds(_ delay: Duration) -> Double { (delay / .milliseconds(100)).rounded() / 10 }
}
