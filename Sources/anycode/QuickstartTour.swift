import AnycodeChat
import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import Foundation
import Supervision
import Synchronization

/// Writes the first task as a person would, explains what happens, and knows when it is over.
final class QuickstartTour: Sendable {
    private let daemon: Daemon
    private let repository: ScratchRepository
    private let isAttended: Bool
    private let outcome = Mutex<String?>(nil)

    init(daemon: Daemon, repository: ScratchRepository, isAttended: Bool) {
        self.daemon = daemon
        self.repository = repository
        self.isAttended = isAttended
    }

    /// Why the first task did not end well; `nil` when it did.
    var failure: String? { outcome.withLock { $0 } }

    func run() async throws {
        let events = daemon.root.events()
        let unfinished = try await daemon.runtime.store.read { try $0.liveSessions() }
        await welcome(goesOn: !unfinished.isEmpty)
        if unfinished.isEmpty { try await writeTask() }
        guard isAttended else { return try await reportEnd(events) }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await self.reportEnd(events) }
            await self.daemon.console?.waitForQuit()
            group.cancelAll()
        }
    }

    private func reportEnd(_ events: AsyncStream<SupervisionEvent>) async throws {
        guard let session = await endOfSession(events) else { return }
        try await report(session)
    }

    private func welcome(goesOn: Bool) async {
        guard let console = daemon.console else { return }
        if goesOn {
            return await console.announce("**Anycode** was interrupted; the task goes on where it stood.")
        }
        await console.announce(
            """
            **Welcome to Anycode.** This terminal is the chat; Telegram works the same way.
            A demo agent (no model, no key) now does a small job in a scratch repository, `\(repository.path)`, \
            inside a sandbox of its own. It will ask a question, and ask before it changes anything.\
            \(isAttended ? " Answer with the number of a choice; afterwards write what else it should do, or `/help`." : "")
            """)
    }

    private func writeTask() async throws {
        let text = "/task demo make this project friendlier to newcomers"
        await daemon.console?.announce("You write: `\(text)`")
        guard let person = daemon.console?.person else { return }
        let event = InboundEvent(
            key: "quickstart-\(UUID().uuidString)", conversation: ConsolePlatform.conversation, isPrivate: true,
            sender: person, sentAt: Date(), content: .text(TextMessage(id: MessageID("quickstart"), text: text)))
        try await StoredInbox(runtime: daemon.runtime, platform: PlatformID("console")).receive([event])
    }

    /// The id of the first session that comes to its end.
    private func endOfSession(_ events: AsyncStream<SupervisionEvent>) async -> SessionID? {
        for await event in events where event.path.components.dropLast() == ["sessions"] {
            if case .exited(_, .normal) = event.kind, let id = event.path.components.last { return SessionID(id) }
        }
        return nil
    }

    private func report(_ session: SessionID) async throws {
        guard let row = try await daemon.runtime.store.read({ try $0.session(session) }) else { return }
        let patch = try await daemon.runtime.store.read { try $0.saves(session: session) }.last
        guard row.state == "completed", let patch else {
            return isAttended
                ? () : outcome.withLock { $0 = "The first task ended as \(row.state), with nothing saved." }
        }
        await daemon.console?.announce(
            """
            **That was a whole task**: sandbox made, agent run, question and permission answered, work saved, sandbox \
            gone. The change: `git -C \(repository.path) apply \(patch.path)`
            Next: copy `config.example.toml` to `config.toml`, name your agent there, and run `anycode`.
            """)
    }
}
