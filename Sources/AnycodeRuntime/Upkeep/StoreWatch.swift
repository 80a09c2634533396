import AnycodeCore
import AnycodeStore
import Logging
import Supervision
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Says in the tree, in the log and, when it lasts, in the chats it concerns that nothing can be stored; and when it
/// can again.
actor StoreWatch: Child {
    /// How long chats are spared the news of what may pass by itself.
    static let patience: Duration = .seconds(20)

    private let runtime: Runtime
    private let context: ChildContext
    /// Where the trouble was told.
    private var told: Set<Conversation> = []

    init(runtime: Runtime, context: ChildContext) {
        self.runtime = runtime
        self.context = context
    }

    func run() async throws {
        context.status[detail: "status"] = "stores"
        for await trouble in runtime.store.gate.troubles {
            if let trouble { try await endure(trouble) }
        }
        try Task.checkCancellation()
    }

    private func endure(_ first: StoreError) async throws {
        let began = runtime.clock.now()
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await self.tellWhenItLasts(first) }
            for await trouble in runtime.store.gate.troubles {
                guard let trouble else { break }
                context.status.wait(for: Self.words(trouble))
                runtime.logger.error(
                    "nothing can be stored; the daemon waits and goes on by itself", metadata: ["error": "\(trouble)"])
            }
            try Task.checkCancellation()
            group.cancelAll()
        }
        let lasted = runtime.clock.now() - began
        context.status.endWait()
        context.status.showPast("trouble", "\(Self.name(first)) for \(Self.words(lasted))")
        runtime.logger.notice("everything can be stored again", metadata: ["lasted": "\(Self.words(lasted))"])
        try await tellEnd()
    }

    // MARK: Chats

    /// What cannot be stored cannot be said in the usual way: this is sent past the store, once, and not repeated.
    private func tellWhenItLasts(_ trouble: StoreError) async throws {
        do { try await runtime.clock.sleep(Self.patience) } catch { return }
        let message = OutgoingMessage(
            markdown: """
                ⚠️ \(Self.chatWords(trouble)) so nothing can be stored and nothing goes on here. Nothing is lost: what \
                you write is taken and agents go on as soon as it is mended.
                """, rings: true)
        for conversation in concerned {
            guard let outbox = try? await runtime.outbox(for: conversation.chat) else { continue }
            if await outbox.tellUnstored(message, in: conversation, nonce: runtime.makeID()) {
                told.insert(conversation)
            }
        }
    }

    /// Where a session is at work, and where somebody wrote what could not be stored.
    private var concerned: [Conversation] {
        let working = runtime.sessions.values.filter { session in
            switch session.brief.activity {
            case .active, .waiting, .ending: true
            case .idle, .done: false
            }
        }
        return Set(working.map(\.header.conversation) + runtime.unstored.conversations)
            .sorted { $0.description < $1.description }
    }

    private func tellEnd() async throws {
        let conversations = told.sorted { $0.description < $1.description }
        told = []
        for conversation in conversations {
            let message = OutgoingMessage(markdown: "✅ The daemon can store again; all goes on.")
            try await runtime.post(message, to: conversation)
        }
    }

    // MARK: Words

    private static func name(_ trouble: StoreError) -> String {
        trouble.code == .diskFull ? "disk full" : "database locked"
    }

    private static func words(_ trouble: StoreError) -> String {
        switch trouble.code {
        case .diskFull: "disk full: nothing is stored until there is space on the database's volume"
        default: "database locked by another program: nothing is stored until it lets go"
        }
    }

    private static func chatWords(_ trouble: StoreError) -> String {
        switch trouble.code {
        case .diskFull: "The disk of this bot's machine is full,"
        default: "Another program on this bot's machine holds its database,"
        }
    }

    private static func words(_ duration: Duration) -> String { ReportView.duration(Int(duration.inSeconds.rounded())) }
}

/// Where people wrote what the store has not taken yet.
final class Unstored: Sendable {
    private let counts = Mutex<[Conversation: Int]>([:])

    var conversations: [Conversation] { counts.withLock { Array($0.keys) } }

    /// Counts these conversations in while `body` runs.
    func holding(_ conversations: some Sequence<Conversation>, _ body: () async throws -> Void) async rethrows {
        let conversations = Set(conversations)
        counts.withLock { counts in
            for conversation in conversations { counts[conversation, default: 0] += 1 }
        }
        defer {
            counts.withLock { counts in
                for conversation in conversations {
                    let left = (counts[conversation] ?? 1) - 1
                    counts[conversation] = left > 0 ? left : nil
                }
            }
        }
        try await body()
    }
}
