package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Queues a message in the state `pending`.
    ///
    /// - Parameters:
    ///   - nonce: the same for every attempt to send it.
    ///   - edits: the message of the chat that it replaces.
    /// - Returns: its place in the queue.
    @discardableResult
    package func insertNotice(
        conversation: Conversation, message: [UInt8], nonce: String, edits: MessageID? = nil, at date: Date
    ) throws(StoreError) -> Int64 {
        try run(
            """
            INSERT INTO notices (platform, chat, thread, message, nonce, state, edits, created_at)
            VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)
            """,
            .id(conversation.chat.platform), .text(conversation.chat.value), .text(conversation.thread),
            .blob(message), .text(nonce), .id(edits), .date(date))
        return lastSequence
    }

    /// The chat's notices that are neither `sent` nor `failed`, oldest first.
    package func pendingNotices(chat: ChatID) throws(StoreError) -> [NoticeRow] {
        try rows(
            """
            SELECT sequence, platform, chat, thread, message, nonce, state, edits, created_at FROM notices
            WHERE platform = ? AND chat = ? AND state NOT IN ('sent', 'failed') ORDER BY sequence
            """, .id(chat.platform), .text(chat.value)
        ) {
            NoticeRow(
                sequence: $0.integer(0), conversation: $0.conversation(1), message: $0.blob(4), nonce: $0.text(5),
                state: $0.text(6), edits: $0.optionalID(7), createdAt: $0.date(8))
        }
    }

    package func setNoticeState(_ sequence: Int64, _ state: String) throws(StoreError) {
        try run("UPDATE notices SET state = ? WHERE sequence = ?", .text(state), .integer(sequence))
    }

    package func deleteNotice(_ sequence: Int64) throws(StoreError) {
        try run("DELETE FROM notices WHERE sequence = ?", .integer(sequence))
    }

    package func chatsWithPendingNotices() throws(StoreError) -> [ChatID] {
        try rows(
            """
            SELECT DISTINCT platform, chat FROM notices WHERE state NOT IN ('sent', 'failed') ORDER BY platform, chat
            """
        ) { $0.chat(0) }
    }
}
