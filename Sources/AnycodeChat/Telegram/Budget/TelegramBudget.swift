import AnycodeCore

/// How often the bot may write. A value: time is passed in.
///
/// Of equal waiters the first goes first; the more urgent go before all others. Part of every allowance is kept back
/// from streamed output, so that a question or a final finds room.
struct TelegramBudget: Sendable {
    /// The published limits with a margin: about one message a second in a chat, 20 a minute in a group, 30 a second
    /// overall (core.telegram.org/bots/faq, "My bot is hitting limits"). Edits count like messages.
    struct Limits: Hashable, Sendable {
        var chatSpacing = Duration.milliseconds(1050)
        /// Between streamed edits in a group.
        var groupStreamSpacing = Duration.seconds(3)
        var groupCount = 19
        var groupWindow = Duration.seconds(61)
        var totalCount = 28
        var totalWindow = Duration.milliseconds(1050)
        /// How long after the start nothing goes: what an earlier process sent last may be as young as this one.
        var startPause = Duration.zero

        /// For a process that may follow another.
        static let afterStart = Limits(startPause: .milliseconds(1050))
    }

    enum Decision: Hashable, Sendable {
        case go
        /// Ask again then.
        case wait(until: Duration)
    }

    private struct Waiter {
        let chat: Int64
        let priority: SendPriority
        let number: Int
    }

    private struct Chat {
        /// When calls were granted within the group's window, ascending; the last one only, for other chats.
        var grants: [Duration] = []
        var blockedUntil = Duration.zero
    }

    /// A call as the limit over all chats counts it.
    private struct Total {
        let chat: Int64
        var time: Duration
        /// Until the answer the call may be anywhere on its way.
        var isOpen = true
    }

    let limits: Limits
    private var waiters: [Int: Waiter] = [:]
    private var lastNumber = 0
    private var chats: [Int64: Chat] = [:]
    private var total: [Total] = []

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// How many wait.
    var queue: Int { waiters.count }

    // MARK: Waiting

    /// Lines up; returns the number to ask with.
    mutating func join(chat: Int64, priority: SendPriority) -> Int {
        lastNumber += 1
        waiters[lastNumber] = Waiter(chat: chat, priority: priority, number: lastNumber)
        return lastNumber
    }

    mutating func leave(_ number: Int) {
        waiters[number] = nil
    }

    /// Whether the waiter may go; if so it has left and its call is counted.
    mutating func ask(_ number: Int, at now: Duration) -> Decision {
        guard let waiter = waiters[number] else { return .go }
        forget(before: now)
        let alone = earliest(waiter, at: now)
        guard alone <= now else { return .wait(until: alone) }
        var rivals = waiters.values.filter { Self.goes($0, before: waiter) }
        rivals.sort(by: Self.goes)
        var after = self
        for rival in rivals where after.earliest(rival, at: now) <= now { after.grant(rival.chat, at: now) }
        let own = after.earliest(waiter, at: now)
        guard own <= now else { return .wait(until: own) }
        waiters[number] = nil
        grant(waiter.chat, at: now)
        return .go
    }

    private static func goes(_ waiter: Waiter, before other: Waiter) -> Bool {
        waiter.priority == other.priority ? waiter.number < other.number : waiter.priority > other.priority
    }

    // MARK: Limits

    /// The server said to wait; nothing goes to this chat before.
    mutating func block(chat: Int64, until time: Duration) {
        let known = chats[chat]?.blockedUntil ?? .zero
        chats[chat, default: Chat()].blockedUntil = max(known, time)
    }

    /// A granted call was answered: only now is it certain that the server has counted it.
    mutating func answered(chat: Int64, at now: Duration) {
        guard let last = chats[chat]?.grants.indices.last, let granted = chats[chat]?.grants[last] else { return }
        chats[chat]?.grants[last] = max(granted, now)
        guard let place = total.firstIndex(where: { $0.chat == chat && $0.isOpen }) else { return }
        let call = total.remove(at: place)
        total.append(Total(chat: chat, time: max(call.time, now), isOpen: false))
    }

