import AnycodeCore
import AnycodeStore
import Logging
import Supervision

/// Who gets in, and what strangers hear.
extension Router {
    // MARK: The roll

    /// Reads who was admitted; where a platform waits for its first owner, makes the code and shows it.
    func openAccess() async throws {
        let (rows, moves) = try await runtime.store.read { (try $0.admittedPeople(), try $0.movedChats()) }
        runtime.configuration.moves.replace(moves)
        roll = Dictionary(grouping: rows, by: \.platform).mapValues { rows in
            Dictionary(rows.map { ($0.person.id, $0) }) { first, _ in first }
        }
        for platform in runtime.platforms.keys.sorted() {
            guard let rule = runtime.configuration.access[platform] else { continue }
            switch rule.mode {
            case .list: break
            case .open:
                runtime.logger.warning("the bot is open to everybody", metadata: ["platform": "\(platform)"])
                runtime.configuration.announce(
                    "WARNING: \(platform) is open: everybody who finds the bot can run agents here with your keys.")
            case .pairing where !hasOwner(platform): offerOwnership(platform)
            case .pairing: break
            }
        }
    }

    private func offerOwnership(_ platform: PlatformID) {
        let code = runtime.pairing.issue(for: platform, random: runtime.makeID())
        runtime.configuration.announce(
            "\(platform) has no owner yet. Send the bot this in a private chat: /pair \(code)")
    }

    func hasOwner(_ platform: PlatformID) -> Bool {
        guard let rule = runtime.configuration.access[platform] else { return false }
        return !rule.owners.isEmpty || roll[platform]?.values.contains { $0.role == .owner } == true
    }

    func standing(of person: PersonID, on platform: PlatformID) -> AccessRule.Standing {
        runtime.configuration.standing(of: person, on: platform)
    }

    func isOwner(_ person: Person, on platform: PlatformID) -> Bool {
        standing(of: person.id, on: platform) == .owner
    }

    // MARK: Strangers

    func admits(_ event: InboundEvent) -> Bool {
        runtime.configuration.admits(event.sender, in: event.conversation)
    }

    /// Silence in groups, one refusal in private, a polite note for clicks.
    func turnAway(_ stored: StoredInbound) async throws {
        let event = stored.event
        switch event.content {
        case .click(let click):
            await acknowledge(click.callback, in: stored, note: "You may not use this bot.")
            try await finish(stored)
        case .moved:
            try await finish(stored)
        case .text(let message):
            guard event.isPrivate else { return try await finish(stored) }
            if let code = pairingCode(in: message) { return try await pair(code, stored) }
            try await refuseOnce(stored)
        }
    }

    private func pairingCode(in message: TextMessage) -> String? {
        guard !message.isForwarded else { return nil }
        switch ChatCommand.parse(message.text, agents: []) {
        case .pair(let code): return code
        case .start(let words): return words.isEmpty ? nil : words
        default: return nil
        }
    }

    private func refuseOnce(_ stored: StoredInbound) async throws {
        let event = stored.event
        let (platform, person) = (event.conversation.chat.platform, event.sender)
        if try await runtime.store.read({ try $0.person(person.id, on: platform) }) != nil {
            return try await finish(stored)  // was told before
        }
        let rule = runtime.configuration.access[platform]
        var replies = [(OutgoingMessage(markdown: refusal(person, platform)), event.conversation)]
        var buttons: [ButtonRow] = []
        if rule?.mode == .pairing, standing(of: person.id, on: platform) == .stranger {
            for owner in roll[platform]?.values.sorted(by: { $0.since < $1.since }) ?? [] where owner.role == .owner {
                guard let conversation = owner.conversation else { continue }
                let token = "\(runtime.makeID()).admit"
                buttons.append(try freeButton(token, .admit(person, from: event.conversation)))
                replies.append((Self.request(person, token), conversation))
            }
        }
        let row = PersonRow(
            platform: platform, person: person, role: .stranger, conversation: event.conversation,
            since: runtime.clock.date())
        let made = buttons
        try await finish(stored, replies: replies) { transaction in
            try transaction.putPerson(row)
            try transaction.pruneStrangers(on: platform, keeping: Self.rememberedStrangers)
            try transaction.insertButtons(made)
        }
    }

    /// How many strangers are remembered as told; the bot must not be filled up by them.
    private static let rememberedStrangers = 1_000

