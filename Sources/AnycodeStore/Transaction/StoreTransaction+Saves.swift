package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Records a patch that is safely on the disk.
    ///
    /// - Returns: its sequence number.
    @discardableResult
    package func insertSave(
        session: SessionID, path: String, bytes: Int, files: Int, base: String, reason: String, at date: Date
    ) throws(StoreError) -> Int64 {
        try run(
            """
            INSERT INTO saves (session, path, bytes, files, base, reason, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            .id(session), .text(path), .integer(bytes), .integer(files), .text(base), .text(reason), .date(date))
        return lastSequence
    }

    /// A session's saves, oldest first.
    package func saves(session: SessionID) throws(StoreError) -> [SaveRow] {
        try rows(
            """
            SELECT sequence, session, path, bytes, files, base, reason, created_at FROM saves
            WHERE session = ? ORDER BY sequence
            """, .id(session)
        ) {
            SaveRow(
                sequence: $0.integer(0), session: $0.id(1), path: $0.text(2), bytes: $0.count(3), files: $0.count(4),
                base: $0.text(5), reason: $0.text(6), createdAt: $0.date(7))
        }
    }
}
