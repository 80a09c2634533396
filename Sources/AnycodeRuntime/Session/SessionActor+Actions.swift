import AnycodeCore
import AnycodeStore
import Supervision

/// The sandbox in a session's hands.
struct SessionConnection: Sendable {
    let client: any AgentClient
    let workspace: any Workspace
}

/// What the machine's actions mean in the world.
extension SessionActor {
    func perform(_ action: SessionAction, in group: inout ThrowingDiscardingTaskGroup<any Error>) {
        switch action {
        case .acquire where leaseIsBegun: leaseIsBegun = false
        case .acquire: group.addTask { await self.startLease() }
        case .introduce: group.addTask { await self.introduceAgain() }
        case .prepare(let source): group.addTask { await self.prepare(source) }
        case .restore(let origin): group.addTask { await self.restore(origin) }
        case .receive(let files): group.addTask { await self.receive(files) }
        case .openStream: startStream()
        case .deliverCalls:
            guard !callsAreRunning else { return }
            callsAreRunning = true
            group.addTask { try await self.deliverCalls() }
        case .save: group.addTask { await self.save() }
        case .destroy: group.addTask { try await self.destroy() }
        case .answerClick(let callback, let note):
            group.addTask {
                try? await self.runtime.outbox(for: self.header.conversation.chat).acknowledge(callback, note: note)
            }
        case .wakeRouter: group.addTask { await self.runtime.routers[.router]?.wake() }
        case .openPullRequest: group.addTask { await self.openPullRequest() }
        case .showDiff(let patch): group.addTask { await self.showDiff(patch) }
        case .end:
            guard !endIsRunning else { return }
            endIsRunning = true
            group.addTask { try await self.end() }
        }
    }

    // MARK: Parts

    /// Lease and stream are children of the session: the lease is acquired and watched by one, the stream is read by
    /// the other, which is restarted with backoff and, five failures in a row, gives up.
    func makeParts() throws -> Supervisor {
        try Supervisor(under: context, strategy: .oneForOne, intensity: .unlimited)
    }

    func startLease() async {
        guard let parts else { return }
        try? await parts.terminateChild("stream")
        try? await parts.terminateChild("lease")
        // What was decided just before the end comes too late, maybe when the sandbox has gone.
        guard !machine.isBehindSandbox else { return }
        do {
            try parts.startChild(
                ChildSpec(id: "lease", restart: .temporary, shutdown: .immediate(abandonAfter: .seconds(30))) { child in
                    await self.holdLease(child)
                })
        } catch {
            enqueue(Input(event: .acquireFailed(SandboxError(.failed, "the session's parts are gone"))))
        }
    }

    private func startStream() {
        let backoff = Backoff(initial: .seconds(1), multiplier: 2, cap: .seconds(30), jitter: 0.25, maxRestarts: 5)
        // The one that read from a sandbox that died is down, and stands in the way; one that reads goes on.
        try? parts?.deleteChild("stream")
        try? parts?.startChild(
            ChildSpec(id: "stream", restart: .transient, shutdown: .immediate, backoff: backoff) { child in
                try await self.readStream(child)
            })
    }

    // MARK: Lease

    private var spec: SandboxSpec {
        SandboxSpec(
            lease: header.lease, instance: runtime.instance, session: header.id, agent: header.agent,
            token: runtime.token(header.lease), localRepository: header.localRepository)
    }

    /// Acquires the sandbox, then waits for its death.
    private func holdLease(_ child: ChildContext) async {
        var backoff = Duration.seconds(1)
        while !Task.isCancelled {
            do throws(SandboxError) {
                child.status.wait(for: "sandbox", on: header.provider.rawValue)
                let lease = try await runtime.provider.acquire(spec) { words in
                    child.status.wait(for: words, on: self.header.provider.rawValue)
                    self.providerSays(words)
                }
                return await watch(lease, child)
            } catch {
                if error.code == .cancelled || Task.isCancelled { return }
                child.status.setLastError(error.description)
                guard error.code == .unavailable else {
                    return enqueue(Input(event: .acquireFailed(error)))
                }
                child.status.wait(for: "retry: \(error.message)", within: backoff)
                enqueue(Input(event: .acquireDelayed(error)))
                do { try await runtime.clock.sleep(backoff) } catch { return }
                backoff = min(backoff * 2, .seconds(30))
            }
        }
    }

