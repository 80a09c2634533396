/// Who may use the bot on a platform.
package struct Access: Sendable, Equatable {
    package enum Mode: String, Sendable, CaseIterable {
        /// Only those in the list.
        case list
        /// The first owner proves himself with a one-time code from the daemon's console; owners admit others.
        case pairing
        /// Everybody who can reach the bot.
        case open
    }

    package var mode: Mode
    /// Ids as the platform writes them.
    package var users: [String]
    /// Those who may do everything in every session, and admit others; they need not be among `users`.
    package var owners: [String] = []
    /// Chats where the bot answers; empty means all.
    package var chats: [String]
}

extension Access {
    /// - Parameter chatsKey: What the platform calls its chats, as `allowed_chats`.
    init(reading section: Section, chatsKey: String, ids described: String, accept: (TOMLNode) -> String?) {
        users = section.list("allowed_users", of: "user \(described)", accept: accept)
        owners = section.list("owners", of: "user \(described)", accept: accept)
        chats = section.list(chatsKey, of: "chat \(described)", accept: accept)
        let given: Mode? = section.optionalChoice("access")
        mode = given ?? (users.isEmpty && owners.isEmpty ? .open : .list)
        guard section.isPresent else { return }
        switch mode {
        case .list where users.isEmpty && owners.isEmpty:
            section.report(
                .combination, "access", "\"list\" with an empty allowed_users lets nobody in",
                hint: "add user \(described) to allowed_users, or set access = \"pairing\"")
        case .open where given == .open && !users.isEmpty:
            section.report(
                .combination, "access", "\"open\" makes allowed_users meaningless",
                hint: "set access = \"list\", or empty allowed_users")
        case .open:
            section.warn(
                .openAccess, given == nil ? nil : "access",
                "EVERYBODY who finds the bot can run agents here with your keys",
                hint: "set access = \"pairing\", or fill allowed_users")
        case .list, .pairing: break
        }
    }
}
