package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Records the intention; comes before the sandbox.
    package func insertLease(_ row: LeaseRow) throws(StoreError) {
        try run(
            """
            INSERT INTO leases (id, session, provider, state, created_at, updated_at, last_error)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            .id(row.id), .id(row.session), .id(row.provider), .text(row.state), .date(row.createdAt),
            .date(row.updatedAt), .text(row.lastError))
    }

    /// - Parameter lastError: replaces the one before; `nil` clears it.
    package func setLeaseState(
        _ id: LeaseID, _ state: String, lastError: String? = nil, at date: Date
    ) throws(StoreError) {
        let changed = try run(
            "UPDATE leases SET state = ?, last_error = ?, updated_at = ? WHERE id = ?",
            .text(state), .text(lastError), .date(date), .id(id))
        guard changed > 0 else { throw StoreError(.notFound, "There is no lease \(id.short)") }
    }

    package func lease(_ id: LeaseID) throws(StoreError) -> LeaseRow? {
        try row(Self.select + " WHERE id = ?", .id(id), decode: LeaseRow.init(row:))
    }

    /// A session's leases, oldest first.
    package func leases(session: SessionID) throws(StoreError) -> [LeaseRow] {
        try rows(Self.select + " WHERE session = ? ORDER BY rowid", .id(session), decode: LeaseRow.init(row:))
    }

    /// Everything not `destroyed`, oldest first.
    package func openLeases() throws(StoreError) -> [LeaseRow] {
        try rows(Self.select + " WHERE state <> 'destroyed' ORDER BY rowid", decode: LeaseRow.init(row:))
    }

    private static var select: String {
        "SELECT id, session, provider, state, created_at, updated_at, last_error FROM leases"
    }
}

extension LeaseRow {
    fileprivate init(row: SQLRow) {
        self.init(
            id: row.id(0), session: row.id(1), provider: row.id(2), state: row.text(3), createdAt: row.date(4),
            updatedAt: row.date(5), lastError: row.optionalText(6))
    }
}
