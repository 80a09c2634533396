package import AnycodeCore
package import AnycodeStore
package import Supervision

/// Makes one chat equal to the views of its sessions. Alone calls the platform for messages, one call at a time.
package actor ChatOutbox: Child {
    let chat: ChatID
    let platform: any ChatPlatform
    private let store: Store
    private let clock: RuntimeClock
    let status: StatusCell
    private let began: @Sendable () async -> Void
    private let signal = Signal()
    /// While a permit is waited for: the priority that it was asked for with, and what ends the wait.
    var patience: SendPriority?
    let overtaken = Signal()
    private(set) var machine: OutboxMachine
    private var settledWaiters: [SessionID: [CheckedContinuation<Void, any Error>]] = [:]
    private var backoff = Duration.seconds(1)
    private var isEnded = false
    private var shownBacklog = 0
    /// Where each session shows how far the chat is behind it.
    private var buffers: [SessionID: OutboxBuffer] = [:]
    /// Slots of which it is stored that their text is not known, and what they show.
    private var unrecorded: [String: SlotRow] = [:]

    /// - Parameter began: called once by each incarnation; has the chat's sessions present what they show, since a new
    ///   incarnation knows of none.
    package init(
        chat: ChatID, platform: any ChatPlatform, store: Store, clock: RuntimeClock, status: StatusCell,
        began: @escaping @Sendable () async -> Void = {}
    ) {
        self.chat = chat
        self.platform = platform
        self.store = store
        self.clock = clock
        self.status = status
        self.began = began
        machine = OutboxMachine(limits: platform.limits)
    }

    package func run() async throws {
        defer { endWaits() }
        try await loadNotices()
        await began()
        do {
            try await serve()
        } catch {
            try? await recordEdits()
            throw error
        }
    }

    private func serve() async throws {
        while true {
            while let wanted = machine.next() {
                guard try await isPermitted(wanted.priority) else { continue }
                guard let operation = machine.next() else { break }
                try await perform(operation)
                showBacklog()
                try await resumeSettled()
            }
            showBacklog()
            try await resumeSettled()
            if unrecorded.values.allSatisfy({ machine.isAtRest($0.session) }) { try await recordEdits() }
            if machine.isBarred { status.wait(for: "the bot to be let in again") } else { status.endWait() }
            try await signal.wait()
        }
    }

    private func endWaits() {
        isEnded = true
        let waiters = settledWaiters.values.joined()
        settledWaiters = [:]
        for waiter in waiters { waiter.resume(throwing: CancellationError()) }
    }

    /// How many sessions it keeps something of.
    var knownSessions: Int { machine.desks.count }

    // MARK: What sessions ask

    /// Shows a session's newest view.
    ///
    /// - Parameter buffer: where the session shows what of it the chat does not show yet.
    package func present(
        _ slots: [MessageSlot], of session: SessionID, in conversation: Conversation, buffer: StatusCell? = nil
    ) async throws {
        if buffers[session]?.cell !== buffer { buffers[session] = buffer.map { OutboxBuffer(cell: $0) } }
        if !machine.knows(session) {
            let rows = try await store.read { try $0.slots(session: session) }
            machine.open(session, in: conversation, shown: Self.shown(rows))
        }
        machine.present(slots, of: session)
        signal.raise()
        overtake()
    }

    /// Returns when the chat shows all of the session's last view.
    ///
    /// - Throws: when this incarnation was not given the view, or ends: it is to be given again.
    package func waitUntilSettled(_ session: SessionID) async throws {
        guard machine.knows(session) else { throw CancellationError() }
        guard !machine.isSettled(session) || !unrecorded.isEmpty else { return }
        signal.raise()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            if isEnded {
                continuation.resume(throwing: CancellationError())
            } else {
                settledWaiters[session, default: []].append(continuation)
            }
        }
    }

    /// The session is over and its last view is shown.
    package func close(_ session: SessionID) {
        machine.close(session)
        buffers[session] = nil
        for waiter in settledWaiters.removeValue(forKey: session) ?? [] { waiter.resume() }
    }

    /// A notice for this chat was stored.
    package func noticesChanged() async throws {
        try await loadNotices()
        signal.raise()
        overtake()
    }

    /// Somebody wrote in the chat, so the bot may be in it again.
    package func heard() {
        guard machine.isBarred else { return }
        machine.isBarred = false
        signal.raise()
    }

    /// A message that a session which ends could not post: it is to be stored as a notice.
    package func owed(by session: SessionID) -> OutgoingMessage? { machine.owed(by: session) }

    /// Answers a click. Best effort: a click that cannot be answered has its effect all the same.
    package func acknowledge(_ callback: String, note: String) async {
        try? await platform.acknowledge(callback, note: note)
    }

    /// Says something while nothing can be stored: past the store and once. `true` when it was sent.
    package func tellUnstored(_ message: OutgoingMessage, in conversation: Conversation, nonce: String) async -> Bool {
        do throws(ChatError) {
            try await platform.permit(for: chat, priority: .notice)
            _ = try await platform.send(message, to: conversation, nonce: nonce)
            return true
        } catch {
            status.setLastError(error.message)
            return false
        }
    }

    private func resumeSettled() async throws {
        guard !settledWaiters.isEmpty else { return }
        try await recordEdits()
        for session in settledWaiters.keys.sorted() where machine.isSettled(session) {
            for waiter in settledWaiters.removeValue(forKey: session) ?? [] { waiter.resume() }
        }
    }

    private func loadNotices() async throws {
        let chat = chat
        let rows = try await store.read { try $0.pendingNotices(chat: chat) }
        for row in rows {
            let message = try JSONCoding.decode(OutgoingMessage.self, from: row.message)
            machine.add(
                .init(
                    sequence: row.sequence, conversation: row.conversation, message: message, nonce: row.nonce,
                    isRepeat: row.state == SlotState.sending.rawValue, edits: row.edits))
        }
    }

    private static func shown(_ rows: [SlotRow]) -> [String: OutboxMachine.Shown] {
        var shown: [String: OutboxMachine.Shown] = [:]
        for row in rows {
            let state: OutboxMachine.Shown.State
            let known = SlotState(rawValue: row.state)
            switch (known, row.message) {
            case (.sent, let message?), (.repeated, let message?): state = .sent(message)
            case (.given, let message): state = .given(up: message)
            case (.waiting, _): continue
            default: state = .unknown
            }
            shown[row.key] = .init(
                state: state, digest: MessageDigest(bytes: row.shown), attempts: row.attempts,
                isRepeat: known == .repeated)
        }
        return shown
    }

    // MARK: Calls to the platform

    private func perform(_ operation: OutboxMachine.Operation) async throws {
        switch operation {
        case .send(let send): try await post(send)
        case .edit(let edit): try await change(edit)
        case .notice(let notice): try await post(notice)
        }
    }

    private func post(_ send: OutboxMachine.Send) async throws {
        try await record(send, .sending, message: nil)
        do {
            let id = try await platform.send(send.message, to: send.conversation, nonce: send.nonce)
            let digest = machine.sent(send, as: id)
            try await record(send, send.isRepeat ? .repeated : .sent, message: id, digest: digest)
            succeeded()
        } catch let error as ChatError {
            try await postFailed(send, error)
        }
    }

    private func postFailed(_ send: OutboxMachine.Send, _ error: ChatError) async throws {
        switch error.code {
        case .outcomeUnknown:
            machine.outcomeUnknown(send)
            try await record(send, .unknown, message: nil)
        case .chatGone:
            machine.notSent(send)
            try await record(send, Self.isUnknown(send, machine) ? .unknown : .waiting, message: nil)
            return bar(error)
        case .rejected, .messageGone:
            machine.gaveUp(send.session, send.key, message: nil, digest: send.digest)
            status.setLastError(error.message)
            return try await record(send, .given, message: nil)
        case .cancelled:
            // It may be on its way: the row goes on saying so, and the next incarnation takes it for unknown.
            throw CancellationError()
        default:
            machine.notSent(send)
            try await record(send, Self.isUnknown(send, machine) ? .unknown : .waiting, message: nil)
        }
        try await pause(after: error)
    }

    private static func isUnknown(_ send: OutboxMachine.Send, _ machine: OutboxMachine) -> Bool {
        machine.desks[send.session]?.shown[send.key]?.state == .unknown
    }

    /// Blocked, kicked, or without the right to write: nothing is tried before somebody writes here.
    private func bar(_ error: ChatError) {
        machine.isBarred = true
        status.setLastError(error.message)
    }

    private func change(_ edit: OutboxMachine.Edit) async throws {
        try await announce(edit)
        do {
            try await platform.edit(edit.id, in: edit.conversation, to: edit.message)
            machine.edited(edit)
            try await recordSuccess(edit)
            succeeded()
        } catch let error as ChatError {
            switch error.code {
            case .messageGone:
                machine.messageIsGone(edit)
                try await record(edit, edit.priority >= .question ? .waiting : .given)
            case .chatGone: bar(error)
            case .rejected:
                machine.gaveUp(edit.session, edit.key, message: edit.id, digest: edit.digest)
                try await record(edit, .given)
                status.setLastError(error.message)
            case .outcomeUnknown:
                machine.outcomeUnknown(edit)
                try await record(edit, edit.isRepeat ? .repeated : .sent, digest: .unknown)
                try await pause(after: error)
            default:
                try await pause(after: error)
            }
        }
    }

    private func post(_ notice: OutboxMachine.Notice) async throws {
        let isRepeat = notice.isRepeat && notice.edits == nil && !platform.limits.deduplicatesSends
        let message = isRepeat ? OutboxMachine.labelled(notice.message) : notice.message
        let sequence = notice.sequence
        try await store.write { try $0.setNoticeState(sequence, SlotState.sending.rawValue) }
        do throws(ChatError) {
            if let id = notice.edits, platform.limits.editsMessages {
                try await platform.edit(id, in: notice.conversation, to: message)
            } else {
                _ = try await platform.send(message, to: notice.conversation, nonce: notice.nonce)
            }
            succeeded()
        } catch {
            switch error.code {
            case .outcomeUnknown where notice.edits != nil:  // an edit is simply made again
                return try await pause(after: error)
            case .outcomeUnknown where machine.repeats(notice): return try await pause(after: error)
            case .rejected, .messageGone, .outcomeUnknown: status.setLastError(error.message)
            case .cancelled: throw CancellationError()
            default:
                if !notice.isRepeat {
                    try await store.write { try $0.setNoticeState(sequence, SlotState.waiting.rawValue) }
                }
                if error.code == .chatGone { return bar(error) }
                return try await pause(after: error)
            }
        }
        machine.finished(notice)
        try await store.write { try $0.deleteNotice(sequence) }
    }

    private func succeeded() {
        backoff = .seconds(1)
        status.setLastError(nil)
    }

    /// Waits as the platform says, or longer each time while it cannot be reached.
    func pause(after error: ChatError) async throws {
        switch error.code {
        case .cancelled: throw CancellationError()
        case .flood(let retryAfter):
            showWait("flood wait", retryAfter)
            try await clock.sleep(retryAfter)
        default:
            status.setLastError(error.message)
            showWait("the chat platform: \(error.message)", backoff)
            try await clock.sleep(backoff)
            backoff = min(backoff * 2, .seconds(30))
        }
        status.endWait()
        for buffer in buffers.values { buffer.cell.endWait() }
    }

    // MARK: What operators see

    private func showBacklog() {
        let backlog = machine.backlog
        if backlog != shownBacklog {
            shownBacklog = backlog
            status[detail: "backlog"] = backlog == 0 ? nil : "\(backlog)"
        }
        for session in buffers.keys { buffers[session]?.show(machine.pending(of: session)) }
    }

    /// The chat waits, and with it every session that has something to say.
    private func showWait(_ reason: String, _ limit: Duration) {
        showBacklog()
        status.wait(for: reason, within: limit)
        for (session, buffer) in buffers where !machine.isSettled(session) {
            buffer.cell.wait(for: reason, within: limit)
        }
    }

    // MARK: Rows

    private func record(
        _ send: OutboxMachine.Send, _ state: SlotState, message: MessageID?, digest: MessageDigest? = nil
    ) async throws {
        try await put(
            SlotRow(
                session: send.session, key: send.key, position: send.position, message: message, state: state.rawValue,
                shown: (digest ?? send.digest).bytes, attempts: send.attempts, updatedAt: clock.date()))
    }

    private func record(
        _ edit: OutboxMachine.Edit, _ state: SlotState, digest: MessageDigest? = nil
    ) async throws {
        try await put(row(edit, state, digest))
    }

    private func row(_ edit: OutboxMachine.Edit, _ state: SlotState, _ digest: MessageDigest? = nil) -> SlotRow {
        SlotRow(
            session: edit.session, key: edit.key, position: edit.position, message: edit.id, state: state.rawValue,
            shown: (digest ?? edit.digest).bytes, attempts: edit.attempts, updatedAt: clock.date())
    }

    // MARK: Streamed output

    /// Streamed output is edited several times a second; storing each edit would cost more than all else of it. So the
    /// first one stores that it is not known what the message shows, which makes the next start edit it again; what it
    /// shows in the end is stored with whatever is stored next.
    private func announce(_ edit: OutboxMachine.Edit) async throws {
        let row = row(edit, Self.success(edit), .unknown)
        guard isDeferred(edit), unrecorded[Self.name(row)] == nil else { return }
        try await store.write { try $0.putSlot(row) }
        remember(row)
    }

    private func recordSuccess(_ edit: OutboxMachine.Edit) async throws {
        let row = row(edit, Self.success(edit))
        guard unrecorded[Self.name(row)] != nil else { return try await put(row) }
        remember(row)
    }

    private func isDeferred(_ edit: OutboxMachine.Edit) -> Bool {
        edit.priority == .stream && unrecorded.count < Self.unrecordedLimit
    }

    private static let unrecordedLimit = 64

    private static func name(_ row: SlotRow) -> String { "\(row.session)/\(row.key)" }

    private func remember(_ row: SlotRow) { unrecorded[Self.name(row)] = row }

    private static func success(_ edit: OutboxMachine.Edit) -> SlotState { edit.isRepeat ? .repeated : .sent }

    private func put(_ row: SlotRow) async throws {
        remember(row)
        try await recordEdits()
    }

    private func recordEdits() async throws {
        guard !unrecorded.isEmpty else { return }
        let rows = unrecorded.sorted { $0.key < $1.key }.map(\.value)
        unrecorded = [:]
        try await store.write { transaction in for row in rows { try transaction.putSlot(row) } }
    }
}

/// What the store says of a message slot.
enum SlotState: String {
    /// Nothing is there; it will be tried.
    case waiting
    /// A send was begun; found after a restart, its outcome is unknown.
    case sending
    case sent
    /// Sent, with the words that another copy may be there.
    case repeated
    case unknown
    /// Not tried any more: refused, or deleted by a person.
    case given
}
