import AnycodeCore
import AnycodeStore
import Logging
import Supervision

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Tasks that have not begun: those that came late, and those for which there is no place.
extension Router {
    /// How many tasks of a chat may wait.
    private static let mostWaiting = 50

    // MARK: Late

    /// Learns from a message how far the platform's clock can be relied on.
    func observeClock(_ stored: StoredInbound) {
        let platform = stored.event.conversation.chat.platform
        let found = lateness[platform, default: Lateness()].observe(
            sentAt: stored.event.sentAt, receivedAt: stored.receivedAt)
        guard let found else { return }
        let words = "the clock of this machine is \(Self.words(found)) ahead of that of \(platform)"
        context.status.setLastError(words)
        runtime.logger.warning("clocks differ", metadata: ["platform": "\(platform)", "seconds": "\(Int(found))"])
        runtime.configuration.announce("WARNING: \(words). Set it right: `timedatectl` tells how it is kept.")
    }

    func askWhetherWanted(_ wish: Wish, _ age: TimeInterval, _ stored: StoredInbound) async throws {
        let row = try waiting(wish, .late)
        let now = runtime.clock.date().formatted(.iso8601)
        let message = OutgoingMessage(
            markdown: """
                ⏰ This task was sent \(Self.words(age)) ago and has only now arrived: \(Self.quote(wish.prompt))
                Is it still wanted? (If it was sent just now, a clock is wrong: here it is \(now).)
                """,
            buttons: [
                [
                    ChatButton(label: "Run", token: "\(row.id).run", style: .primary),
                    ChatButton(label: "Drop", token: "\(row.id).drop", style: .danger),
                ]
            ], rings: true)
        try await keep(row, message, [.runTask(row.id): "run", .dropTask(row.id): "drop"], stored)
    }

    // MARK: No place

    /// Refuses, and offers to wait.
    func offerPlace(_ wish: Wish, _ refusal: String, _ stored: StoredInbound) async throws {
        let row = try waiting(wish, .offered)
        try await keep(row, Self.offer(refusal, row.id), [.queueTask(row.id): "queue"], stored)
    }

    private static func offer(_ refusal: String, _ id: String) -> OutgoingMessage {
        OutgoingMessage(markdown: refusal, buttons: [[ChatButton(label: "Queue it", token: "\(id).queue")]])
    }

    private func waiting(_ wish: Wish, _ state: WaitingTaskRow.State) throws -> WaitingTaskRow {
        WaitingTaskRow(
            id: runtime.makeID(), conversation: wish.conversation, person: wish.person, agent: wish.agent,
            prompt: wish.prompt, files: try JSONCoding.encode(wish.files), state: state,
            createdAt: runtime.clock.date(), opensThread: wish.opensThread)
    }

    private func keep(
        _ row: WaitingTaskRow, _ message: OutgoingMessage, _ actions: [ButtonAction: String], _ stored: StoredInbound
    ) async throws {
        let count = try await runtime.store.read { try $0.waitingTasks(inChat: row.conversation.chat).count }
        guard count < Self.mostWaiting else {
            let words = message.buttons.isEmpty || row.state == .late ? "This task came late." : message.markdown
            return try await finish(stored, reply: "\(words) \(count) tasks wait already; this one was not taken.")
        }
        let buttons = try actions.map { try freeButton("\(row.id).\($0.value)", $0.key) }
        try await finish(stored, replies: [(message, row.conversation)]) {
            try $0.insertWaitingTask(row)
            try $0.insertButtons(buttons)
        }
    }

    // MARK: Buttons

    func pressWaiting(_ id: String, _ action: ButtonAction, _ click: ButtonClick, _ stored: StoredInbound) async throws
    {
        guard let row = try await runtime.store.read({ try $0.waitingTask(id) }),
            row.conversation.chat == stored.event.conversation.chat
        else { return try await stale(click, stored, "This has been settled already.") }
        guard mayDecide(row, stored) else {
            return try await stale(click, stored, "Only \(row.person.name) may decide this.")
        }
        switch action {
        case .runTask where row.state == .late: try await runOrQueue(row, click, stored, queues: false)
        case .queueTask where row.state == .offered: try await runOrQueue(row, click, stored, queues: true)
        case .dropTask: try await drop(row, click, stored)
        default: try await stale(click, stored, "This has been settled already.")
        }
    }

    private func mayDecide(_ row: WaitingTaskRow, _ stored: StoredInbound) -> Bool {
        let person = stored.event.sender
        return person.id == row.person.id || runtime.configuration.session.everybodyControls
            || isOwner(person, on: row.conversation.chat.platform)
    }

    private func runOrQueue(
        _ row: WaitingTaskRow, _ click: ButtonClick, _ stored: StoredInbound, queues: Bool
    ) async throws {
        switch runtime.intake.state {
        case .open: break
        case .holding: return
        case .refusing: return try await stale(click, stored, Self.drained)
        }
        if let refusal = try await limitReached(row.conversation.chat) {
            return try await queues ? queue(row, click, stored) : offerLate(row, refusal, click, stored)
        }
        await acknowledge(click.callback, in: stored, note: "")
        let edit = try edit(
            click, "▶ Started by \(Self.plain(stored.event.sender.name)): \(Self.quote(row.prompt))", [])
        let (home, date, nonce) = (stored.event.conversation, runtime.clock.date(), runtime.makeID())
        try await begin(try wish(row)) { transaction in
            try transaction.deleteWaitingTask(row.id)
            try transaction.finishInbound(stored.sequence)
            if let (id, message) = edit {
                try transaction.insertNotice(conversation: home, message: message, nonce: nonce, edits: id, at: date)
            }
        }
        if edit != nil { try await runtime.outbox(for: home.chat).noticesChanged() }
    }