    private func watch(_ lease: any SandboxLease, _ child: ChildContext) async {
        let connection = SessionConnection(
            client: runtime.connector.client(for: lease.endpoint, agent: header.agent),
            workspace: runtime.connector.workspace(for: lease.endpoint))
        do {
            try await setLease("created")
            let health = try await introduce(connection, child)
            child.status[detail: "runner"] = health.version
            self.connection = connection
            enqueue(Input(event: .acquired(health)))
            child.status.wait(for: "alive")
            child.reportProgress()
            let exit = try await lease.waitForExit()
            enqueue(Input(event: .sandboxExited(exit)))
        } catch {
            refused(error)
        }
    }

    private func refused(_ error: any Error) {
        if error is CancellationError || Task.isCancelled { return }
        let known = error as? SandboxError
        enqueue(Input(event: .acquireFailed(known ?? SandboxError(.failed, "the runner in the sandbox: \(error)"))))
    }

    /// Waits until the runner answers, and gives it what it keeps in memory only. Where people decide about the
    /// repository meanwhile, it is told again.
    private func introduce(_ connection: SessionConnection, _ child: ChildContext?) async throws -> RunnerHealth {
        while true {
            let trust = machine.state.trust
            let health = try await introduce(connection, trust, child)
            if machine.state.trust == trust { return health }
        }
    }

    private func introduce(
        _ connection: SessionConnection, _ trust: RepositoryTrust?, _ child: ChildContext?
    ) async throws -> RunnerHealth {
        let profile = runtime.configuration.profile(header.agent)
        let files = try homeFiles.files()
        return try await retrying(child) { () async throws(AgentError) in
            let health = try await connection.workspace.health()
            guard !health.isTooNew else {
                throw AgentError(
                    .unreachable,
                    "it is of version \(health.version) and speaks protocol \(health.protocolNumber), this daemon knows "
                        + "\(RunnerHealth.Compatibility.newestKnown): install the newer daemon again")
            }
            if let profile {
                var environment = profile.environment
                if trust == .allowed { environment[AgentProfile.trustVariable] = Secret("1") }
                try await connection.workspace.setEnvironment(environment)
                if let server = profile.server {
                    try await connection.workspace.defineServer(self.header.agent, server)
                } else if let command = profile.command {
                    try await connection.workspace.defineAgent(self.header.agent, command: command, environment: [:])
                }
            }
            for file in files { try await connection.workspace.place(file.bytes, inHome: file.path) }
            return health
        }
    }

    /// Tells the runner what has changed in the agent's environment. Without a sandbox in hand the lease does it anew.
    private func introduceAgain() async {
        guard let connection else { return }
        do {
            enqueue(Input(event: .acquired(try await introduce(connection, nil))))
        } catch {
            refused(error)
        }
    }

    /// Repeats a harmless call while the runner cannot be reached, a few times.
    func retrying<Value>(
        _ child: ChildContext?, _ body: () async throws(AgentError) -> Value
    ) async throws -> Value {
        var backoff = Duration.milliseconds(200)
        for _ in 0..<6 {
            do throws(AgentError) {
                return try await body()
            } catch {
                guard error.isTransient else { throw error }
                child?.status.wait(for: "runner: \(error.message)", within: backoff)
                try await runtime.clock.sleep(backoff)
                backoff = min(backoff * 2, .seconds(5))
            }
        }
        return try await body()
    }

    private func setLease(_ state: String, error: String? = nil) async throws {
        let (lease, date) = (header.lease, runtime.clock.date())
        try await runtime.store.write { try $0.setLeaseState(lease, state, lastError: error, at: date) }
    }

