import AnycodeCore
import AnycodeStore
import Logging
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// At start and then hourly: forgets sessions that ended long ago, with their transcripts and saves.
///
/// Never a live one, nor one whose sandbox is not known to be gone.
struct Retention: Child {
    /// Sessions that one transaction forgets, so that the writes of live ones do not wait for long.
    private static let batch = 20

    let runtime: Runtime
    let context: ChildContext
    let keep: Duration

    /// A calendar set forward by more makes everything old at once; then nothing is forgotten until a person says so.
    static let greatestJump: Duration = .seconds(86_400)

    func run() async throws {
        let start = ClockReading(runtime.clock)
        while true {
            do {
                let jump = ClockReading(runtime.clock).jumped(since: start)
                guard jump < Self.greatestJump else {
                    context.status.wait(for: "a look at the calendar, which was set forward by days; then restart this")
                    try await runtime.clock.sleep(runtime.configuration.retentionInterval)
                    continue
                }
                try await round()
                context.status.setLastError(nil)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                context.status.setLastError("\(error)")  // what could not be removed now is found by the next round
            }
            context.status.wait(for: "the next round", within: runtime.configuration.retentionInterval)
            try await runtime.clock.sleep(runtime.configuration.retentionInterval)
        }
    }

    private func round() async throws {
        let limit = runtime.clock.date().addingTimeInterval(-(keep / .seconds(1)))
        var count = 0
        while true {
            context.status.wait(for: "removal of what ended long ago")
            let old = try await runtime.store.read { try $0.forgettableSessions(endedBefore: limit, limit: Self.batch) }
            guard !old.isEmpty else { break }
            // Files first: rows that name files which are gone are found again after a crash, files without rows never.
            for id in old { try await runtime.archive.remove(id) }
            try await runtime.store.write { transaction in
                for id in old { try transaction.forgetSession(id) }
            }
            count += old.count
        }
        context.status[detail: "forgotten"] = count == 0 ? nil : "\(count) in the last round"
        guard count > 0 else { return }
        runtime.logger.info("old sessions were forgotten", metadata: ["sessions": "\(count)"])
    }
}
