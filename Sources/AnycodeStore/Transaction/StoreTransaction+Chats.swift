package import AnycodeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension StoreTransaction {
    /// Everything that is stored of a chat follows it to its new id.
    ///
    /// Messages stay behind in the old chat, and in the new one others have their numbers: their ids are written with
    /// the old chat's id and a colon before them.
    ///
    /// - Returns: how many rows followed.
    @discardableResult
    package func moveChat(_ old: ChatID, to new: ChatID) throws(StoreError) -> Int {
        let (platform, from, to) = (SQLValue.id(old.platform), SQLValue.text(old.value), SQLValue.text(new.value))
        var count = try run(
            """
            UPDATE slots SET message = ?2 || ':' || message
            WHERE message IS NOT NULL AND instr(message, ':') = 0
                AND session IN (SELECT id FROM sessions WHERE platform = ?1 AND chat = ?2)
            """, platform, from)
        for table in ["sessions", "notices", "waiting_tasks"] {
            count += try run(
                "UPDATE \(table) SET chat = ?3 WHERE platform = ?1 AND chat = ?2", platform, from, to)
        }
        count += try run(
            "UPDATE OR REPLACE settings SET chat = ?3 WHERE platform = ?1 AND chat = ?2", platform, from, to)
        count += try run(
            "INSERT OR IGNORE INTO moved_chats (platform, chat, was) VALUES (?1, ?3, ?2)", platform, from, to)
        return try count + moveInbound(old, to: new)
    }

    /// Chats that have another id than they had, by today's id.
    package func movedChats() throws(StoreError) -> [ChatID: ChatID] {
        let moves = try rows("SELECT platform, chat, was FROM moved_chats") { row in
            (
                now: ChatID(platform: row.id(0), value: row.text(1)),
                was: ChatID(platform: row.id(0), value: row.text(2))
            )
        }
        return Dictionary(moves.map { ($0.now, $0.was) }) { first, _ in first }
    }

    /// Events that wait to be handled; there are never many.
    private func moveInbound(_ old: ChatID, to new: ChatID) throws(StoreError) -> Int {
        let waiting = try pendingInbound(limit: .max).filter { $0.event.conversation.chat == old }
        for stored in waiting {
            let conversation = Conversation(chat: new, thread: stored.event.conversation.thread)
            let body: Data
            do {
                body = try JSONEncoder().encode(stored.event.moved(to: conversation))
            } catch {
                throw StoreError(.failed, "An inbound event cannot be encoded", underlying: error)
            }
            try run("UPDATE inbox SET body = ? WHERE sequence = ?", .blob([UInt8](body)), .integer(stored.sequence))
        }
        return waiting.count
    }
}