    private func offerLate(
        _ row: WaitingTaskRow, _ refusal: String, _ click: ButtonClick, _ stored: StoredInbound
    ) async throws {
        await acknowledge(click.callback, in: stored, note: "There is no place now.")
        let message = Self.offer(refusal, row.id)
        let button = try freeButton("\(row.id).queue", .queueTask(row.id))
        let isEdit = click.message != nil
        try await finish(
            stored, replies: isEdit ? [] : [(message, row.conversation)], edit: click.message.map { ($0, message) }
        ) {
            try $0.setWaitingTask(row.id, .offered, message: click.message)
            try $0.insertButtons([button])
        }
    }

    private func queue(_ row: WaitingTaskRow, _ click: ButtonClick, _ stored: StoredInbound) async throws {
        let before = try await runtime.store.read { try $0.waitingTasks(inChat: row.conversation.chat) }
            .count { $0.state == .queued && $0.sequence < row.sequence }
        await acknowledge(click.callback, in: stored, note: "Queued")
        let words = "⏳ Queued as `\(row.id.prefix(8))`, place \(before + 1): \(Self.quote(row.prompt))"
        let message = OutgoingMessage(
            markdown: words, buttons: [[ChatButton(label: "Drop", token: "\(row.id).drop", style: .danger)]])
        let button = try freeButton("\(row.id).drop", .dropTask(row.id))
        let isEdit = click.message != nil
        hasQueued = true
        let hasButton = try await runtime.store.read { try $0.button("\(row.id).drop") } != nil
        try await finish(
            stored, replies: isEdit ? [] : [(message, row.conversation)], edit: click.message.map { ($0, message) }
        ) {
            try $0.setWaitingTask(row.id, .queued, message: click.message)
            if !hasButton { try $0.insertButtons([button]) }
        }
    }

    private func drop(_ row: WaitingTaskRow, _ click: ButtonClick, _ stored: StoredInbound) async throws {
        await acknowledge(click.callback, in: stored, note: "Dropped")
        let message = OutgoingMessage(
            markdown: "Dropped by \(Self.plain(stored.event.sender.name)): \(Self.quote(row.prompt))")
        try await finish(stored, edit: click.message.map { ($0, message) }) { try $0.deleteWaitingTask(row.id) }
    }

    /// `/cancel` of a task that waits.
    ///
    /// - Returns: whether it was one, and is answered.
    func dropWaiting(_ prefix: String, _ stored: StoredInbound) async throws -> Bool {
        let rows = try await runtime.store.read { try $0.waitingTasks(inChat: stored.event.conversation.chat) }
            .filter { $0.id.hasPrefix(prefix) && $0.state != .offered }
        guard rows.count == 1, let row = rows.first else { return false }
        guard mayDecide(row, stored) else {
            try await finish(stored, reply: "Only \(row.person.name) may drop this.")
            return true
        }
        let words = "Dropped: \(Self.quote(row.prompt))"
        try await finish(
            stored, replies: [(OutgoingMessage(markdown: words), stored.event.conversation)],
            edit: row.message.map { ($0, OutgoingMessage(markdown: words)) }
        ) { try $0.deleteWaitingTask(row.id) }
        return true
    }

    // MARK: The queue

    /// Begins what waits and has a place now, in order of arrival.
    func startQueued() async throws {
        guard hasQueued, runtime.intake.state == .open else { return }
        let rows = try await runtime.store.read { try $0.queuedTasks(limit: 1_000) }
        hasQueued = !rows.isEmpty
        var full: Set<ChatID> = []
        for row in rows where !full.contains(row.conversation.chat) {
            guard runtime.platforms[row.conversation.chat.platform] != nil else { continue }
            guard try await limitReached(row.conversation.chat) == nil else {
                full.insert(row.conversation.chat)
                continue
            }
            try await startQueued(row)
        }
    }

    private func startQueued(_ row: WaitingTaskRow) async throws {
        let isKnown = runtime.configuration.profile(row.agent) != nil
        let words =
            isKnown
            ? "▶ Started from the queue: \(Self.quote(row.prompt))"
            : "The queued task was dropped, because agent `\(row.agent)` is not configured any more: \(Self.quote(row.prompt))"
        let notice = try JSONCoding.encode(OutgoingMessage(markdown: words))
        let (nonce, date, conversation) = (runtime.makeID(), runtime.clock.date(), row.conversation)
        let settle: @Sendable (StoreTransaction) throws -> Void = { transaction in
            try transaction.deleteWaitingTask(row.id)
            guard row.message != nil || !isKnown else { return }
            try transaction.insertNotice(
                conversation: conversation, message: notice, nonce: nonce, edits: row.message, at: date)
        }
        if isKnown {
            try await begin(try wish(row), changes: settle)
        } else {
            try await runtime.store.write(settle)
        }
        try await runtime.outbox(for: conversation.chat).noticesChanged()
    }

    private func wish(_ row: WaitingTaskRow) throws -> Wish {
        Wish(
            conversation: row.conversation, person: row.person, agent: row.agent, prompt: row.prompt,
            files: try JSONCoding.decode([SentFile].self, from: row.files), opensThread: row.opensThread)
    }

    // MARK: Words

    private func edit(
        _ click: ButtonClick, _ words: String, _ buttons: [[ChatButton]]
    ) throws -> (MessageID, [UInt8])? {
        guard let id = click.message else { return nil }
        return (id, try JSONCoding.encode(OutgoingMessage(markdown: words, buttons: buttons)))
    }

    static func quote(_ prompt: String) -> String { StreamView.code(prompt) }

    private static func words(_ seconds: TimeInterval) -> String { ReportView.duration(Int(abs(seconds))) }
}
