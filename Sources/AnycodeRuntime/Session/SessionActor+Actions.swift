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

    var spec: SandboxSpec {
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