    /// Takes over what an earlier process did in a chat.
    mutating func recall(_ past: TelegramPast, of chat: Int64, date: Double, at now: Duration) {
        let calls = past.ages(at: date).filter { $0 < limits.groupWindow }.map { now - $0 }
        let later = chats[chat]?.grants ?? []
        chats[chat, default: Chat()].grants = Array((calls + later).suffix(Self.isGroup(chat) ? limits.groupCount : 1))
        block(chat: chat, until: now + past.pauseLeft(at: date))
    }

    /// What the next process has to know of a chat; `nil` when it is nothing.
    func past(of chat: Int64, date: Double, at now: Duration) -> TelegramPast? {
        guard let known = chats[chat] else { return nil }
        let seconds = { (duration: Duration) in duration / .seconds(1) }
        let calls = Self.isGroup(chat) ? known.grants.filter { $0 + limits.groupWindow > now } : []
        let left = seconds(known.blockedUntil - now)
        let pause = left > 0 ? (until: date + left, length: left) : nil
        guard pause != nil || !calls.isEmpty else { return nil }
        return TelegramPast(calls: calls.map { date - seconds(now - $0) }, pause: pause)
    }

    func blockedUntil(_ chat: Int64) -> Duration { chats[chat]?.blockedUntil ?? .zero }

    private mutating func grant(_ chat: Int64, at now: Duration) {
        total.append(Total(chat: chat, time: now))
        if !Self.isGroup(chat) { chats[chat, default: Chat()].grants.removeAll() }
        chats[chat, default: Chat()].grants.append(now)
    }

    private func earliest(_ waiter: Waiter, at now: Duration) -> Duration {
        let chat = chats[waiter.chat] ?? Chat()
        let isGroup = Self.isGroup(waiter.chat)
        var time = max(now, chat.blockedUntil, limits.startPause)
        if let last = chat.grants.last {
            let isSlow = isGroup && waiter.priority == .stream
            time = max(time, last + (isSlow ? limits.groupStreamSpacing : limits.chatSpacing))
        }
        if isGroup {
            let most = Self.share(of: limits.groupCount, for: waiter.priority)
            time = max(time, Self.free(chat.grants, most: most, window: limits.groupWindow))
        }
        let most = Self.share(of: limits.totalCount, for: waiter.priority)
        return max(time, free(most: most, at: now))
    }

    /// When fewer than `most` calls of all chats lie within the window. One that is not answered yet may come to the
    /// server at any time, so it lies in every window; its answer tells whoever waits.
    private func free(most: Int, at now: Duration) -> Duration {
        let times = total.map { $0.isOpen ? now : $0.time }.sorted()
        return Self.free(times, most: most, window: limits.totalWindow)
    }

    /// When fewer than `most` grants lie within the window.
    private static func free(_ grants: [Duration], most: Int, window: Duration) -> Duration {
        grants.count < most ? .zero : grants[grants.count - most] + window
    }

    /// How much of an allowance calls of a priority may use up.
    private static func share(of count: Int, for priority: SendPriority) -> Int {
        switch priority {
        case .stream: max(1, count * 3 / 4)
        case .notice: max(1, count * 17 / 20)
        case .question: max(1, count - 1)
        case .final: count
        }
    }

    /// Groups, supergroups and channels have negative ids.
    private static func isGroup(_ chat: Int64) -> Bool { chat < 0 }

    private mutating func forget(before now: Duration) {
        // A permit of which no use was made is forgotten after a while.
        total.removeAll { $0.time + limits.totalWindow * ($0.isOpen ? 10 : 1) <= now }
        let longest = max(limits.groupWindow, limits.groupStreamSpacing, limits.chatSpacing)
        guard chats.count > 64 || chats.values.contains(where: { $0.grants.count > limits.groupCount }) else { return }
        for (id, chat) in chats {
            var chat = chat
            chat.grants.removeAll { $0 + longest <= now }
            chats[id] = chat.grants.isEmpty && chat.blockedUntil <= now ? nil : chat
        }
    }
}
