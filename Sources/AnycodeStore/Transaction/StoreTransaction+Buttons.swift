package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    package func insertButtons(_ rows: [ButtonRow]) throws(StoreError) {
        for row in rows {
            try run(
                "INSERT INTO buttons (token, session, interaction, action, created_at) VALUES (?, ?, ?, ?, ?)",
                .text(row.token), .id(row.session), .id(row.interaction), .blob(row.action), .date(row.createdAt))
        }
    }

    package func button(_ token: String) throws(StoreError) -> ButtonRow? {
        try row(
            "SELECT token, session, interaction, action, created_at FROM buttons WHERE token = ?", .text(token)
        ) {
            ButtonRow(
                token: $0.text(0), session: $0.optionalID(1), interaction: $0.optionalID(2), action: $0.blob(3),
                createdAt: $0.date(4))
        }
    }

    /// Gives every button of a session that does one thing another thing to do.
    package func replaceButtons(session: SessionID, action: [UInt8], with other: [UInt8]) throws(StoreError) {
        try run(
            "UPDATE buttons SET action = ? WHERE session = ? AND action = ?", .blob(other), .id(session), .blob(action))
    }

    package func deleteButtons(session: SessionID) throws(StoreError) {
        try run("DELETE FROM buttons WHERE session = ?", .id(session))
    }

    /// Forgets buttons of no session that were made before `date`.
    package func pruneButtons(before date: Date) throws(StoreError) {
        try run("DELETE FROM buttons WHERE session IS NULL AND created_at < ?", .date(date))
    }
}
