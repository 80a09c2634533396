import AnycodeCore
import AnycodeStore
import FakeTelegram
import Foundation
import TestJSON

@testable import AnycodeChat
@testable import AnycodeRuntime

/// What a chat must show of a session, computed from the daemon's database alone.
struct ExpectedChat {
    struct Line: Hashable, CustomStringConvertible {
        let text: String
        let entities: JSON
        let labels: [[String]]

        var description: String { "\(text) \(labels)" }
    }

    /// A message of the view, and the number that it has in the chat as far as the daemon knows.
    struct Slot {
        let message: Int?
        let line: Line
    }

    /// The views of all sessions, oldest first.
    static func sessions(database: String) async throws -> [[Slot]] {
        let store = try Store(path: database, execution: .writerThread)
        defer { store.close() }
        let rows = try await store.read { try $0.recentSessions(limit: 100) }
        var result: [[Slot]] = []
        for row in rows.reversed() { result.append(try await slots(of: row, in: store)) }
        return result
    }

    private static func slots(of row: SessionRow, in store: Store) async throws -> [Slot] {
        let stored = try JSONCoding.decode(StoredSession.self, from: row.snapshot)
        let id = row.id
        let (entries, shown) = try await store.read { (try $0.transcript(id), try $0.slots(session: id)) }
        let limits = TelegramPlatform.chatLimits
        var transcript = Transcript(header: stored.header, outputUnits: limits.toolOutputUnits)
        for entry in entries {
            transcript.apply(try JSONCoding.decode(AnycodeRuntime.TranscriptEntry.self, from: entry.bytes))
        }
        var view = SessionView(limits: limits)
        let numbers = Dictionary(uniqueKeysWithValues: shown.map { ($0.key, $0.message) })
        return try view.render(&transcript).map { slot in
            Slot(message: numbers[slot.key]??.rawValue.telegramNumber, line: try line(slot.message))
        }
    }

    private static func line(_ message: OutgoingMessage) throws -> Line {
        let text = TelegramPlatform.text(message.markdown)
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let entities = try JSON(parsing: Array(try encoder.encode(text.entities)))
        let keyboard = try TelegramPlatform.keyboard(message.buttons)
        return Line(
            text: text.text, entities: entities, labels: (keyboard?.inlineKeyboard ?? []).map { $0.map(\.text) })
    }
}

extension Message {
    /// What people see of it, but for the words that it may be a repeat, which stay for good.
    var line: ExpectedChat.Line {
        let label = "(possibly a repeat)\n"
        let labels = buttons.map { $0.map { $0[0] } }
        guard text.hasPrefix(label) else {
            return ExpectedChat.Line(text: text, entities: entities, labels: labels)
        }
        // The first entity is the label's own.
        let others = (entities.array ?? []).dropFirst().map { entity in
            entity.with(["offset": .integer((entity["offset"]?.integer ?? 0) - label.utf16.count)])
        }
        return ExpectedChat.Line(
            text: String(text.dropFirst(label.count)), entities: .array(Array(others)), labels: labels)
    }
}

extension String {
    /// The number within the id of a message that stayed behind in an older chat, or alone.
    fileprivate var telegramNumber: Int? { Int(split(separator: ":").last ?? "") }
}