    private func refusal(_ person: Person, _ platform: PlatformID) -> String {
        if standing(of: person.id, on: platform) != .stranger { return "This bot does not answer in this chat." }
        let id = "Your id is `\(person.id)`"
        guard runtime.configuration.access[platform]?.mode == .pairing else {
            return "You may not use this bot. \(id); whoever runs it can add it to `allowed_users`."
        }
        if hasOwner(platform) { return "You may not use this bot. \(id); its owner was told and can admit you." }
        return """
            This bot has no owner yet. If it is yours: the daemon showed a code at its start (`anycodectl pair` makes \
            another); send it as `/pair CODE`. \(id).
            """
    }

    private static func request(_ person: Person, _ token: String) -> OutgoingMessage {
        OutgoingMessage(
            markdown: "**\(plain(person.name))** (`\(person.id)`) asks to use this bot.",
            buttons: [[ChatButton(label: "Admit", token: token, style: .primary)]], rings: true)
    }

    /// A stranger's name without what could pass for formatting.
    static func plain(_ name: String) -> String {
        String(name.prefix(60).map { "*_`[]()<>\n#|~".contains($0) ? " " : $0 })
    }

    // MARK: Owners

    private func pair(_ code: String, _ stored: StoredInbound) async throws {
        let event = stored.event
        let (platform, person) = (event.conversation.chat.platform, event.sender)
        switch runtime.pairing.redeem(code, for: platform, now: runtime.clock.now()) {
        case .none: try await refuseOnce(stored)
        case .wrong:
            runtime.logger.warning("a wrong pairing code was sent", metadata: ["platform": "\(platform)"])
            try await finish(stored, reply: "That is not the code.")
        case .right:
            let row = PersonRow(
                platform: platform, person: person, role: .owner, conversation: event.conversation,
                since: runtime.clock.date())
            let words =
                "You are an owner of this bot now. `/help` lists what it can do; strangers who ask are told to you."
            try await finish(stored, replies: [(OutgoingMessage(markdown: words), event.conversation)]) {
                try $0.putPerson(row)
                try $0.insertAudit(
                    at: row.since, actor: "\(platform):\(person.id)", verb: "pair", target: person.id.rawValue)
            }
            roll[platform, default: [:]][person.id] = row
            runtime.configuration.announce("\(person.name) (\(person.id)) is an owner on \(platform) now.")
        }
    }

    /// `/pair` by somebody who is in already: a member may become an owner.
    func pairMember(_ code: String, _ stored: StoredInbound) async throws {
        let platform = stored.event.conversation.chat.platform
        guard runtime.configuration.access[platform]?.mode == .pairing else {
            return try await finish(stored, reply: Self.configured)
        }
        guard stored.event.isPrivate else {
            return try await finish(stored, reply: "Send the code in a private chat with me, not here.")
        }
        guard !isOwner(stored.event.sender, on: platform) else {
            return try await finish(stored, reply: "You are an owner already.")
        }
        guard runtime.pairing.isOpen(platform, now: runtime.clock.now()) else {
            return try await finish(stored, reply: "There is no code now. `anycodectl pair` makes one.")
        }
        try await pair(code, stored)
    }

    private static let configured =
        "The configuration says who may use this bot. With `access = \"pairing\"` its owners do."

    /// - Returns: whether the sender may admit people; if not, that was answered.
    private func mayAdmit(_ stored: StoredInbound) async throws -> Bool {
        let event = stored.event
        guard runtime.configuration.access[event.conversation.chat.platform]?.mode == .pairing else {
            try await finish(stored, reply: Self.configured)
            return false
        }
        guard isOwner(event.sender, on: event.conversation.chat.platform) else {
            try await finish(stored, reply: "Only an owner may do that.")
            return false
        }
        return true
    }

    /// `/admit ID [name]`.
    func admit(_ words: String, _ stored: StoredInbound) async throws {
        guard try await mayAdmit(stored) else { return }
        let parts = words.split(separator: " ", maxSplits: 1).map(String.init)
        guard let id = parts.first else {
            return try await finish(
                stored, reply: "Whom? `/admit ID`: the bot tells people their id when they write to it in private.")
        }
        let platform = stored.event.conversation.chat.platform
        let known = try await runtime.store.read { try $0.person(PersonID(id), on: platform) }
        let name = parts.count > 1 ? parts[1] : known?.person.name ?? id
        let person = Person(id: PersonID(id), name: name)
        guard standing(of: person.id, on: platform) == .stranger else {
            return try await finish(stored, reply: "`\(id.prefix(60))` is in already.")
        }
        try await admit(
            person, from: known?.conversation, by: stored,
            replies: [
                (
                    OutgoingMessage(markdown: "\(Self.plain(name)) (`\(id)`) may use this bot now."),
                    stored.event.conversation
                )
            ])
    }

