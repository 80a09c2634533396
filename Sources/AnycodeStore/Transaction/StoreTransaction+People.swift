package import AnycodeCore

extension StoreTransaction {
    /// Adds the person, or replaces what was known.
    package func putPerson(_ row: PersonRow) throws(StoreError) {
        try run(
            """
            INSERT INTO people (platform, person, name, role, chat, thread, admitted_by, since)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (platform, person) DO UPDATE SET name = excluded.name, role = excluded.role,
                chat = coalesce(excluded.chat, chat), thread = iif(excluded.chat IS NULL, thread, excluded.thread),
                admitted_by = excluded.admitted_by, since = excluded.since
            """,
            .id(row.platform), .id(row.person.id), .text(row.person.name), .text(row.role.rawValue),
            .text(row.conversation?.chat.value), .text(row.conversation?.thread), .id(row.admittedBy),
            .date(row.since))
    }

    package func person(_ id: PersonID, on platform: PlatformID) throws(StoreError) -> PersonRow? {
        try row(
            Self.selectPeople + " WHERE platform = ? AND person = ?", .id(platform), .id(id),
            decode: PersonRow.init(row:))
    }

    /// Owners and members of all platforms, those who came first first.
    package func admittedPeople() throws(StoreError) -> [PersonRow] {
        try rows(
            Self.selectPeople + " WHERE role <> 'stranger' ORDER BY since, platform, person",
            decode: PersonRow.init(row:))
    }

    package func deletePerson(_ id: PersonID, on platform: PlatformID) throws(StoreError) {
        try run("DELETE FROM people WHERE platform = ? AND person = ?", .id(platform), .id(id))
    }

    /// Forgets all strangers of a platform but the newest, who may then be told once more.
    package func pruneStrangers(on platform: PlatformID, keeping count: Int) throws(StoreError) {
        try run(
            """
            DELETE FROM people WHERE platform = ?1 AND role = 'stranger' AND person NOT IN (
                SELECT person FROM people WHERE platform = ?1 AND role = 'stranger' ORDER BY since DESC LIMIT ?2)
            """, .id(platform), .integer(count))
    }

    private static var selectPeople: String {
        "SELECT platform, person, name, role, chat, thread, admitted_by, since FROM people"
    }
}

extension PersonRow {
    fileprivate init(row: SQLRow) {
        let platform: PlatformID = row.id(0)
        self.init(
            platform: platform, person: Person(id: row.id(1), name: row.text(2)),
            role: Role(rawValue: row.text(3)) ?? .stranger,
            conversation: row.optionalText(4).map {
                Conversation(chat: ChatID(platform: platform, value: $0), thread: row.optionalText(5))
            },
            admittedBy: row.optionalID(6), since: row.date(7))
    }
}
