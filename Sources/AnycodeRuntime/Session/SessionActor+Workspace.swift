import AnycodeCore
import AnycodeStore
import Supervision

/// What the session does in its workspace: prepare it, bring back what an ended session left, save what has changed.
extension SessionActor {
    func prepare(_ source: RequestedSource?) async {
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
    func restore(_ origin: SessionOrigin) async {
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

    func save() async {
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

    func showDiff(_ patch: SavedPatch) async {
        let message = await DiffMessage.make(patch, session: header.id, runtime: runtime)
        do {
            try await runtime.post(message, to: header.conversation)
        } catch {
            context.status.setLastError("\(error)")
        }
    }
}
