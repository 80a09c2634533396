package import AnycodeCore

extension StoreTransaction {
    package func session(_ id: SessionID) throws(StoreError) -> SessionRow? {
        try row(Self.select + " WHERE s.id = ?", .id(id), decode: SessionRow.init(row:))
    }

    /// Sessions whose id starts with `idPrefix`, newest first.
    package func sessions(idPrefix: String, limit: Int) throws(StoreError) -> [SessionRow] {
        try rows(
            Self.select + " WHERE s.id >= ?1 AND s.id < ?1 || char(1114111) ORDER BY s.key DESC LIMIT ?2",
            .text(idPrefix), .integer(limit), decode: SessionRow.init(row:))
    }

    /// All live sessions, oldest first.
    package func liveSessions() throws(StoreError) -> [SessionRow] {
        try rows(Self.select + " WHERE s.is_live = 1 ORDER BY s.key", decode: SessionRow.init(row:))
    }

    /// Live sessions of exactly this chat or thread, oldest first.
    package func liveSessions(in conversation: Conversation) throws(StoreError) -> [SessionRow] {
        try rows(
            Self.select
                + " WHERE s.is_live = 1 AND s.platform = ? AND s.chat = ? AND s.thread IS ? ORDER BY s.key",
            .id(conversation.chat.platform), .text(conversation.chat.value), .text(conversation.thread),
            decode: SessionRow.init(row:))
    }

    /// The newest sessions, live or not, newest first.
    package func recentSessions(limit: Int) throws(StoreError) -> [SessionRow] {
        try rows(Self.select + " ORDER BY s.key DESC LIMIT ?", .integer(limit), decode: SessionRow.init(row:))
    }

    /// Live sessions of a chat, all of its threads included.
    package func countLiveSessions(inChat chat: ChatID) throws(StoreError) -> Int {
        try row(
            "SELECT count(*) FROM sessions WHERE is_live = 1 AND platform = ? AND chat = ?",
            .id(chat.platform), .text(chat.value)
        ) { $0.count(0) } ?? 0
    }

    private static var select: String {
        """
        SELECT s.id, s.platform, s.chat, s.thread, s.starter_id, s.starter_name, s.agent, s.prompt, s.created_at,
            s.is_live, s.state, s.snapshot, p.cursor, p.incarnation, s.boot_attempts, p.updated_at, s.finished_at
        FROM sessions s JOIN progress p ON p.session = s.key
        """
    }
}

extension SessionRow {
    fileprivate init(row: SQLRow) {
        self.init(
            id: row.id(0), conversation: row.conversation(1), starter: Person(id: row.id(4), name: row.text(5)),
            agent: row.id(6), prompt: row.text(7), createdAt: row.date(8), isLive: row.flag(9), state: row.text(10),
            snapshot: row.blob(11), cursor: row.optionalInteger(12), incarnation: row.integer(13),
            bootAttempts: row.count(14), updatedAt: row.date(15), finishedAt: row.optionalDate(16))
    }
}
