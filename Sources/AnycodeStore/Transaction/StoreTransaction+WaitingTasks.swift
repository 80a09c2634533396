package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Adds the task behind those that wait already.
    package func insertWaitingTask(_ row: WaitingTaskRow) throws(StoreError) {
        try run(
            """
            INSERT INTO waiting_tasks
                (id, platform, chat, thread, person_id, person_name, agent, prompt, files, state, message, created_at,
                opens_thread)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            .text(row.id), .id(row.conversation.chat.platform), .text(row.conversation.chat.value),
            .text(row.conversation.thread), .id(row.person.id), .text(row.person.name), .id(row.agent),
            .text(row.prompt), .blob(row.files), .text(row.state.rawValue), .id(row.message), .date(row.createdAt),
            .integer(row.opensThread ? 1 : 0))
    }

    package func waitingTask(_ id: String) throws(StoreError) -> WaitingTaskRow? {
        try row(Self.selectTasks + " WHERE id = ?", .text(id), decode: WaitingTaskRow.init(row:))
    }

    /// What waits for a place, in order of arrival.
    package func queuedTasks(limit: Int) throws(StoreError) -> [WaitingTaskRow] {
        try rows(
            Self.selectTasks + " WHERE state = 'queued' ORDER BY sequence LIMIT ?", .integer(limit),
            decode: WaitingTaskRow.init(row:))
    }

    /// What waits in a chat, all of its threads included, in order of arrival.
    package func waitingTasks(inChat chat: ChatID) throws(StoreError) -> [WaitingTaskRow] {
        try rows(
            Self.selectTasks + " WHERE platform = ? AND chat = ? ORDER BY sequence", .id(chat.platform),
            .text(chat.value), decode: WaitingTaskRow.init(row:))
    }

    package func setWaitingTask(
        _ id: String, _ state: WaitingTaskRow.State, message: MessageID?
    ) throws(StoreError) {
        try run(
            "UPDATE waiting_tasks SET state = ?, message = coalesce(?, message) WHERE id = ?", .text(state.rawValue),
            .id(message), .text(id))
    }

    package func deleteWaitingTask(_ id: String) throws(StoreError) {
        try run("DELETE FROM waiting_tasks WHERE id = ?", .text(id))
    }

    /// Forgets tasks about which nobody said a word since `date`; what is queued stays.
    package func pruneWaitingTasks(before date: Date) throws(StoreError) {
        try run("DELETE FROM waiting_tasks WHERE state <> 'queued' AND created_at < ?", .date(date))
    }

    private static var selectTasks: String {
        """
        SELECT sequence, id, platform, chat, thread, person_id, person_name, agent, prompt, files, state, message,
            created_at, opens_thread
        FROM waiting_tasks
        """
    }
}

extension WaitingTaskRow {
    fileprivate init(row: SQLRow) {
        self.init(
            sequence: row.integer(0), id: row.text(1), conversation: row.conversation(2),
            person: Person(id: row.id(5), name: row.text(6)), agent: row.id(7), prompt: row.text(8),
            files: row.blob(9), state: State(rawValue: row.text(10)) ?? .offered, message: row.optionalID(11),
            createdAt: row.date(12), opensThread: row.integer(13) != 0)
    }
}
