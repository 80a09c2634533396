package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Sessions that ended before `date` and of which nothing exists outside any more, oldest first.
    package func forgettableSessions(endedBefore date: Date, limit: Int) throws(StoreError) -> [SessionID] {
        try rows(
            """
            SELECT s.id FROM sessions s
            WHERE s.is_live = 0 AND s.finished_at < ?
                AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.session = s.id AND l.state <> 'destroyed')
            ORDER BY s.key LIMIT ?
            """, .date(date), .integer(limit)
        ) { $0.id(0) }
    }

    /// Deletes an ended session with all that belongs to it. A live one is left alone.
    ///
    /// - Returns: whether it was deleted.
    @discardableResult
    package func forgetSession(_ id: SessionID) throws(StoreError) -> Bool {
        guard let row = try session(id), !row.isLive else { return false }
        try run(
            """
            WITH RECURSIVE chain (sequence, previous) AS (
                SELECT t.sequence, t.previous FROM transcript t WHERE t.sequence =
                    (SELECT p.head FROM progress p JOIN sessions s ON s.key = p.session WHERE s.id = ?)
                UNION ALL
                SELECT t.sequence, t.previous FROM chain c JOIN transcript t ON t.sequence = c.previous
            )
            DELETE FROM transcript WHERE sequence IN (SELECT sequence FROM chain)
            """, .id(id))
        try run("DELETE FROM saves WHERE session = ?", .id(id))
        try run("DELETE FROM leases WHERE session = ?", .id(id))
        // Progress, interactions, buttons and slots go with it.
        return try run("DELETE FROM sessions WHERE id = ? AND is_live = 0", .id(id)) > 0
    }

    /// Forgets past adoptions, for a session that a person starts afresh.
    package func forgiveBootAttempts(_ id: SessionID) throws(StoreError) {
        try run("UPDATE sessions SET boot_attempts = 0 WHERE id = ?", .id(id))
    }

    /// The session's newest save.
    package func lastSave(session: SessionID) throws(StoreError) -> (files: Int, createdAt: Date)? {
        try row(
            "SELECT files, created_at FROM saves WHERE session = ? ORDER BY sequence DESC LIMIT 1", .id(session)
        ) { ($0.count(0), $0.date(1)) }
    }
}
