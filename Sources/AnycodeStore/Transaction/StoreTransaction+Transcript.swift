package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Adds entries behind the session's last; refuses older incarnations.
    package func appendTranscript(
        _ id: SessionID, incarnation: Int64, entries: [[UInt8]]
    ) throws(StoreError) {
        let key = try sessionKey(id)
        guard let head = try insertEntries(entries, key, incarnation) else {
            return try checkIncarnation(id, incarnation)
        }
        try run("UPDATE progress SET head = ? WHERE session = ?", .integer(head), .integer(key))
    }

    /// Adds entries and moves the cursor with them, for the price of one: what most events of an agent need.
    package func appendTranscript(
        _ id: SessionID, incarnation: Int64, entries: [[UInt8]], cursor: Int64, at date: Date
    ) throws(StoreError) {
        let key = try sessionKey(id)
        let head = try insertEntries(entries, key, incarnation)
        let changed = try run(
            """
            UPDATE progress SET head = coalesce(?, head), cursor = ?, updated_at = ?
            WHERE session = ? AND incarnation = ?
            """, .integer(head), .integer(cursor), .date(date), .integer(key), .integer(incarnation))
        guard changed > 0 else { return try checkIncarnation(id, incarnation) }
    }

    /// Chains entries to the session's last; returns the new last one, `nil` when nothing was added.
    private func insertEntries(_ entries: [[UInt8]], _ key: Int64, _ incarnation: Int64) throws(StoreError) -> Int64? {
        guard let first = entries.first else { return nil }
        let inserted = try run(
            """
            INSERT INTO transcript (previous, body)
            SELECT head, ? FROM progress WHERE session = ? AND incarnation = ?
            """, .blob(first), .integer(key), .integer(incarnation))
        guard inserted > 0 else { return nil }
        for entry in entries.dropFirst() {
            try run("INSERT INTO transcript (previous, body) VALUES (?, ?)", .integer(lastSequence), .blob(entry))
        }
        return lastSequence
    }

    /// The session's entries behind `sequence` (`nil`: all), oldest first.
    package func transcript(_ id: SessionID, after sequence: Int64? = nil) throws(StoreError) -> [TranscriptEntry] {
        let backwards = try rows(
            """
            WITH RECURSIVE chain (sequence, previous) AS (
                SELECT t.sequence, t.previous FROM transcript t
                WHERE t.sequence > ?2 AND t.sequence =
                    (SELECT p.head FROM progress p JOIN sessions s ON s.key = p.session WHERE s.id = ?1)
                UNION ALL
                SELECT t.sequence, t.previous FROM chain c JOIN transcript t ON t.sequence = c.previous
                WHERE t.sequence > ?2
            )
            SELECT t.sequence, t.body FROM chain c JOIN transcript t ON t.sequence = c.sequence
            """, .id(id), .integer(sequence ?? 0)
        ) { TranscriptEntry(sequence: $0.integer(0), bytes: $0.blob(1)) }
        // The chain is followed from its end; the query promises no order.
        return backwards.sorted { $0.sequence < $1.sequence }
    }
}