    private func destroy() async throws {
        try? await parts?.terminateChild("stream")
        try? await parts?.terminateChild("lease")
        // What is being started again just now would otherwise be there after its removal.
        while isBringingBack { try await broughtBack.wait() }
        connection = nil
        try await setLease("destroying")
        var backoff = Duration.seconds(1)
        for attempt in 1...4 {
            do throws(SandboxError) {
                try await runtime.provider.destroy(header.lease)
                try await setLeaseGone()
                return enqueue(Input(event: .destroyed))
            } catch {
                context.status.setLastError(error.description)
                guard attempt < 4 else {
                    runtime.leftBehind.raise()
                    return enqueue(Input(event: .destroyFailed(error.description)))
                }
                try await runtime.clock.sleep(backoff)
                backoff = backoff * 2
            }
        }
    }

    private func setLeaseGone() async throws(SandboxError) {
        do {
            try await setLease("destroyed")
        } catch {
            throw SandboxError(.failed, "\(error)")
        }
    }

    // MARK: Agent

    private func readStream(_ child: ChildContext) async throws {
        guard let connection else { throw AgentError(.unreachable, "there is no sandbox") }
        do {
            child.status.wait(for: "connection", on: "runner")
            if child.incarnation > 1, try await logIsLost(connection) { return }
            let stream = try await connection.client.events(after: streamPosition())
            streamOpened.raise()
            child.status.wait(for: "connected")
            while let items = try await stream.next() {
                child.reportProgress()
                await take(items)
            }
            throw AgentError(.unreachable, "the stream ended")
        } catch let error as AgentError where error.code == .cancelled {
            throw CancellationError()
        } catch {
            streamFailure = "\(error)"
            throw error
        }
    }

    /// A runner that came back without its log has other numbers: the machine decides what is to be done.
    private func logIsLost(_ connection: SessionConnection) async throws -> Bool {
        let health = try await connection.workspace.health()
        guard let known = storedState.logID, health.logID != known else { return false }
        enqueue(Input(event: .acquired(health)))
        return true
    }

    /// Sends what waits, in order; each call until it is accepted or refused. Only what is committed is sent.
    private func deliverCalls() async throws {
        defer { callsAreRunning = false }
        var backoff = Duration.seconds(1)
        var sent: [AgentCall] = []
        while let call = storedState.outbound.first(where: { !sent.contains($0) }) {
            guard let connection else { return }
            do throws(AgentError) {
                try await connection.client.send(call)
                sent.append(call)
                backoff = .seconds(1)
                enqueue(Input(event: .callAccepted(call)))
            } catch {
                if error.code == .cancelled { throw CancellationError() }
                guard error.isTransient else {
                    sent.append(call)
                    enqueue(Input(event: .callRefused(call, error)))
                    continue
                }
                try await runtime.clock.sleep(backoff)
                backoff = min(backoff * 2, .seconds(30))
            }
        }
    }

    // MARK: Workspace

    private func prepare(_ source: RequestedSource?) async {
        guard let connection else { return }
        do {
            let credentials = source.flatMap { self.credentials(for: $0.source) }
            let workspace = try await retrying(nil) { () async throws(AgentError) in
                try await connection.workspace.prepare(source?.source, credentials: credentials) { words in
                    self.context.status.wait(for: words, on: "runner")
                }
            }
            if let source, runtime.configuration.profile(header.agent)?.trustsRepositories != true {
                try await findSettings(of: source, connection)
            }
            enqueue(Input(event: .prepared(workspace)))
        } catch let error as AgentError {
            enqueue(Input(event: .prepareFailed(error)))
        } catch {
            return
        }
    }

    /// Brings back what an ended session left. What is in the workspace already was brought back before a crash.
    private func restore(_ origin: SessionOrigin) async {
        guard let connection else { return }
        do {
            let kept = try await restore(origin.patch, in: connection)
            let conversation = try await restore(origin.conversation, in: connection)
            enqueue(Input(event: .restored(kept, conversation: conversation)))
        } catch is CancellationError {
            return
        } catch let error as AgentError {
            if error.code != .cancelled { enqueue(Input(event: .restoreFailed(error))) }
        } catch {
            enqueue(Input(event: .restoreFailed(AgentError(.failed, "the patch cannot be kept: \(error)"))))
        }
    }

