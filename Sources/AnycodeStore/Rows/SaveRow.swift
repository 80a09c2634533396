package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A patch saved outside the sandbox.
package struct SaveRow: Hashable, Sendable {
    package var sequence: Int64
    package var session: SessionID
    package var path: String
    package var bytes: Int
    /// How many files it changes.
    package var files: Int
    /// The commit it applies to.
    package var base: String
    package var reason: String
    package var createdAt: Date

    package init(
        sequence: Int64, session: SessionID, path: String, bytes: Int, files: Int, base: String, reason: String,
        createdAt: Date
    ) {
        self.sequence = sequence
        self.session = session
        self.path = path
        self.bytes = bytes
        self.files = files
        self.base = base
        self.reason = reason
        self.createdAt = createdAt
    }
}
