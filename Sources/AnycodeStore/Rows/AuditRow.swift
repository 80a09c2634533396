#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Who did what through the control socket.
package struct AuditRow: Hashable, Sendable {
    package var sequence: Int64
    package var at: Date
    package var actor: String
    package var verb: String
    package var target: String?

    package init(
        sequence: Int64, at: Date, actor: String, verb: String, target: String? = nil
    ) {
        self.sequence = sequence
        self.at = at
        self.actor = actor
        self.verb = verb
        self.target = target
    }
}
