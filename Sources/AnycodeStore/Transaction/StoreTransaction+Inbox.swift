package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Keeps an event until it is handled.
    ///
    /// - Returns: `false` when the platform delivered this event before.
    package func insertInbound(
        _ event: InboundEvent, platform: PlatformID, receivedAt: Date
    ) throws(StoreError) -> Bool {
        let body: Data
        do {
            body = try JSONEncoder().encode(event)
        } catch {
            throw StoreError(.failed, "An inbound event cannot be encoded", underlying: error)
        }
        let inserted = try run(
            """
            INSERT INTO inbox (platform, key, body, received_at) VALUES (?, ?, ?, ?)
            ON CONFLICT (platform, key) DO NOTHING
            """, .id(platform), .text(event.key), .blob([UInt8](body)), .date(receivedAt))
        return inserted > 0
    }

    /// Events that wait to be handled, oldest first.
    package func pendingInbound(limit: Int) throws(StoreError) -> [StoredInbound] {
        try rows(
            """
            SELECT sequence, platform, received_at, body FROM inbox WHERE body IS NOT NULL ORDER BY sequence LIMIT ?
            """, .integer(limit)
        ) { row throws(StoreError) in
            StoredInbound(
                sequence: row.integer(0), platform: row.id(1),
                event: try Self.decodeEvent(row.blob(3), sequence: row.integer(0)), receivedAt: row.date(2))
        }
    }

    /// Marks an event as handled. Its key is kept, to recognise a repeat.
    package func finishInbound(_ sequence: Int64) throws(StoreError) {
        try run("UPDATE inbox SET body = NULL WHERE sequence = ?", .integer(sequence))
    }

    /// Forgets handled events that arrived before `date`; repeats of them are not recognised any more.
    package func pruneInbound(before date: Date) throws(StoreError) {
        try run("DELETE FROM inbox WHERE body IS NULL AND received_at < ?", .date(date))
    }

    /// Where to go on reading a platform's updates, in the platform's words.
    package func platformOffset(_ platform: PlatformID) throws(StoreError) -> String? {
        try row("SELECT value FROM platform_offsets WHERE platform = ?", .id(platform)) { $0.text(0) }
    }

    package func setPlatformOffset(_ platform: PlatformID, _ value: String) throws(StoreError) {
        try run(
            """
            INSERT INTO platform_offsets (platform, value) VALUES (?, ?)
            ON CONFLICT (platform) DO UPDATE SET value = excluded.value
            """, .id(platform), .text(value))
    }

    private static func decodeEvent(_ body: [UInt8], sequence: Int64) throws(StoreError) -> InboundEvent {
        do {
            return try JSONDecoder().decode(InboundEvent.self, from: Data(body))
        } catch {
            throw StoreError(
                .corrupt, "Inbox event \(sequence) cannot be read",
                hint: "Drop it with the daemon stopped: sqlite3 FILE 'DELETE FROM inbox WHERE sequence = \(sequence)'",
                underlying: error)
        }
    }
}
