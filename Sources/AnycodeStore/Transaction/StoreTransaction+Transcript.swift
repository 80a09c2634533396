package import AnycodeCore

extension StoreTransaction {
    /// Adds entries behind the session's last; refuses older incarnations.
    package func appendTranscript(
        _ id: SessionID, incarnation: Int64, entries: [[UInt8]]
    ) throws(StoreError) {
        guard let first = entries.first else { return try checkIncarnation(id, incarnation) }
        let inserted = try run(
            """
            INSERT INTO transcript (previous, body) SELECT head, ? FROM progress
            WHERE session = (SELECT key FROM sessions WHERE id = ?) AND incarnation = ?
            """, .blob(first), .id(id), .integer(incarnation))
        guard inserted > 0 else { return try checkIncarnation(id, incarnation) }
        for entry in entries.dropFirst() {
            try run("INSERT INTO transcript (previous, body) VALUES (?, ?)", .integer(lastSequence), .blob(entry))
        }
        try run(
            "UPDATE progress SET head = ? WHERE session = (SELECT key FROM sessions WHERE id = ?)",
            .integer(lastSequence), .id(id))
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
