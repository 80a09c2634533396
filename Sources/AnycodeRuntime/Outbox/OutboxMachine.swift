import AnycodeCore

/// Decides what a chat needs next, so that it comes to show every session's slots. A value: no I/O, no clock.
struct OutboxMachine {
    /// What is known of a slot in the chat.
    struct Shown: Hashable {
        enum State: Hashable {
            case sent(MessageID)
            /// It may or may not be there.
            case unknown
            /// It was there, somebody deleted it, and it matters enough to be posted anew.
            case gone
            /// The platform refused it for good, or a person deleted it.
            case given(up: MessageID?)
        }

        var state: State
        var digest: MessageDigest
        var attempts: Int
        /// Whether another copy of it may be in the chat: then it says so for good, in edits too.
        var isRepeat = false
    }

    struct Notice: Hashable {
        let sequence: Int64
        let conversation: Conversation
        let message: OutgoingMessage
        let nonce: String
        var isRepeat: Bool
        /// The message that it replaces; `nil` for a new one.
        var edits: MessageID?
    }

    struct Send: Hashable {
        let session: SessionID
        let key: String
        let position: Int
        let conversation: Conversation
        /// As it will be posted, label of a possible repeat included.
        let message: OutgoingMessage
        let digest: MessageDigest
        let nonce: String
        let attempts: Int
        let priority: SendPriority
        let isRepeat: Bool
    }

    struct Edit: Hashable {
        let session: SessionID
        let key: String
        let position: Int
        let conversation: Conversation
        let id: MessageID
        let message: OutgoingMessage
        let digest: MessageDigest
        let attempts: Int
        let priority: SendPriority
        let isRepeat: Bool
    }

    enum Operation: Hashable {
        case send(Send)
        case edit(Edit)
        case notice(Notice)

        var priority: SendPriority {
            switch self {
            case .send(let send): send.priority
            case .edit(let edit): edit.priority
            case .notice: .notice
            }
        }
    }

    let limits: ChatLimits
    private(set) var desks: [SessionID: Desk] = [:]
    /// Sessions in the order in which they first came, so that equals take turns by age.
    private var order: [SessionID] = []
    private(set) var notices: [Notice] = []
    /// The last ones that were posted: who read the store before that may bring them again.
    private var finishedNotices: [Int64] = []
    /// Whether nothing may be written in the chat until the bot is let in again. Nobody waits for that.
    var isBarred = false

    init(limits: ChatLimits) {
        self.limits = limits
    }

    func knows(_ session: SessionID) -> Bool { desks[session] != nil }

    func isSettled(_ session: SessionID) -> Bool { isBarred || desks[session]?.isSettled ?? true }

    /// What a session that ends must not take with it: its last final, where the chat could not be told.
    func owed(by session: SessionID) -> OutgoingMessage? {
        guard isBarred, let desk = desks[session] else { return nil }
        let final = desk.open.last { desk.slots[$0].priority == .final }
        return final.map { desk.slots[$0].message }
    }

    /// Whether all is shown and the last of it ends a turn: nothing of it changes soon.
    func isAtRest(_ session: SessionID) -> Bool {
        guard let desk = desks[session] else { return true }
        return desk.isSettled && desk.slots.last?.priority == .final
    }

    /// How many slots and notices are not yet as they should be.
    var backlog: Int {
        notices.count + desks.values.reduce(0) { $0 + $1.open.count }
    }

    mutating func open(_ session: SessionID, in conversation: Conversation, shown: [String: Shown]) {
        guard desks[session] == nil else { return }
        desks[session] = Desk(conversation: conversation, shown: shown)
        order.append(session)
    }

    /// The newest view wins; what an older one wanted and never got is forgotten.
    mutating func present(_ slots: [MessageSlot], of session: SessionID) {
        desks[session]?.show(slots)
    }

    mutating func close(_ session: SessionID) {
        desks[session] = nil
        order.removeAll { $0 == session }
    }

    mutating func add(_ notice: Notice) {
        guard !finishedNotices.contains(notice.sequence) else { return }
        if !notices.contains(where: { $0.sequence == notice.sequence }) { notices.append(notice) }
    }

    // MARK: What next

    /// The most urgent thing to do; `nil` when the chat is as it should be.
    func next() -> Operation? {
        if isBarred { return nil }
        var best: Operation? = notices.first.map { .notice($0) }
        for session in order {
            guard let desk = desks[session], let candidate = candidate(session, desk) else { continue }
            if best.map({ candidate.priority > $0.priority }) ?? true { best = candidate }
        }
        return best
    }

    /// A session's messages are posted in order, so a missing one before a question is as urgent as the question.
    private func candidate(_ session: SessionID, _ desk: Desk) -> Operation? {
        var missing: Int?
        var urgency = SendPriority.stream
        var edit: Int?
        for place in desk.open {
            let slot = desk.slots[place]
            if case .sent? = desk.shown[slot.key]?.state {
                if edit.map({ slot.priority > desk.slots[$0].priority }) ?? true { edit = place }
            } else {
                if missing == nil { missing = place }
                urgency = max(urgency, slot.priority)
            }
        }
        if let missing, let edit, !limits.rationsCalls, edit < missing { return self.edit(session, desk, edit) }
        if let missing, edit.map({ urgency >= desk.slots[$0].priority }) ?? true {
            return .send(send(session, desk, missing, urgency))
        }
        return edit.flatMap { self.edit(session, desk, $0) }
    }

