import AnycodeControl
import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads one session's transcript from the store, from its beginning, as it grows.
final class LogReader: Sendable {
    private struct Place {
        var sequence: Int64?
        var hasToldRunner = false
        var words = LogWords()
    }

    private let session: SessionID
    private let follows: Bool
    private let store: Store
    private let runnerLog: @Sendable () async -> String?
    private let place = Mutex(Place())

    /// - Parameter runnerLog: The end of the runner's log, told once behind a transcript that is not followed.
    init(
        session: SessionID, follows: Bool, store: Store, runnerLog: @escaping @Sendable () async -> String?
    ) {
        self.session = session
        self.follows = follows
        self.store = store
        self.runnerLog = runnerLog
    }

    func look() async throws -> Follower<LogEntry>.Look {
        let (id, after) = (session, place.withLock { $0.sequence })
        // In one snapshot: when it says that the session is over, its entries are all there.
        let (entries, isLive) = try await store.read { transaction in
            (try transaction.transcript(id, after: after), try transaction.session(id)?.isLive ?? false)
        }
        let told = place.withLock { place in
            place.sequence = entries.last?.sequence ?? place.sequence
            return place.words.told(entries)
        }
        if !told.isEmpty { return .news(told) }
        if follows { return isLive ? .nothing : .end }
        return await runnerTail()
    }

    private func runnerTail() async -> Follower<LogEntry>.Look {
        let isFirst = place.withLock { place in
            defer { place.hasToldRunner = true }
            return !place.hasToldRunner
        }
        guard isFirst, let text = await runnerLog() else { return .end }
        let words = text.split(whereSeparator: \.isNewline).joined(separator: "\n")
        return words.isEmpty ? .end : .news([LogEntry(kind: .runner, words: words)])
    }
}

/// Puts stored entries into words, in their order.
struct LogWords: Sendable {
    /// What running tools were called.
    private var titles: [ToolCallID: String] = [:]

    init() {}

    /// What an agent streamed in pieces becomes one entry.
    mutating func told(_ entries: [AnycodeStore.TranscriptEntry]) -> [LogEntry] {
        var result: [LogEntry] = []
        for stored in entries {
            guard
                let entry = try? JSONDecoder().decode(AnycodeRuntime.TranscriptEntry.self, from: Data(stored.bytes)),
                let (kind, words) = titled(entry)?.told
            else { continue }
            if kind.flows, let last = result.last, last.kind == kind {
                result[result.count - 1].words += words
                result[result.count - 1].sequence = stored.sequence
            } else {
                result.append(LogEntry(sequence: stored.sequence, kind: kind, words: words))
            }
        }
        return result
    }

    /// The entry with the tool's title where only its id is told; `nil` for a tool's progress, which is not worth a
    /// line.
    private mutating func titled(_ entry: AnycodeRuntime.TranscriptEntry) -> AnycodeRuntime.TranscriptEntry? {
        switch entry {
        case .tool(let call):
            titles[call.id] = call.title
            return entry
        case .toolUpdated(var update):
            if let title = update.title { titles[update.id] = title }
            guard update.status == .completed || update.status == .failed else { return nil }
            update.title = titles.removeValue(forKey: update.id)
            return .toolUpdated(update)
        default: return entry
        }
    }
}