    private func restore(_ patch: SavedPatch?, in connection: SessionConnection) async throws -> SavedPatch? {
        guard let patch else { return nil }
        let (bytes, limit) = (try await read(patch), runtime.configuration.patchLimit)
        try await retrying(nil) { () async throws(AgentError) in
            guard try await connection.workspace.status().isDirty else {
                return try await connection.workspace.apply(patch: bytes)
            }
            guard try await connection.workspace.patch(limit: limit) == bytes else {
                throw AgentError(.conflict, "the workspace holds other changes already")
            }
        }
        return patch.moved(to: try await runtime.archive.write(header.id, bytes))
    }

    /// Without its record the agent begins a new conversation; the work is there all the same.
    private func restore(
        _ conversation: SavedConversation?, in connection: SessionConnection
    ) async throws(CancellationError) -> AgentSessionID? {
        guard let conversation else { return nil }
        do {
            let packed = try await runtime.archive.read(conversation.path)
            try await retrying(nil) { () async throws(AgentError) in
                try await connection.workspace.restore(packed, of: self.header.agent, conversation.id)
            }
            return conversation.id
        } catch {
            if error is CancellationError || Task.isCancelled { throw CancellationError() }
            context.status.setLastError("the conversation was not brought back: \(error)")
            return nil
        }
    }

    private func read(_ patch: SavedPatch) async throws(AgentError) -> [UInt8] {
        do {
            return try await runtime.archive.read(patch.path)
        } catch {
            throw AgentError(.failed, "the patch at `\(patch.path)` cannot be read: \(error)")
        }
    }

    /// What the repository says to the agent, and what this chat decided about exactly that before.
    private func findSettings(of source: RequestedSource, _ connection: SessionConnection) async throws {
        let found = try await retrying(nil) { () async throws(AgentError) in
            try await connection.workspace.settings(for: self.header.agent)
        }
        guard let found else { return }
        let (key, chat) = (RememberedTrust.key(header), Conversation(chat: header.conversation.chat))
        let remembered = try await runtime.store.read { try $0.setting(key, conversation: chat) }
        let decision = RememberedTrust.holds(for: header) ? RememberedTrust.decision(remembered, for: found) : nil
        enqueue(Input(event: .settingsFound(found, remembered: decision)))
    }

    /// A token goes to its own host only.
    private func credentials(for source: WorkspaceSource) -> RepositoryCredentials? {
        RepositoryPlace.host(of: source.url).flatMap { runtime.configuration.credentials[$0] }
    }

    private func save() async {
        await keepLog()
        do {
            let (status, patch, connection) = try await changes()
            await keepAgentState(connection)
            guard !patch.isEmpty else { return enqueue(Input(event: .saved(nil))) }
            let path = try await archive(patch)
            let saved = SavedPatch(
                path: path, bytes: patch.count, files: status.files.count,
                added: status.files.reduce(0) { $0 + ($1.added ?? 0) },
                removed: status.files.reduce(0) { $0 + ($1.removed ?? 0) }, holdsSecret: masker.finds(in: patch),
                list: status.files.prefix(SavedPatch.mostListed).map {
                    PatchedFile(path: masker.masked($0.path), added: $0.added, removed: $0.removed)
                }, omitted: SavedPatch.omitted(in: patch).map { masker.masked($0) })
            enqueue(Input(event: .saved(saved)))
        } catch is CancellationError {
            return
        } catch let error as AgentError where error.code == .tooLarge {
            let limit = runtime.configuration.patchLimit
            enqueue(
                Input(event: .saveFailed("the patch is too big: \(error.message); at most \(limit) bytes are saved")))
        } catch {
            enqueue(Input(event: .saveFailed("\(error)")))
        }
    }

