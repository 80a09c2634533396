package import AnycodeCore
import AnycodeStore
import Logging
package import Supervision
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Owns one session's life: its inbox, its state machine, its sandbox lease, agent stream and output buffer.
///
/// `run` alone consumes the inbox; all other methods only enqueue. Per batch the machine decides, one transaction
/// commits, then the actions run. A failed commit is a crash.
package actor SessionActor: Child {
    /// How a new incarnation found its row.
    enum Adoption: Hashable {
        case taken
        /// It crashed the daemon too often; nothing is run.
        case quarantined
        /// It ended before.
        case over
    }

    struct Input: Sendable {
        var event: SessionEvent
        /// The stored inbound event behind it, finished with the commit.
        var inbound: Int64?
        /// The stream's number behind it.
        var cursor: Int64?
        /// Whether an owner of the bot is behind it.
        var byOwner = false
    }

    package nonisolated let header: SessionHeader
    let runtime: Runtime
    let context: ChildContext
    let incarnation: Int64
    private let adoption: Adoption
    private nonisolated let board: Mutex<SessionBrief>

    private let signal = Signal()
    /// What the provider said last of a sandbox in the making, until it is taken in.
    private nonisolated let providerWords = Mutex<String?>(nil)
    /// Raised when the agent begins to work.
    let workBegan = Signal()
    let flushSignal = Signal()
    private var inbox: [Input] = []
    private var roomWaiters: [CheckedContinuation<Void, Never>] = []
    private(set) var machine: SessionMachine
    /// The machine's state as it was committed last.
    private(set) var storedState: SessionState
    private(set) var cursor: Int64?
    private var acknowledged: Int64 = 0
    let masker: SecretMasker
    private let maskings = MaskTally()
    /// Files for the agent's home, as they were when this incarnation began.
    let homeFiles: HomeFiles
    private var gate: MaskingGate
    private var transcript: Transcript
    private var view: SessionView
    private var timerDue: Duration?
    /// Whether the state changed since it was published.
    private var hasNews = true
    private var publishedAt = Duration.zero
    private var isEnded = false
    /// Whether a task of this incarnation failed, and with it the incarnation.
    private var isCut = false
    /// Whether `run` still looks into the inbox.
    private var takesMore = true
    private var isSurvivalWatched = false
    /// Raised by the stream child once this incarnation reads the stream.
    let streamOpened = Signal()
    /// Whether the sandbox of a new session is being made before the machine asks for it.
    var leaseIsBegun = false
    /// Whether a sandbox that ended unseen is being started again, and raised when it is or cannot be.
    var isBringingBack = false
    let broughtBack = Signal()
    var callsAreRunning = false
    var endIsRunning = false
    var parts: Supervisor?
    /// The sandbox in hand, while the lease child has one.
    var connection: SessionConnection?

    /// Takes the session over from the store: the only way to make one.
    package static func adopt(_ id: SessionID, runtime: Runtime, context: ChildContext) async throws -> SessionActor {
        let (row, lines, save) = try await takeUp(id, runtime, context)
        if let save {
            context.status.showSave(files: save.files, savedAt: save.createdAt, now: runtime.clock.date())
        }
        let adoption: Adoption = !row.isLive ? .over : row.bootAttempts > LastEnd.limit ? .quarantined : .taken
        var stored: StoredSession
        var transcript: Transcript
        let (limits, showsThoughts) = (runtime.limits(of: row.conversation.chat), runtime.configuration.showsThoughts)
        do {
            stored = try JSONCoding.decode(StoredSession.self, from: row.snapshot)
            stored.header.conversation = row.conversation  // the chat may have another id since
            transcript = Transcript(
                header: stored.header, keepsThoughts: showsThoughts, outputUnits: limits.toolOutputUnits)
            for line in lines { transcript.apply(try TranscriptEntry(storedBytes: line)) }
        } catch {
            guard adoption != .taken else { throw error }  // nothing of it is needed to set it aside
            stored = StoredSession(unreadable: row)
            transcript = Transcript(header: stored.header)
        }
        return SessionActor(
            row: row, stored: stored, transcript: transcript, runtime: runtime, context: context, adoption: adoption)
    }

    /// A session's row, its transcript and its last save, with a new incarnation stored.
    private static func takeUp(
        _ id: SessionID, _ runtime: Runtime, _ context: ChildContext
    ) async throws -> (SessionRow, [[UInt8]], (files: Int, createdAt: Date)?) {
        if runtime.newborn.take(id), let row = try await runtime.store.read({ try $0.session(id) }) {
            return (row, [], nil)
        }
        let date = runtime.clock.date()
        // A further incarnation within one process follows a failure of the one before.
        let weight = (context.incarnation == 1 ? runtime.configuration.lastEnd : .crash).weight
        return try await runtime.store.write { transaction in
            let row = try transaction.adoptSession(id, weight: weight, at: date)
            return (row, try transaction.transcript(id).map(\.bytes), try transaction.lastSave(session: id))
        }
    }

    private init(
        row: SessionRow, stored: StoredSession, transcript: Transcript, runtime: Runtime, context: ChildContext,
        adoption: Adoption
    ) {
        self.runtime = runtime
        self.context = context
        self.adoption = adoption
        self.transcript = transcript
        header = stored.header
        homeFiles = HomeFiles(runtime.configuration.profile(header.agent))
        masker = runtime.masker(for: stored.header, files: homeFiles).counting(in: maskings)
        gate = MaskingGate(masker: masker)
        incarnation = row.incarnation
        cursor = row.cursor
        storedState = stored.state
        machine = SessionMachine(
            header: stored.header, state: stored.state, policy: runtime.configuration.session, makeID: runtime.makeID)
        view = SessionView(limits: runtime.limits(of: stored.header.conversation.chat))
        board = Mutex(machine.brief)
    }

    /// The session at a glance, without waiting for it.
    package nonisolated var brief: SessionBrief { board.withLock { $0 } }

    /// The state of a session that was set aside.
    static let quarantinedState = "quarantined"

    // MARK: Inbox

    /// Puts an event in. `false` when the session is over and will not look at it.
    @discardableResult
    package func accept(_ event: SessionEvent, inbound: Int64? = nil, byOwner: Bool = false) -> Bool {
        guard !isEnded else { return false }
        enqueue(Input(event: event, inbound: inbound, byOwner: byOwner))
        return true
    }

    func enqueue(_ input: Input) {
        var input = input
        input.event = masker.masked(input.event)
        inbox.append(input)
        signal.raise()
    }

    /// What the provider is busy with; when it says more than can be taken in, the newest counts.
    nonisolated func providerSays(_ words: String) {
        providerWords.withLock { $0 = words }
        signal.raise()
    }

    private func hearProvider() {
        let words = providerWords.withLock { words in
            defer { words = nil }
            return words
        }
        if let words { inbox.insert(Input(event: masker.masked(.acquireProgressed(words))), at: 0) }
    }

    /// Takes in what the stream brought; waits while the inbox is full, so that the runner's log holds the rest.
    func take(_ items: [AgentStreamItem]) async {
        let new = items.filter { item in
            guard let number = item.number else { return true }
            guard number > lastEnqueued else { return false }
            lastEnqueued = number
            return true
        }
        for item in gate.pass(new) {
            inbox.append(Input(event: .streamed(item.events), cursor: item.number))
        }
        signal.raise()
        while inbox.count > Self.inboxLimit, takesMore {
            await withCheckedContinuation { roomWaiters.append($0) }
        }
    }

    private var lastEnqueued: Int64 = 0
    private static let inboxLimit = 512

    /// The number behind which the stream is to be opened.
    func streamPosition() -> Int64? {
        lastEnqueued = cursor ?? 0
        gate.reset()
        return cursor
    }

    // MARK: Life

    package func run() async throws {
        do {
            try await runUntilEnded()
        } catch {
            await leave()
            throw error
        }
        await leave()
    }

    private func runUntilEnded() async throws {
        switch adoption {
        case .taken: break
        case .quarantined: return try await quarantine()
        case .over: return
        }
        try context.register(self, as: header.id, in: runtime.sessions)
        let parts = try makeParts()
        self.parts = parts
        do {
            try await live(parts)
        } catch is CancellationError where isEnded {
            // What still ran was cancelled because the session is over.
        }
    }

    private func live(_ parts: Supervisor) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            defer { stopTaking() }
            group.addTask { await self.runParts(parts) }
            group.addTask { try await self.flushWhenAsked() }
            group.addTask { await self.noticeFailure() }
            group.addTask { try await self.showTypingAtWork() }
            enqueue(Input(event: .started))
            // The lease of a new session is stored with its row: its sandbox does not wait for the first commit.
            if machine.state.phase == .pending {
                leaseIsBegun = true
                await startLease()
            }
            flushSignal.raise()
            await runtime.routers[.router]?.sessionStarted(self)
            while !isEnded, !isCut {
                try await signal.wait()
                hearProvider()
                while !inbox.isEmpty, !isEnded, !isCut {
                    let batch = inbox
                    inbox = []
                    makeRoom()
                    let actions = try await commit(batch)
                    for action in actions { perform(action, in: &group) }
                    armTimer(in: &group)
                    await publish(isNews: !actions.isEmpty)
                    watchSurvival(in: &group)
                }
            }
            group.cancelAll()
        }
    }

    /// A child that fails cancels the other children of the group but not the group's own task, which would go on
    /// waiting for events that nobody sends any more. This child is told, and ends it.
    private func noticeFailure() async {
        let never = Signal()
        try? await never.wait()
        isCut = true
        signal.raise()
    }

    /// Whoever waits for room in the inbox goes on, since nobody will make any.
    private func stopTaking() {
        takesMore = false
        makeRoom()
    }

    /// What this incarnation was given and did not commit is for the next one, or for the router to answer.
    private func leave() async {
        isEnded = true
        runtime.recovery.isInHand(header.id)
        await runtime.routers[.router]?.sessionLeft(self)
    }

    private func makeRoom() {
        let waiters = roomWaiters
        roomWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    /// The last message is shown and the row is closed: nothing is left to do.
    func finishRun() {
        isEnded = true
        signal.raise()
    }

    private func runParts(_ parts: Supervisor) async {
        do {
            try await parts.run()
        } catch is CancellationError {
            return
        } catch {
            enqueue(Input(event: .streamLost(streamFailure ?? "the connection broke again and again")))
        }
    }

    /// Why the stream broke last, in words.
    var streamFailure: String?

    /// A start counts as survived one second after the stream is open again, since what crashed the last one would
    /// come again first; in phases without a stream, with the first commit; after a minute in any case.
    private func watchSurvival(in group: inout ThrowingDiscardingTaskGroup<any Error>) {
        guard !isSurvivalWatched else { return }
        isSurvivalWatched = true
        let waitsForStream = machine.state.phase.hasStream && machine.opensStream
        group.addTask {
            if waitsForStream { try await self.streamOpened.wait() }
            self.runtime.recovery.isInHand(self.header.id)
            if waitsForStream { try await self.runtime.clock.sleep(.seconds(1)) }
            try await self.clearBootAttempts()
        }
        group.addTask {
            try await self.runtime.clock.sleep(.seconds(60))
            try await self.clearBootAttempts()
        }
    }

    private func clearBootAttempts() async throws {
        let (id, incarnation) = (header.id, incarnation)
        try await runtime.store.write { try $0.clearBootAttempts(id, incarnation: incarnation) }
    }

    private func quarantine() async throws {
        let (id, incarnation, nonce, date) = (header.id, incarnation, runtime.makeID(), runtime.clock.date())
        let conversation = header.conversation
        let words = """
            ❌ Session `\(header.id.short)` was set aside: three times in a row the daemon went down just after taking it up. \
            Its data and its sandbox are kept for the operator. `/resume \(header.id.short)` goes on from its last save.
            """
        let message = try JSONCoding.encode(OutgoingMessage(markdown: words, rings: true))
        try await runtime.store.write { transaction in
            let update = SessionUpdate(state: Self.quarantinedState, isLive: false, finishedAt: date)
            try transaction.updateSession(id, incarnation: incarnation, update, at: date)
            _ = try transaction.insertNotice(conversation: conversation, message: message, nonce: nonce, at: date)
        }
        try await runtime.outbox(for: conversation.chat).noticesChanged()
    }

    // MARK: Decide, commit, act

    private func commit(_ batch: [Input]) async throws -> [SessionAction] {
        var commit = SessionCommit(incarnation: incarnation)
        var actions: [SessionAction] = []
        for input in batch {
            if let number = input.cursor, number <= commit.cursor ?? cursor ?? 0 { continue }  // read twice
            let decision = machine.handle(input.event, at: runtime.clock.now(), byOwner: input.byOwner)
            commit.add(decision)
            actions += decision.actions
            if let inbound = input.inbound { commit.handled.append(inbound) }
            if let number = input.cursor { commit.cursor = number }
            for type in decision.unknown {
                runtime.logger.debug("agent message of an unknown kind", metadata: ["type": "\(type)"])
            }
        }
        let isChanged = try inPlace { machine in
            machine.masked(maskings.take())
            guard machine.state != storedState else { return false }
            commit.row = try SessionCommit.Row(machine.state, of: header)
            return true
        }
        guard !commit.isEmpty else { return actions }
        let (final, date, makeID) = (commit, runtime.clock.date(), runtime.makeID)
        let base = commit.saves.isEmpty ? nil : machine.state.workspace?.base
        let urgency: Store.Urgency = final.isPatient && actions.isEmpty ? .soon : .now
        try await runtime.store.write(urgency) { [self] in
            try final.write(of: header, in: $0, makeNonce: makeID, base: base, at: date)
        }
        if isChanged {
            storedState = machine.state
            hasNews = true
        }
        cursor = commit.cursor ?? cursor
        for entry in commit.entries { transcript.apply(entry) }
        if let save = commit.saves.last { context.status.showSave(files: save.files) }
        try await show(commit)
        return actions
    }

    /// Questions and finals go to the chat at once, streamed output after the debounce.
    private func show(_ commit: SessionCommit) async throws {
        if !commit.replies.isEmpty || !commit.edits.isEmpty {
            try? await runtime.outbox(for: header.conversation.chat).noticesChanged()
        }
        guard transcript.hasChanges else { return }
        if commit.entries.contains(where: \.isUrgent) {
            do { try await present() } catch { flushSignal.raise() }
        } else {
            flushSignal.raise()
        }
    }

    private func flushWhenAsked() async throws {
        while true {
            try await flushSignal.wait()
            try await runtime.clock.sleep(runtime.configuration.debounce)
            do {
                try await present()
                await acknowledgeStream()
            } catch {
                try Task.checkCancellation()
                try await runtime.clock.sleep(.seconds(1))
                flushSignal.raise()
            }
        }
    }

    /// Hands the newest view to the chat's outbox.
    func present() async throws {
        var draft = transcript
        let slots = view.render(&draft)
        transcript = draft
        try await runtime.outbox(for: header.conversation.chat).present(
            slots, of: header.id, in: header.conversation, buffer: context.status.node("buffer"))
    }

    /// The log of the turn that ends, if the chat leaves something of it out.
    func turnLog() async throws -> (name: String, text: String)? {
        guard let turn = machine.endingTurn, view.leavesOut(ofTurn: turn, in: transcript) else { return nil }
        let id = header.id
        let lines = try await runtime.store.read { try $0.transcript(id).map(\.bytes) }
        let entries = try lines.map { try JSONCoding.decode(TranscriptEntry.self, from: $0) }
        return (TurnLog.name(turn: turn), TurnLog.markdown(entries, turn: turn, header: header))
    }

    /// Tells the runner how far its log may be cut.
    private func acknowledgeStream() async {
        guard let cursor, cursor - acknowledged >= 64, let connection else { return }
        acknowledged = cursor
        try? await connection.client.acknowledge(cursor)
    }

    /// Looks at the machine where it is. Read as a value it may be copied, which costs more than a decision.
    private func inPlace<Result>(_ body: (inout SessionMachine) throws -> Result) rethrows -> Result {
        try body(&machine)
    }

    private func armTimer(in group: inout ThrowingDiscardingTaskGroup<any Error>) {
        guard let due = inPlace({ $0.nextDeadline }), timerDue.map({ due < $0 }) ?? true else { return }
        timerDue = due
        group.addTask {
            try await self.runtime.clock.sleep(max(.zero, due - self.runtime.clock.now()))
            await self.timerFired(due)
        }
    }

    private func timerFired(_ due: Duration) {
        if timerDue == due { timerDue = nil }
        enqueue(Input(event: .ticked))
    }

    /// Says how the session stands: at once when anything was decided, else at most once a second.
    private func publish(isNews: Bool) async {
        let now = runtime.clock.now()
        guard isNews || hasNews || now - publishedAt >= .seconds(1) else { return }
        (hasNews, publishedAt) = (false, now)
        let (brief, waiting, waitingSince) = inPlace { ($0.brief, $0.waiting, $0.waitingSince) }
        let before = board.withLock { board in
            defer { board = brief }
            return board
        }
        if brief.isAtWork, !before.isAtWork { workBegan.raise() }
        if before.activity != brief.activity { await runtime.routers[.router]?.placesChanged() }
        context.status.wait(for: waiting.reason, on: waiting.on, within: waiting.limit, lasting: waitingSince)
        context.status[detail: "phase"] = brief.phase
        context.status[detail: "agent"] = header.agent.rawValue
        context.status[detail: "chat"] = header.conversation.description
        context.status[detail: "masked secrets"] = brief.maskings == 0 ? nil : "\(brief.maskings)"
        context.status[detail: "trouble"] = brief.trouble
        context.status[detail: "queued"] = brief.queued == 0 ? nil : "\(brief.queued)"
    }
}

extension TranscriptEntry {
    /// Whether people should see it at once.
    var isUrgent: Bool {
        switch self {
        case .restored, .asked, .answeredField, .resolved, .reminded, .timeOffered, .timeGranted, .turnEnded, .finished:
            true
        case .progressed, .prepared, .prompted, .queued, .unqueued, .tagged, .text, .thought, .tool, .toolUpdated,
            .plan, .notice:
            false
        }
    }
}