    private func send(_ session: SessionID, _ desk: Desk, _ place: Int, _ urgency: SendPriority) -> Send {
        let slot = desk.slots[place]
        let before = desk.shown[slot.key]
        let attempts = (before?.attempts ?? 0) + 1
        let isRepeat = before.map { ($0.state == .unknown || $0.isRepeat) && !limits.deduplicatesSends } ?? false
        // A platform that recognises nonces would otherwise name the deleted message again.
        let copy = before?.state == .gone ? "/\(attempts)" : ""
        return Send(
            session: session, key: slot.key, position: place, conversation: desk.conversation,
            message: isRepeat ? Self.labelled(slot.message) : slot.message, digest: desk.digests[place],
            nonce: "\(session)/\(slot.key)\(copy)", attempts: attempts, priority: urgency, isRepeat: isRepeat)
    }

    /// Says that the message may be in the chat already.
    static func labelled(_ message: OutgoingMessage) -> OutgoingMessage {
        var message = message
        message.markdown = "*(possibly a repeat)*\n" + message.markdown
        return message
    }

    private func edit(_ session: SessionID, _ desk: Desk, _ place: Int) -> Operation? {
        let slot = desk.slots[place]
        guard let shown = desk.shown[slot.key], case .sent(let id) = shown.state else { return nil }
        return .edit(
            Edit(
                session: session, key: slot.key, position: place, conversation: desk.conversation, id: id,
                message: shown.isRepeat ? Self.labelled(slot.message) : slot.message, digest: desk.digests[place],
                attempts: shown.attempts, priority: slot.priority, isRepeat: shown.isRepeat))
    }

    // MARK: What came of it

    /// - Returns: what the message shows, as far as it is known: a platform that recognises sends may have kept what an
    ///   earlier attempt said.
    @discardableResult
    mutating func sent(_ send: Send, as id: MessageID) -> MessageDigest {
        let isKept = limits.deduplicatesSends && desks[send.session]?.shown[send.key]?.state == .unknown
        let digest = isKept ? .unknown : send.digest
        desks[send.session]?.mark(
            send.key, Shown(state: .sent(id), digest: digest, attempts: send.attempts, isRepeat: send.isRepeat))
        return digest
    }

    mutating func outcomeUnknown(_ send: Send) {
        desks[send.session]?.mark(send.key, Shown(state: .unknown, digest: send.digest, attempts: send.attempts))
    }

    /// Nothing was posted; it will be tried again.
    mutating func notSent(_ send: Send) {
        guard let before = desks[send.session]?.shown[send.key] else { return }
        if case .sent = before.state { desks[send.session]?.mark(send.key, nil) }
    }

    /// It shows what it did, or what the edit says: whatever is wanted next, it is edited again.
    mutating func outcomeUnknown(_ edit: Edit) {
        guard var shown = desks[edit.session]?.shown[edit.key] else { return }
        shown.digest = .unknown
        desks[edit.session]?.mark(edit.key, shown)
    }

    mutating func edited(_ edit: Edit) {
        desks[edit.session]?.mark(
            edit.key,
            Shown(state: .sent(edit.id), digest: edit.digest, attempts: edit.attempts, isRepeat: edit.isRepeat))
    }

    mutating func gaveUp(_ session: SessionID, _ key: String, message: MessageID?, digest: MessageDigest) {
        desks[session]?.mark(key, Shown(state: .given(up: message), digest: digest, attempts: 0))
    }

    /// The message is gone from the chat: a question or a final is posted anew, anything else is let go.
    mutating func messageIsGone(_ edit: Edit) {
        if edit.priority >= .question {
            desks[edit.session]?.mark(
                edit.key, Shown(state: .gone, digest: edit.digest, attempts: edit.attempts, isRepeat: edit.isRepeat))
        } else {
            gaveUp(edit.session, edit.key, message: edit.id, digest: edit.digest)
        }
    }

    mutating func finished(_ notice: Notice) {
        notices.removeAll { $0.sequence == notice.sequence }
        finishedNotices.append(notice.sequence)
        if finishedNotices.count > 256 { finishedNotices.removeFirst() }
    }

    /// Whether it was posted is not known, and somebody counts on it: it is posted once more, as a possible repeat.
    ///
    /// - Returns: whether it will be.
    mutating func repeats(_ notice: Notice) -> Bool {
        let isAwaited = notice.message.rings || !notice.message.buttons.isEmpty
        guard isAwaited, !notice.isRepeat, let place = notices.firstIndex(where: { $0.sequence == notice.sequence })
        else { return false }
        notices[place].isRepeat = true
        return true
    }
}
