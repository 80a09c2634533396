package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Adds a session with the incarnation and counts the row tells.
    package func insertSession(_ row: SessionRow) throws(StoreError) {
        try run(
            """
            INSERT INTO sessions (id, platform, chat, thread, starter_id, starter_name, agent, prompt, created_at,
                is_live, state, snapshot, boot_attempts, finished_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            .id(row.id), .id(row.conversation.chat.platform), .text(row.conversation.chat.value),
            .text(row.conversation.thread), .id(row.starter.id), .text(row.starter.name), .id(row.agent),
            .text(row.prompt), .date(row.createdAt), .flag(row.isLive), .text(row.state), .blob(row.snapshot),
            .integer(row.bootAttempts), .date(row.finishedAt))
        try run(
            "INSERT INTO progress (session, incarnation, cursor, updated_at) VALUES (?, ?, ?, ?)",
            .integer(lastSequence), .integer(row.incarnation), .integer(row.cursor), .date(row.updatedAt))
    }

    /// Makes the caller the session's newest incarnation: from now on the writes of older ones are refused.
    ///
    /// - Parameter weight: how much this start adds to the attempts.
    package func adoptSession(
        _ id: SessionID, weight: Int = 1, at date: Date
    ) throws(StoreError) -> SessionRow {
        try run(
            """
            UPDATE progress SET incarnation = incarnation + 1, updated_at = ?
            WHERE session = (SELECT key FROM sessions WHERE id = ?)
            """, .date(date), .id(id))
        try run("UPDATE sessions SET boot_attempts = boot_attempts + ? WHERE id = ?", .integer(weight), .id(id))
        guard let row = try session(id) else { throw .noSession(id) }
        return row
    }

    /// Says that this incarnation has lived long enough to be trusted.
    package func clearBootAttempts(_ id: SessionID, incarnation: Int64) throws(StoreError) {
        try checkIncarnation(id, incarnation)
        try run("UPDATE sessions SET boot_attempts = 0 WHERE id = ?", .id(id))
    }

    /// Changes what `update` names; refuses older incarnations.
    package func updateSession(
        _ id: SessionID, incarnation: Int64, _ update: SessionUpdate, at date: Date
    ) throws(StoreError) {
        let changed = try run(
            """
            UPDATE progress SET cursor = coalesce(?, cursor), updated_at = ? WHERE session = ? AND incarnation = ?
            """, .integer(update.cursor), .date(date), .integer(try sessionKey(id)), .integer(incarnation))
        guard changed > 0 else { return try checkIncarnation(id, incarnation) }
        // Separate statements, since a long snapshot should be rewritten only when it changed.
        if let snapshot = update.snapshot {
            try run("UPDATE sessions SET snapshot = ? WHERE id = ?", .blob(snapshot), .id(id))
        }
        guard update.state != nil || update.isLive != nil || update.finishedAt != nil else { return }
        try run(
            """
            UPDATE sessions SET state = coalesce(?, state), is_live = coalesce(?, is_live),
                finished_at = coalesce(finished_at, ?)
            WHERE id = ?
            """,
            .text(update.state), update.isLive.map { .flag($0) } ?? .null, .date(update.finishedAt), .id(id))
    }

    /// The key of the session's row.
    func sessionKey(_ id: SessionID) throws(StoreError) -> Int64 {
        if let key = keys[id] { return key }
        let key = try row("SELECT key FROM sessions WHERE id = ?", .id(id)) { $0.integer(0) }
        guard let key else { throw .noSession(id) }
        keys.remember(id, key: key)
        return key
    }

    /// Throws unless `incarnation` is the session's newest.
    func checkIncarnation(_ id: SessionID, _ incarnation: Int64) throws(StoreError) {
        let newest = try row(
            "SELECT incarnation FROM progress WHERE session = (SELECT key FROM sessions WHERE id = ?)", .id(id)
        ) { $0.integer(0) }
        guard let newest else { throw .noSession(id) }
        guard newest == incarnation else {
            throw StoreError(
                .staleIncarnation, "Session \(id.short) was taken over: incarnation \(incarnation), now \(newest)")
        }
    }
}

extension StoreError {
    static func noSession(_ id: SessionID) -> StoreError {
        StoreError(.notFound, "There is no session \(id.short)")
    }
}
