package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// An inbound event that waits to be handled.
package struct StoredInbound: Hashable, Sendable {
    /// Order of arrival.
    package var sequence: Int64
    package var platform: PlatformID
    package var event: InboundEvent
    package var receivedAt: Date

    package init(
        sequence: Int64, platform: PlatformID, event: InboundEvent, receivedAt: Date
    ) {
        self.sequence = sequence
        self.platform = platform
        self.event = event
        self.receivedAt = receivedAt
    }
}