    /// The Admit button of a stranger's request.
    func pressAdmit(
        _ person: Person, from conversation: Conversation, _ click: ButtonClick, _ stored: StoredInbound
    ) async throws {
        let event = stored.event
        let platform = conversation.chat.platform
        guard event.conversation.chat.platform == platform, isOwner(event.sender, on: platform) else {
            return try await stale(click, stored, "Only an owner may do that.")
        }
        guard standing(of: person.id, on: platform) == .stranger else {
            return try await stale(click, stored, "\(person.name) is in already.")
        }
        await acknowledge(click.callback, in: stored, note: "Admitted")
        let words = "**\(Self.plain(person.name))** (`\(person.id)`) was admitted by \(Self.plain(event.sender.name))."
        try await admit(
            person, from: conversation, by: stored,
            replies: [], edit: click.message.map { ($0, OutgoingMessage(markdown: words)) })
    }

    private func admit(
        _ person: Person, from conversation: Conversation?, by stored: StoredInbound,
        replies: [(OutgoingMessage, Conversation)], edit: (MessageID, OutgoingMessage)? = nil
    ) async throws {
        let (platform, owner) = (stored.event.conversation.chat.platform, stored.event.sender)
        let row = PersonRow(
            platform: platform, person: person, role: .member, conversation: conversation, admittedBy: owner.id,
            since: runtime.clock.date())
        let welcome = conversation.map {
            [(OutgoingMessage(markdown: "You may use this bot now. `/help` says what it can do.", rings: true), $0)]
        }
        try await finish(stored, replies: replies + (welcome ?? []), edit: edit) {
            try $0.putPerson(row)
            try $0.insertAudit(
                at: row.since, actor: "\(platform):\(owner.id)", verb: "admit", target: person.id.rawValue)
        }
        roll[platform, default: [:]][person.id] = row
    }

    /// `/members`.
    func members(_ stored: StoredInbound) async throws {
        guard try await mayAdmit(stored) else { return }
        let platform = stored.event.conversation.chat.platform
        let rule = runtime.configuration.access[platform]
        var lines = (rule?.owners ?? []).sorted().map { "- `\($0)` owner, by the configuration" }
        lines += (rule?.people ?? []).sorted().map { "- `\($0)` member, by the configuration" }
        for row in roll[platform]?.values.sorted(by: { $0.since < $1.since }) ?? [] {
            let by = row.admittedBy.map { ", admitted by `\($0)`" } ?? ""
            lines.append("- `\(row.person.id)` \(Self.plain(row.person.name)), \(row.role.rawValue)\(by)")
        }
        try await finish(stored, reply: (["**Members**"] + lines.prefix(100)).joined(separator: "\n"))
    }

    /// `/revoke ID`.
    func revoke(_ words: String, _ stored: StoredInbound) async throws {
        guard try await mayAdmit(stored) else { return }
        let platform = stored.event.conversation.chat.platform
        let id = PersonID(String(words.prefix { $0 != " " }))
        guard let row = roll[platform]?[id] else {
            let isConfigured = standing(of: id, on: platform) != .stranger
            return try await finish(
                stored,
                reply: isConfigured
                    ? "The configuration admits `\(id)`; it has to be changed there."
                    : "`\(id.rawValue.prefix(60))` is no member. `/members` lists them.")
        }
        let owners = roll[platform]?.values.count { $0.role == .owner } ?? 0
        if row.role == .owner, owners == 1, runtime.configuration.access[platform]?.owners.isEmpty ?? true {
            return try await finish(
                stored, reply: "That is the only owner; somebody must be one. `anycodectl pair` makes another.")
        }
        let (date, owner) = (runtime.clock.date(), stored.event.sender.id)
        let words =
            "\(Self.plain(row.person.name)) (`\(id)`) may not use this bot any more. Sessions in progress go on."
        try await finish(stored, replies: [(OutgoingMessage(markdown: words), stored.event.conversation)]) {
            try $0.deletePerson(id, on: platform)
            try $0.insertAudit(at: date, actor: "\(platform):\(owner)", verb: "revoke", target: id.rawValue)
        }
        roll[platform]?[id] = nil
    }
}
