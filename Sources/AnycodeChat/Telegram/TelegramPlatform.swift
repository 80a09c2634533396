package import AnycodeCore
package import HTTPTransport

/// Telegram through the Bot API: long polling in, messages with entities out.
package actor TelegramPlatform: ChatPlatform {
    package nonisolated let id = PlatformID("telegram")
    /// The text limit leaves room for what layout adds before 4096 units.
    package nonisolated let limits = ChatLimits(textUnits: 3800, labelUnits: 40)

    nonisolated let configuration: Configuration
    let client: TelegramClient
    let time: TelegramTime
    let gate: TelegramGate

    /// Groups that became supergroups, old id to new.
    var migrations = BoundedMemory<Int64, Int64>(capacity: 256)
    /// What messages show, to leave out edits that change nothing.
    var shown = BoundedMemory<Place, Shown>(capacity: 1024)
    /// By nonce: texts whose document is not yet posted.
    var halfSent = BoundedMemory<String, HalfSent>(capacity: 256)
    var answered = BoundedMemory<String, Bool>(capacity: 1024)
    private var refusedAlbums = BoundedMemory<String, Bool>(capacity: 64)

    struct Place: Hashable, Sendable {
        let chat: Int64
        let message: Int64
    }

    struct Shown: Hashable, Sendable {
        let text: TelegramText
        let keyboard: InlineKeyboard?
    }

    struct HalfSent: Sendable {
        let message: MessageID
        let place: Place
        /// Whether the document may be there already.
        var isUnknown = false
    }

    /// Nothing is sent or fetched before `run` or `send`. The client stays the caller's to shut down.
    package init(configuration: Configuration, http: HTTPClient) {
        self.configuration = configuration
        let time = TelegramTime(configuration.clock)
        self.time = time
        client = TelegramClient(
            http: http, baseURL: configuration.baseURL, token: configuration.token,
            timeout: configuration.callTimeout)
        gate = TelegramGate(limits: configuration.budget, time: time)
    }

    package func run(inbox: any ChatInbox, report: @escaping @Sendable (String) -> Void) async throws {
        let poller = TelegramPoller(client: client, time: time, configuration: configuration, report: report)
        let bot = try await poller.identify()
        let commands = configuration.commands
        // Without the list people still may type the commands.
        _ = try? await client.call(
            SetMyCommands(commands: commands.map { .init(command: $0.name, description: $0.description) }))
        let mapping = TelegramInbound(bot: bot, platform: id, commands: Set(commands.map(\.name)))
        let (outcomes, continuation) = AsyncStream.makeStream(
            of: TelegramInbound.Outcome.self, bufferingPolicy: .bufferingNewest(64))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await poller.run(mapping, inbox: inbox) { outcome in
                    if outcome.needsUs { continuation.yield(outcome) }
                }
            }
            group.addTask { for await outcome in outcomes { try await self.settle(outcome) } }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    package func permit(for chat: ChatID, priority: SendPriority) async throws(ChatError) {
        try await pass(try number(of: chat), priority)
    }

    // MARK: What the platform answers itself

    /// Best effort: what cannot be said now is not said.
    private func settle(_ outcome: TelegramInbound.Outcome) async throws {
        if let migration = outcome.migration { migrations[migration.from] = migration.to }
        if let callback = outcome.strayCallback { try? await acknowledge(callback, note: "") }
        guard let reply = outcome.reply, configuration.admits(reply.person, reply.conversation) else { return }
        if let album = reply.album {
            guard refusedAlbums[album] == nil else { return }
            refusedAlbums[album] = true
        }
        do throws(ChatError) {
            try await permit(for: reply.conversation.chat, priority: .notice)
            _ = try await post(
                TelegramText(reply.words), keyboard: nil, rings: false, to: reply.conversation, answering: reply.message
            )
        } catch {
            if error.code == .cancelled { throw CancellationError() }
        }
    }
}

extension TelegramInbound.Outcome {
    /// Whether there is more to do than to store the event.
    var needsUs: Bool { reply != nil || strayCallback != nil || migration != nil }
}
