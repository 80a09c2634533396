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

    /// The ids of all live sessions, oldest first.
    package func liveSessionIDs() throws(StoreError) -> [SessionID] {
        try rows("SELECT id FROM sessions WHERE is_live = 1 ORDER BY key") { $0.id(0) }
    }

    /// The ids of a chat's live sessions, all of its threads included, oldest first.
    package func liveSessionIDs(inChat chat: ChatID) throws(StoreError) -> [SessionID] {
        try rows(
            "SELECT id FROM sessions WHERE is_live = 1 AND platform = ? AND chat = ? ORDER BY key",
            .id(chat.platform), .text(chat.value)
        ) { $0.id(0) }
    }

    /// The ids of the live sessions of exactly this chat or thread, oldest first.
    package func liveSessionIDs(in conversation: Conversation, limit: Int = .max) throws(StoreError) -> [SessionID] {
        try rows(
            """
            SELECT id FROM sessions WHERE is_live = 1 AND platform = ? AND chat = ? AND thread IS ? ORDER BY key LIMIT ?
            """,
            .id(conversation.chat.platform), .text(conversation.chat.value), .text(conversation.thread),
            .integer(limit)
        ) { $0.id(0) }
    }

    /// The newest live sessions of a chat, all of its threads included, oldest of them first.
    package func newestLiveSessions(inChat chat: ChatID, limit: Int) throws(StoreError) -> [SessionRow] {
        try rows(
            Self.select + " WHERE s.is_live = 1 AND s.platform = ? AND s.chat = ? ORDER BY s.key DESC LIMIT ?",
            .id(chat.platform), .text(chat.value), .integer(limit), decode: SessionRow.init(row:)
        ).reversed()
    }

    /// The newest session of a chat, live or not.
    package func newestSession(inChat chat: ChatID) throws(StoreError) -> SessionRow? {
        try row(
            Self.select + " WHERE s.platform = ? AND s.chat = ? ORDER BY s.key DESC LIMIT 1",
            .id(chat.platform), .text(chat.value), decode: SessionRow.init(row:))
    }

    /// The newest session of a chat that has ended.
    ///
    /// - Parameter person: whose sessions count before those of others.
    package func newestEndedSession(inChat chat: ChatID, of person: PersonID) throws(StoreError) -> SessionRow? {
        try row(
            Self.select + """
                 WHERE s.finished_at IS NOT NULL AND s.platform = ? AND s.chat = ?
                ORDER BY s.starter_id = ? DESC, s.key DESC LIMIT 1
                """,
            .id(chat.platform), .text(chat.value), .id(person), decode: SessionRow.init(row:))
    }

    package func countLiveSessions() throws(StoreError) -> Int {
        try row("SELECT count(*) FROM sessions WHERE is_live = 1") { $0.count(0) } ?? 0
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
