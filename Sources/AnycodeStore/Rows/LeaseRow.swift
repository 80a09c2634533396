package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// A sandbox, from the intention to its end.
package struct LeaseRow: Hashable, Sendable {
    package var id: LeaseID
    package var session: SessionID
    package var provider: ProviderID
    /// `intended`, `created`, `destroying` or `destroyed`.
    package var state: String
    package var createdAt: Date
    package var updatedAt: Date
    package var lastError: String?

    package init(
        id: LeaseID, session: SessionID, provider: ProviderID, state: String = "intended", createdAt: Date,
        updatedAt: Date, lastError: String? = nil
    ) {
        self.id = id
        self.session = session
        self.provider = provider
        self.state = state
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.lastError = lastError
    }
}
