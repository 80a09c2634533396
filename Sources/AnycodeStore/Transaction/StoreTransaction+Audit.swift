#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

extension StoreTransaction {
    /// Records who did what.
    package func insertAudit(at date: Date, actor: String, verb: String, target: String?) throws(StoreError) {
        try run(
            "INSERT INTO audit (at, actor, verb, target) VALUES (?, ?, ?, ?)",
            .date(date), .text(actor), .text(verb), .text(target))
    }

    /// The newest records, newest first.
    package func audit(limit: Int) throws(StoreError) -> [AuditRow] {
        try rows(
            "SELECT sequence, at, actor, verb, target FROM audit ORDER BY sequence DESC LIMIT ?", .integer(limit)
        ) {
            AuditRow(
                sequence: $0.integer(0), at: $0.date(1), actor: $0.text(2), verb: $0.text(3),
                target: $0.optionalText(4))
        }
    }
}
