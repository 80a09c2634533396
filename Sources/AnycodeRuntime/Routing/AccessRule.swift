package import AnycodeCore
import Synchronization

/// Who may use the bot on one platform.
package struct AccessRule: Sendable {
    package enum Mode: String, Sendable {
        /// Those whom the configuration names.
        case list
        /// The first owner proves himself with a one-time code; owners admit others.
        case pairing
        /// Everybody.
        case open
    }

    /// What somebody may do.
    package enum Standing: Sendable {
        case owner, member, stranger
    }

    package let mode: Mode
    package let people: Set<PersonID>
    /// People who may do everything in every session, and admit others.
    package let owners: Set<PersonID>
    /// Chats in which the bot answers; `nil` for all.
    package let chats: Set<ChatID>?

    package init(
        mode: Mode, people: Set<PersonID> = [], owners: Set<PersonID> = [], chats: Set<ChatID>? = nil
    ) {
        self.mode = mode
        self.people = people
        self.owners = owners
        self.chats = chats
    }

    /// - Parameter people: `nil` lets everybody in.
    package init(people: Set<PersonID>?, chats: Set<ChatID>? = nil) {
        self.init(mode: people == nil ? .open : .list, people: people ?? [], chats: chats)
    }

    /// - Parameter role: what the roll says; it counts where owners admit people.
    func standing(of person: PersonID, admitted role: Standing?) -> Standing {
        if owners.contains(person) { return .owner }
        if mode == .pairing, let role { return role }
        return mode == .open || people.contains(person) ? .member : .stranger
    }

    func admits(_ chat: ChatID) -> Bool { chats.map { $0.contains(chat) } ?? true }

    /// For the tree.
    var words: String {
        switch mode {
        case .open: "OPEN: everybody who finds the bot may run agents"
        case .list: "list of \(people.union(owners).count)"
        case .pairing: "pairing"
        }
    }
}

/// Whom the owners of each platform admitted.
package final class AccessRoll: Sendable {
    private let people = Mutex<[PlatformID: [PersonID: AccessRule.Standing]]>([:])

    package init() {}

    func standing(of person: PersonID, on platform: PlatformID) -> AccessRule.Standing? {
        people.withLock { $0[platform]?[person] }
    }

    func replace(_ roll: [PlatformID: [PersonID: AccessRule.Standing]]) { people.withLock { $0 = roll } }
}
