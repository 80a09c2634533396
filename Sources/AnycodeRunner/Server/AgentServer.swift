/// One ACP server: a log, the requests in it, and at most one agent process at a time.
///
/// Everything is written to the log before it goes on, in either direction, so that neither a lost connection nor the
/// end of a process repeats or loses a message.
package actor AgentServer {
    /// What a client gets for a posted message.
    package enum Reply: Sendable, Equatable {
        case accepted
        case answer([UInt8])
    }

    struct Settings: Sendable {
        var log = EventLog.Limits()
        /// Time a posted request waits for its answer before the client gets a timeout.
        var answerTimeout: Duration = .seconds(120)
        var clock: any Clock<Duration> = ContinuousClock()
    }

    /// Makes the connection to a new agent process.
    typealias Launcher = @Sendable (_ agent: String, _ marker: String) async throws(RunnerError) -> any AgentConnection

    nonisolated let identity: ServerIdentity
    nonisolated let log: EventLog
    private let settings: Settings
    private let jobs: Jobs
    private let launch: Launcher
    private var ledger: RequestLedger
    private var index: RequestIndex
    private var acknowledged: UInt64 = 0
    private var process = Process.none
    private var answers = AnswerBoard()
    /// The agent's own ids of its open requests, where clients see another one.
    private var agentIDs: [MessageID: MessageID] = [:]
    /// An end that could not be written to the log yet.
    private var untold: AgentEnd?

    private enum Process {
        case none
        case starting([CheckedContinuation<Void, Never>])
        case running(any AgentConnection)
        case ending([CheckedContinuation<Void, Never>])
    }

    init(identity: ServerIdentity, directory: String, settings: Settings, jobs: Jobs, launch: @escaping Launcher)
        throws(RunnerError)
    {
        var ledger = RequestLedger()
        let (index, lastEvent) = try RequestIndex.open(directory + "/requests.index", into: &ledger)
        var interrupted = false
        let log = try EventLog(directory: directory, limits: settings.log, lastEvent: lastEvent) { record, position in
            switch record.kind {
            case .started:
                ledger.processStarted(record.number)
                interrupted = true
            case .event:
                guard let message = Message(record.payload) else { return }
                if message.kind == .notification(method: "_adapter/agent_exited") { interrupted = false }
                _ = ledger.received(message, event: record.number, at: position)
            case .sent:
                if let message = Message(record.payload) { ledger.sent(message) }
            case .indexHead, .indexAnswered, .indexRunning, .indexPending, .indexAnswerCut: break
            }
        }
        self.identity = identity
        self.log = log
        self.settings = settings
        self.jobs = jobs
        self.launch = launch
        self.index = index
        self.wasInterrupted = interrupted || !ledger.running.isEmpty
        self.ledger = ledger
    }

    /// Whether an agent was running when the log was last written, before this start.
    nonisolated let wasInterrupted: Bool

    /// Tells clients that the agent of an earlier runner is gone.
    func settleInterruption() throws(RunnerError) {
        guard wasInterrupted else { return }
        try recordEnd(AgentEnd(exit: ProcessExit(), message: "The runner was restarted; its agent is gone."))
    }

    package var isRunning: Bool {
        if case .running = process { true } else { false }
    }
}

// MARK: - From the client

extension AgentServer {
    /// Takes one message of a client; a request is answered, or only accepted when `waits` is false.
    package func post(_ message: Message, waits: Bool) async throws -> Reply {
        switch message.kind {
        case .request(let id, let method):
            return try await request(message, id, method, waits: waits)
        case .notification:
            if ledger.incarnation == 0 { try await start() }
            try log.append(.sent, message.bytes)
            if case .running(let agent) = process { try deliver(message, to: agent) }
        case .response(let id):
            guard ledger.pending[id] != nil else { return .accepted }
            try log.append(.sent, message.bytes)
            ledger.sent(message)
            guard case .running(let agent) = process else { return .accepted }
            try deliver(agentIDs.removeValue(forKey: id).flatMap(message.replacingID) ?? message, to: agent)
        }
        return .accepted
    }

    private func request(_ message: Message, _ id: MessageID, _ method: String, waits: Bool) async throws -> Reply {
        if ledger.requests[id] == nil {
            try await start()
        }
        // Starting may have taken turns with the same request, posted again.
        if ledger.requests[id] == nil {
            guard case .running(let agent) = process else {
                throw RunnerError(.agentExited, "The agent ended before it could take the request.")
            }
            try log.append(.sent, message.bytes)
            ledger.sent(message)
            try deliver(message, to: agent)
        }
        guard let known = ledger.requests[id] else { return .accepted }
        guard known.method == method else {
            throw RunnerError(.conflict, "The request id \(id.json) was used before, for \(known.method).")
        }
        switch known.entry {
        case .answered(let position): return .answer(try payload(at: position))
        case .answerCut: throw RunnerError(.gone, "The request was answered; the answer was cut from the log.")
        case .running: return waits ? .answer(try await answer(to: id)) : .accepted
        }
    }

    private func deliver(_ message: Message, to agent: any AgentConnection) throws(RunnerError) {
        guard agent.send(message) else {
            // It is in the log; if the agent is gone its end answers the request.
            if case .request = message.kind { return }
            throw RunnerError(.busy, "The agent does not read its input.")
        }
    }

