package import AnycodeCore
package import HTTPTransport

/// Telegram through the Bot API: long polling in, messages with entities out.
package actor TelegramPlatform: ChatPlatform {
    package nonisolated let id = PlatformID("telegram")
    package nonisolated let limits = TelegramPlatform.chatLimits

    /// The text limit leaves room for what layout adds before 4096 units.
    static let chatLimits = ChatLimits(
        textUnits: 3800, labelUnits: 40, typingInterval: .milliseconds(4500), toolOutputUnits: 1200)

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
    /// Which topic each of our threads is.
    var topics = BoundedMemory<Conversation, Topic>(capacity: 4096)
    /// Our thread of each topic, by the topic's own place; the place itself where it is none of ours.
    private var threads = BoundedMemory<Conversation, Conversation>(capacity: 4096)
    /// When each chat was last shown that somebody types, and when any was.
    var typing = TelegramTyping()
    /// Chats of which the past is recalled.
    var recalled = BoundedMemory<Int64, Bool>(capacity: 4096)
    /// Where what the next process has to know goes while the platform runs.
    var kept: AsyncStream<ChatMemoryValue>.Continuation?
    /// Where what is learned of chats goes while the platform runs.
    private var learned: AsyncStream<TelegramInbound.Outcome>.Continuation?

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
        let mapping = TelegramInbound(
            bot: bot, platform: id, commands: Set(commands.map(\.name)), opensTopics: configuration.opensTopics)
        let (outcomes, continuation) = AsyncStream.makeStream(
            of: TelegramInbound.Outcome.self, bufferingPolicy: .bufferingNewest(64))
        learned = continuation
        let (pasts, keeper) = AsyncStream.makeStream(of: ChatMemoryValue.self, bufferingPolicy: .bufferingNewest(256))
        kept = keeper
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await poller.run(mapping, inbox: inbox) { event in
                    try await self.placed(event)
                } handle: { outcome in
                    if outcome.needsUs { continuation.yield(outcome) }
                }
            }
            group.addTask { await self.keepPasts(pasts) }
            group.addTask { for await outcome in outcomes { try await self.settle(outcome, inbox) } }
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
    private func settle(_ outcome: TelegramInbound.Outcome, _ inbox: any ChatInbox) async throws {
        if let migration = outcome.migration {
            migrations[migration.from] = migration.to
            let (old, new) = migration.chats(on: id)
            try await inbox.chat(old, becomes: new)
        }
        if let callback = outcome.strayCallback { try? await acknowledge(callback, note: "") }
        guard let reply = outcome.reply, await configuration.admits(reply.person, reply.conversation) else { return }
        do throws(ChatError) {
            try await permit(for: reply.conversation.chat, priority: .notice)
            _ = try await post(
                TelegramText(reply.words), keyboard: nil, rings: false, to: reply.conversation, answering: reply.message
            )
        } catch {
            if error.code == .cancelled { throw CancellationError() }
        }
    }

    /// A call was answered with the chat's new id.
    func learn(_ old: Int64, became new: Int64) {
        migrations[old] = new
        learned?.yield(TelegramInbound.Outcome(migration: .init(from: old, to: new)))
    }

    /// The event where we know it to belong: in a topic of ours, under the name that we gave it.
    private func placed(_ event: InboundEvent) async throws -> InboundEvent {
        let place = event.conversation
        guard place.thread != nil else { return event }
        let known: Conversation
        if let thread = threads[place] {
            known = thread
        } else {
            let thread = try await configuration.memory.recall(Self.threadOfTopic, of: place)
            known = thread.map { Conversation(chat: place.chat, thread: $0) } ?? place
            // What is none of ours now may become so only by our doing, which tells.
            threads[place] = known
        }
        if case .unusable? = topics[known] { topics[known] = nil }  // somebody wrote there, so it is open
        return known == place ? event : event.moved(to: known)
    }

    func know(_ thread: Conversation, as topic: Int64) {
        topics[thread] = .open(topic)
        threads[Conversation(chat: thread.chat, thread: String(topic))] = thread
    }

    static let threadOfTopic = "telegram.thread"
}

extension TelegramInbound.Outcome {
    /// Whether there is more to do than to store the event.
    var needsUs: Bool { reply != nil || strayCallback != nil || migration != nil }
}
