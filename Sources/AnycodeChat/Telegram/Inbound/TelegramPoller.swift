import AnycodeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Fetches updates until cancelled. Whatever goes wrong is reported and tried again, never faster than the pauses say.
struct TelegramPoller: Sendable {
    let client: TelegramClient
    let time: TelegramTime
    let configuration: TelegramPlatform.Configuration
    let report: @Sendable (String) -> Void

    /// Asks who we are, as often as it takes.
    func identify() async throws -> TelegramUser {
        report("connecting to Telegram")
        return try await persist { () async throws(TelegramFailure) in try await client.call(GetMe()) }
    }

    /// Delivers what people do. The offset moves, which confirms updates to Telegram, only after the inbox has them.
    ///
    /// - Throws: what the inbox throws, and `CancellationError`.
    ///
    /// - Parameter place: the place that an event belongs to, by our names of topics.
    func run(
        _ mapping: TelegramInbound, inbox: any ChatInbox,
        place: (InboundEvent) async throws -> InboundEvent, handle: (TelegramInbound.Outcome) -> Void
    ) async throws {
        let connected = "polling as @\(mapping.bot.username ?? String(mapping.bot.id))"
        report(connected)
        var offset: Int64?
        var albums = TelegramAlbumWait()
        while true {
            let began = time.now()
            let request = GetUpdates(offset: offset, timeout: configuration.pollSeconds)
            let updates = try await persist(connected) { () async throws(TelegramFailure) in
                try await client.call(request, timeout: .seconds(configuration.pollSeconds + 15))
            }
            let fresh = updates.filter { $0.updateId >= offset ?? .min }
            let ready = albums.ready(fresh)
            let outcomes = mapping.outcomes(of: Array(ready), now: configuration.now())
            try await store(outcomes, platform: mapping.platform, inbox: inbox, place: place)
            offset = ready.map { $0.updateId + 1 }.max() ?? offset
            for outcome in outcomes { handle(outcome) }
            // The rest of an album comes at once. And a server that does not hold the request open must not make us spin.
            if ready.count < fresh.count || fresh.isEmpty && time.now() - began < .seconds(1) {
                try await time.sleep(.seconds(1))
            }
        }
    }

    private func store(
        _ outcomes: [TelegramInbound.Outcome], platform: PlatformID, inbox: any ChatInbox,
        place: (InboundEvent) async throws -> InboundEvent
    ) async throws {
        var events: [InboundEvent] = []
        for outcome in outcomes {
            if let event = outcome.event { events.append(try await place(event)) }
        }
        if !events.isEmpty { try await inbox.receive(events) }
        for migration in outcomes.compactMap(\.migration) {
            let (old, new) = migration.chats(on: platform)
            try await inbox.chat(old, becomes: new)
        }
    }

    // MARK: Trouble

    private func persist<T: Sendable>(
        _ connected: String? = nil, _ call: () async throws(TelegramFailure) -> T
    ) async throws -> T {
        var backoff = TelegramBackoff(random: configuration.random)
        let began = time.now()
        while true {
            try Task.checkCancellation()
            let failure: TelegramFailure
            do throws(TelegramFailure) {
                let result = try await call()
                if backoff.isUsed, let connected { report(connected) }
                return result
            } catch {
                failure = error
            }
            if failure.isCancelled { throw CancellationError() }
            var trouble = Trouble(failure, backoff: &backoff)
            if failure.isConflict, failure.says("webhook") { trouble = await webhookTrouble(trouble) }
            let since = (time.now() - began).components.seconds
            report(since < 60 ? trouble.words : "\(trouble.words) (for \(since / 60) min)")
            try await time.sleep(trouble.pause)
        }
    }

    private struct Trouble {
        var words: String
        var pause: Duration

        init(words: String, pause: Duration) {
            self.words = words
            self.pause = pause
        }

        init(_ failure: TelegramFailure, backoff: inout TelegramBackoff) {
            let next = backoff.next()
            switch failure.kind {
            case .flood(let retryAfter):
                self.init(words: "flood wait", pause: retryAfter)
            case .refused where failure.isUnauthorized:
                self.init(
                    words: "Telegram refuses the bot token: take a new one from @BotFather, put it into "
                        + "telegram.bot_token and restart",
                    pause: .seconds(60))
            case .refused where failure.isConflict:
                self.init(
                    words: "another program fetches this bot's messages (409): stop it, or revoke the token with "
                        + "@BotFather",
                    pause: max(next, .seconds(5)))
            default:
                self.init(words: "offline: \(failure.message)", pause: next)
            }
        }
    }

    /// A webhook takes all updates; it is removed where the configuration says so.
    private func webhookTrouble(_ trouble: Trouble) async -> Trouble {
        guard configuration.removesWebhook else {
            let words =
                "a webhook takes this bot's messages (409): set telegram.remove_webhook = true and restart to remove it"
            return Trouble(words: words, pause: max(trouble.pause, .seconds(5)))
        }
        do throws(TelegramFailure) {
            _ = try await client.call(DeleteWebhook())
            return Trouble(words: "removed a webhook", pause: .seconds(1))
        } catch {
            return Trouble(words: "a webhook cannot be removed: \(error.message)", pause: trouble.pause)
        }
    }
}

/// Pauses of 1 s doubling to 30 s, each with up to a quarter of jitter.
struct TelegramBackoff {
    private let random: @Sendable () -> Double
    private var base = Duration.seconds(1)
    private(set) var isUsed = false

    init(random: @escaping @Sendable () -> Double) {
        self.random = random
    }

    mutating func next() -> Duration {
        defer {
            base = min(base * 2, .seconds(30))
            isUsed = true
        }
        return base + base * (min(max(random(), 0), 1) / 4)
    }
}