    private func answer(to id: MessageID) async throws -> [UInt8] {
        let ticket = answers.ticket()
        return try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask { try await self.wait(for: id, ticket: ticket) }
            group.addTask { [settings] in
                try await settings.clock.sleep(for: settings.answerTimeout)
                throw RunnerError(
                    .timeout, "The agent has not answered yet; the answer will be in the event stream.")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    private func wait(for id: MessageID, ticket: UInt64) async throws -> [UInt8] {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if case .answered(let position)? = ledger.requests[id]?.entry {
                    continuation.resume(with: Result { try payload(at: position) })
                } else if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    answers.wait(id, ticket, continuation)
                }
            }
        } onCancel: {
            jobs.add { await self.stopWaiting(id, ticket) }
        }
    }

    private func stopWaiting(_ id: MessageID, _ ticket: UInt64) {
        answers.cancel(id, ticket)
    }

    private func payload(at position: EventLog.Position) throws(RunnerError) -> [UInt8] {
        position.segment == 0 ? try index.payload(at: position) : try log.payload(at: position)
    }
}

// MARK: - From the agent

extension AgentServer {
    private func received(_ outputs: [AgentOutput]) {
        do {
            for output in outputs {
                switch output {
                case .invalid(let line): try record(Notices.invalidOutput(line))
                case .message(let message): try record(visible(message))
                }
            }
            try trim()
        } catch {
            // Without a log nothing may go on; the end is told as soon as there is room again.
            if case .running(let agent) = process { jobs.add { await agent.end() } }
        }
    }

    /// Later processes count their requests from the start again: clients see ids that stay distinct.
    private func visible(_ message: Message) -> Message {
        guard case .request(let id, _) = message.kind, ledger.incarnation > 1 else { return message }
        let shown = MessageID(json: "\"\(ledger.incarnation).\(id.json.filter { $0 != "\"" && $0 != "\\" })\"")
        guard let renamed = message.replacingID(with: shown) else { return message }
        agentIDs[shown] = id
        return renamed
    }

    private func record(_ bytes: [UInt8]) throws(RunnerError) {
        if let message = Message(bytes) { try record(message) }
    }

    private func record(_ message: Message) throws(RunnerError) {
        let (number, position) = try log.appendEvent(message.bytes)
        if ledger.received(message, event: number, at: position), case .response(let id) = message.kind {
            answers.resolve(id, with: message.bytes)
        }
    }
}

// MARK: - The process

extension AgentServer {
    private func start() async throws(RunnerError) {
        while true {
            switch process {
            case .running: return
            case .ending: throw RunnerError(.busy, "The agent is being ended; try again.")
            case .none: return try await launchProcess()
            case .starting(let waiting):
                await withCheckedContinuation { process = .starting(waiting + [$0]) }
            }
        }
    }

    private func launchProcess() async throws(RunnerError) {
        try tellEnd()
        process = .starting([])
        defer {
            if case .starting(let waiting) = process {
                process = .none
                waiting.forEach { $0.resume() }
            }
        }
        let agent = try await launch(identity.agent, identity.marker)
        let number = ledger.incarnation + 1
        do {
            try log.append(.started, number: number, [])
        } catch {
            jobs.add { _ = await agent.run { _ in } }
            jobs.add { await agent.end() }
            throw error
        }
        ledger.processStarted(number)
        if case .starting(let waiting) = process { waiting.forEach { $0.resume() } }
        process = .running(agent)
        jobs.add {
            let end = await agent.run { await self.received($0) }
            await self.ended(end)
        }
    }

    private func ended(_ end: AgentEnd) {
        if case .ending(let waiting) = process { waiting.forEach { $0.resume() } }
        process = .none
        untold = end
        // A full disk may have been the reason for this end; it is tried again when there may be room.
        try? tellEnd()
    }

    private func tellEnd() throws(RunnerError) {
        guard let end = untold else { return }
        try recordEnd(end)
        untold = nil
    }

    private func recordEnd(_ end: AgentEnd) throws(RunnerError) {
        agentIDs.removeAll()
        try record(Notices.agentExited(end.exit, message: end.message))
        let reason = "The agent \(identity.agent) \(end.exit.words) before it answered."
        for id in ledger.running {
            try record(Notices.unanswered(id, message: end.message.isEmpty ? reason : reason + " " + end.message))
        }
    }

    /// Ends the agent and all it started; returns when it is gone and its end is in the log.
    package func close() async {
        switch process {
        case .running(let agent):
            process = .ending([])
            await agent.end()
            await ending()
        case .starting(let waiting):
            await withCheckedContinuation { process = .starting(waiting + [$0]) }
            await close()
        case .ending: await ending()
        case .none: break
        }
    }

    private func ending() async {
        guard case .ending(let waiting) = process else { return }
        await withCheckedContinuation { process = .ending(waiting + [$0]) }
    }
}

// MARK: - The log

extension AgentServer {
    /// The client needs nothing up to `event` again.
    package func acknowledge(_ event: UInt64) throws(RunnerError) {
        guard event <= log.lastEvent else {
            throw RunnerError(.invalid, "Event \(event) was never sent; the newest is \(log.lastEvent).")
        }
        acknowledged = max(acknowledged, event)
        try trim()
        try tellEnd()
    }

    private func trim() throws(RunnerError) {
        let segments = try log.expendable(acknowledged: acknowledged)
        guard !segments.isEmpty else { return }
        let (log, index) = (self.log, self.index)
        try self.index.rewrite(&ledger, losing: segments, lastEvent: log.lastEvent) { position throws(RunnerError) in
            position.segment == 0 ? try index.payload(at: position) : try log.payload(at: position)
        }
        log.remove(segments)
    }

    /// Requests of the agent that a client at `cursor` has not answered, oldest first.
    func unanswered(upTo cursor: UInt64) throws(RunnerError) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for pending in ledger.unanswered(upTo: cursor, firstKept: log.firstEvent) {
            found.append(try payload(at: pending.position))
        }
        return found
    }
}
