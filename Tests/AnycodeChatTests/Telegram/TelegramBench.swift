import AnycodeCore
import FakeTelegram
import Foundation
import HTTPTransport
import Synchronization
import TestSupport

@testable import AnycodeChat

/// A platform, the server it talks to, and the time both live in.
struct TelegramBench: Sendable {
    let fake: FakeTelegram
    let http: HTTPClient
    let clock: TestSupport.ManualClock
    let reports = Reports()

    static let chat = ChatID(platform: PlatformID("telegram"), value: "42")
    static let conversation = Conversation(chat: chat)
    static let group = Conversation(chat: ChatID(platform: PlatformID("telegram"), value: "-5"))

    /// Runs a test with a private chat 42 and a group -5.
    static func run(_ body: (TelegramBench) async throws -> Void) async throws {
        let clock = TestSupport.ManualClock()
        let fake = try FakeTelegram(now: { clock.now.offset })
        let bench = TelegramBench(fake: fake, http: try HTTPClient(), clock: clock)
        fake.addChat(42)
        fake.addChat(-5, type: "supergroup")
        do {
            try await body(bench)
        } catch {
            await bench.end()
            throw error
        }
        await bench.end()
    }

    private func end() async {
        fake.stop()
        await http.shutdown()
    }

    func platform(
        token: String = FakeTelegram.token, url: String? = nil, removesWebhook: Bool = false, admitted: String = "42",
        memory: Notes = Notes()
    ) -> TelegramPlatform {
        let clock = clock
        var configuration = TelegramPlatform.Configuration(
            token: Secret(token), baseURL: url ?? fake.url, admits: { person, _ in person.id.rawValue == admitted },
            memory: memory, removesWebhook: removesWebhook, callTimeout: .seconds(20), clock: clock,
            now: { Date(timeIntervalSince1970: 1_790_000_000 + clock.now.offset / .seconds(1)) }, random: { 0 })
        // Nothing was sent before the test began.
        configuration.budget.startPause = .zero
        return TelegramPlatform(configuration: configuration, http: http)
    }

    /// Runs the platform while `body` does, then ends it.
    func running(_ platform: TelegramPlatform, inbox: RecordingInbox, _ body: () async throws -> Void) async throws {
        let reports = reports
        let task = Task { try await platform.run(inbox: inbox) { reports.add($0) } }
        do {
            try await body()
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
        task.cancel()
        _ = await task.result
    }

    /// Sends with a permit, as the outbox does; time passes as it must.
    func send(
        _ platform: TelegramPlatform, _ message: OutgoingMessage, to conversation: Conversation = Self.conversation,
        nonce: String = "n"
    ) async throws -> MessageID {
        clock.advance(by: .seconds(4))
        return try await passing {
            try await platform.permit(for: conversation.chat, priority: .final)
            return try await platform.send(message, to: conversation, nonce: nonce)
        }
    }

    func edit(
        _ platform: TelegramPlatform, _ id: MessageID, _ message: OutgoingMessage,
        in conversation: Conversation = Self.conversation
    ) async throws {
        clock.advance(by: .seconds(4))
        try await passing {
            try await platform.permit(for: conversation.chat, priority: .final)
            try await platform.edit(id, in: conversation, to: message)
        }
    }

    /// Runs `body` and lets time pass whenever it sleeps.
    func passing<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let clock = clock
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !Task.isCancelled {
                    try? await clock.waitForSleepers(count: 1)
                    if !Task.isCancelled { clock.advanceToNextDeadline() }
                }
                return nil
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// The error that a call ends with.
    func failure<T: Sendable>(_ body: () async throws -> T) async -> ChatError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? ChatError
        }
    }
}

/// What the platform says of itself.
final class Reports: Sendable {
    private let words = Mutex<[String]>([])

    var all: [String] { words.withLock { $0 } }

    func add(_ text: String) {
        words.withLock { $0.append(text) }
    }

    /// Returns when a report contains the text.
    func wait(for text: String) async {
        while !all.contains(where: { $0.contains(text) }) { await Task.yield() }
    }
}

/// Counts what concurrent tasks have done.
final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func add() {
        value.withLock { $0 += 1 }
    }
}

/// What a platform keeps, for as long as the test runs.
final class Notes: ChatMemory {
    struct Key: Hashable {
        let key: String
        let conversation: Conversation
    }

    private let values = Mutex<[Key: String]>([:])

    func recall(_ key: String, of conversation: Conversation) async throws -> String? {
        values.withLock { $0[Key(key: key, conversation: conversation)] }
    }

    /// Returns when a value of this key, of any conversation, is so.
    func wait(for key: String, _ isSo: (String) -> Bool) async {
        while !values.withLock({ $0.contains { $0.key.key == key && isSo($0.value) } }) { await Task.yield() }
    }

    func keep(_ values: [ChatMemoryValue]) async throws {
        self.values.withLock { known in
            for value in values { known[Key(key: value.key, conversation: value.conversation)] = value.value }
        }
    }
}
