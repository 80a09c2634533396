package import AnycodeCore

#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Somebody whom a platform's owners let in, or who asked in vain.
package struct PersonRow: Hashable, Sendable {
    package enum Role: String, Hashable, Sendable {
        /// May do everything, and admits others.
        case owner
        case member
        /// Was told once that the bot is not for everybody.
        case stranger
    }

    package var platform: PlatformID
    package var person: Person
    package var role: Role
    /// The private conversation in which the person was last heard; `nil` where there was none.
    package var conversation: Conversation?
    package var admittedBy: PersonID?
    package var since: Date

    package init(
        platform: PlatformID, person: Person, role: Role, conversation: Conversation? = nil,
        admittedBy: PersonID? = nil, since: Date
    ) {
        self.platform = platform
        self.person = person
        self.role = role
        self.conversation = conversation
        self.admittedBy = admittedBy
        self.since = since
    }
}
