package import AnycodeCore

extension StoreTransaction {
    /// A session's slots, by position.
    package func slots(session: SessionID) throws(StoreError) -> [SlotRow] {
        try rows(
            Self.select + " WHERE o.session = ? ORDER BY o.position, o.key", .id(session), decode: SlotRow.init(row:))
    }

    /// Adds the slot, or replaces the one with its key.
    package func putSlot(_ row: SlotRow) throws(StoreError) {
        try run(
            """
            INSERT INTO slots (session, key, position, message, state, shown, attempts, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (session, key) DO UPDATE SET position = excluded.position, message = excluded.message,
                state = excluded.state, shown = excluded.shown, attempts = excluded.attempts,
                updated_at = excluded.updated_at
            """,
            .id(row.session), .text(row.key), .integer(row.position), .id(row.message), .text(row.state),
            .blob(row.shown), .integer(row.attempts), .date(row.updatedAt))
    }

    /// The slot that a message of the chat shows: tells which session it belongs to.
    package func slot(conversationChat chat: ChatID, message: MessageID) throws(StoreError) -> SlotRow? {
        try row(
            Self.select + """
                 JOIN sessions s ON s.id = o.session
                WHERE o.message = ? AND s.platform = ? AND s.chat = ? ORDER BY o.rowid DESC LIMIT 1
                """, .id(message), .id(chat.platform), .text(chat.value), decode: SlotRow.init(row:))
    }

    private static var select: String {
        """
        SELECT o.session, o.key, o.position, o.message, o.state, o.shown, o.attempts, o.updated_at FROM slots o
        """
    }
}

extension SlotRow {
    fileprivate init(row: SQLRow) {
        self.init(
            session: row.id(0), key: row.text(1), position: row.count(2), message: row.optionalID(3),
            state: row.text(4), shown: row.blob(5), attempts: row.count(6), updatedAt: row.date(7))
    }
}