    /// What has changed. A sandbox that cannot be reached is asked again until the machine gives the save up: what runs it
    /// may be starting again, and what is in it exists nowhere else.
    private func changes() async throws -> (WorkspaceStatus, [UInt8], SessionConnection) {
        let limit = runtime.configuration.patchLimit
        while true {
            guard let connection else { throw AgentError(.failed, "the sandbox cannot be reached") }
            do {
                return try await retrying(nil) { () async throws(AgentError) in
                    let status = try await connection.workspace.status()
                    let patch = status.isDirty ? try await connection.workspace.patch(limit: limit) : []
                    return (status, patch, connection)
                }
            } catch let error as AgentError where error.isTransient {
                context.status.setLastError("the work is not saved: \(error.message)")
                try await runtime.clock.sleep(.seconds(5))
                await bringBack()
            }
        }
    }

    /// Starts a sandbox again that ended while nobody could tell, once no agent is to go on in it.
    private func bringBack() async {
        switch machine.state.phase {
        case .saving, .closing: break
        default: return
        }
        isBringingBack = true
        defer {
            isBringingBack = false
            broughtBack.raise()
        }
        do throws(SandboxError) {
            let lease = try await runtime.provider.acquire(spec) { _ in }
            connection = SessionConnection(
                client: runtime.connector.client(for: lease.endpoint, agent: header.agent),
                workspace: runtime.connector.workspace(for: lease.endpoint))
        } catch {
            if error.code == .unavailable { enqueue(Input(event: .acquireDelayed(error))) }
        }
    }

    /// Keeps the patch outside of the sandbox; waits as long as there is no space for it.
    private func archive(_ patch: [UInt8]) async throws -> String {
        var backoff = Duration.seconds(1)
        while true {
            do throws(ArchiveError) {
                return try await runtime.archive.write(header.id, patch)
            } catch {
                guard error.isFull else { throw error }
                enqueue(Input(event: .saveHindered(error.message)))
                try await runtime.clock.sleep(backoff)
                backoff = min(backoff * 2, .seconds(30))
            }
        }
    }

    /// Between turns, where the agent's own record is whole. The patch is safe without it.
    private func keepAgentState(_ connection: SessionConnection) async {
        guard machine.state.phase != .working, let session = machine.state.agentSession else { return }
        do {
            guard let packed = try await connection.workspace.agentState(header.agent, session.id) else { return }
            let path = try await runtime.archive.writeDocument(header.id, "conversation", packed)
            enqueue(Input(event: .conversationSaved(SavedConversation(id: session.id, path: path))))
        } catch {
            if !(error is CancellationError) { context.status.setLastError("the conversation was not saved: \(error)") }
        }
    }

    private func showDiff(_ patch: SavedPatch) async {
        let message = await DiffMessage.make(patch, session: header.id, runtime: runtime)
        do {
            try await runtime.post(message, to: header.conversation)
        } catch {
            context.status.setLastError("\(error)")
        }
    }

    // MARK: The end

    /// Leaves once the chat shows the last view.
    private func end() async throws {
        while true {
            do {
                try await present()
                let outbox = try await runtime.outbox(for: header.conversation.chat)
                try await outbox.waitUntilSettled(header.id)
                let message = await outbox.owed(by: header.id)
                let owed = try message.map { try JSONCoding.encode($0) }
                let (id, incarnation, date) = (header.id, incarnation, runtime.clock.date())
                let (conversation, nonce) = (header.conversation, "\(header.id)/owed")
                try await runtime.store.write { transaction in
                    let update = SessionUpdate(isLive: false, finishedAt: date)
                    try transaction.updateSession(id, incarnation: incarnation, update, at: date)
                    guard let owed else { return }
                    _ = try transaction.insertNotice(conversation: conversation, message: owed, nonce: nonce, at: date)
                }
                await outbox.close(header.id)
                if owed != nil { try? await outbox.noticesChanged() }
                return finishRun()
            } catch let error as StoreError {
                throw error
            } catch {
                try Task.checkCancellation()
                try await runtime.clock.sleep(.seconds(1))
            }
        }
    }
}
