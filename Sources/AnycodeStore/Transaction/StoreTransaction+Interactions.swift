package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Keeps a request until it is answered.
    ///
    /// - Returns: `false` when the session has raised this request before.
    package func insertInteraction(_ row: InteractionRow) throws(StoreError) -> Bool {
        let inserted = try run(
            """
            INSERT INTO interactions (id, session, kind, request_key, body, state, created_at, answered_at,
                answered_by_id, answered_by_name, answer)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session, request_key) DO NOTHING
            """,
            .id(row.id), .id(row.session), .text(row.kind), .text(row.requestKey), .blob(row.body),
            .text(row.state), .date(row.createdAt), .date(row.answeredAt), .id(row.answeredBy?.id),
            .text(row.answeredBy?.name), .blob(row.answer))
        return inserted > 0
    }

    package func interaction(_ id: InteractionID) throws(StoreError) -> InteractionRow? {
        try row(Self.select + " WHERE i.id = ?", .id(id), decode: InteractionRow.init(row:))
    }

    /// All interactions of a session, oldest first.
    package func interactions(session: SessionID) throws(StoreError) -> [InteractionRow] {
        try rows(
            Self.select + " WHERE i.session = ? ORDER BY i.rowid", .id(session), decode: InteractionRow.init(row:))
    }

    /// A session's unanswered interactions, oldest first.
    package func openInteractions(session: SessionID) throws(StoreError) -> [InteractionRow] {
        try rows(
            Self.select + " WHERE i.session = ? AND i.state = 'open' ORDER BY i.rowid", .id(session),
            decode: InteractionRow.init(row:))
    }

    /// The unanswered interactions of a conversation's live sessions, oldest first.
    package func openInteractions(in conversation: Conversation) throws(StoreError) -> [InteractionRow] {
        try rows(
            Self.select + """
                 JOIN sessions s ON s.id = i.session
                WHERE s.is_live = 1 AND s.platform = ? AND s.chat = ? AND s.thread IS ? AND i.state = 'open'
                ORDER BY i.rowid
                """,
            .id(conversation.chat.platform), .text(conversation.chat.value), .text(conversation.thread),
            decode: InteractionRow.init(row:))
    }

    /// Gives the one answer an interaction can have.
    ///
    /// - Parameters:
    ///   - state: `answered` or `cancelled`.
    ///   - person: who answered; `nil` when nobody did.
    /// - Returns: `false`, with nothing changed, unless it was open.
    package func answerInteraction(
        _ id: InteractionID, state: String, by person: Person?, answer: [UInt8]?, at date: Date
    ) throws(StoreError) -> Bool {
        let changed = try run(
            """
            UPDATE interactions SET state = ?, answered_at = ?, answered_by_id = ?, answered_by_name = ?, answer = ?
            WHERE id = ? AND state = 'open'
            """,
            .text(state), .date(date), .id(person?.id), .text(person?.name), .blob(answer), .id(id))
        return changed > 0
    }

    private static var select: String {
        """
        SELECT i.id, i.session, i.kind, i.request_key, i.body, i.state, i.created_at, i.answered_at,
            i.answered_by_id, i.answered_by_name, i.answer FROM interactions i
        """
    }
}

extension InteractionRow {
    fileprivate init(row: SQLRow) {
        let person: PersonID? = row.optionalID(8)
        self.init(
            id: row.id(0), session: row.id(1), kind: row.text(2), requestKey: row.text(3), body: row.blob(4),
            state: row.text(5), createdAt: row.date(6), answeredAt: row.optionalDate(7),
            answeredBy: person.map { Person(id: $0, name: row.text(9)) }, answer: row.optionalBlob(10))
    }
}
