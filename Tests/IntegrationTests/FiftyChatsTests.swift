import AnycodeChat
import AnycodeCore
import AnycodeRuntime
import AnycodeStore
import FakeTelegram
import Foundation
import HTTPTransport
import Logging
import Supervision
import TestSupport
import Testing

/// Fifty chats whose agents all talk at once: the daemon's tree, store and Bot API client against a server that counts.
@Suite struct FiftyChatsTests {
    private static let people = Array(101...140)
    private static let groups = Array(-1010 ... -1001)
    private static let words = 60
    private var chats: [Int] { Self.people + Self.groups }

    @Test func allStayWithinEveryLimitAndFinalsGoFirst() async throws {
        try await withTelegram { fake in
            for chat in chats { fake.addChat(chat, type: chat < 0 ? "supergroup" : "private") }
            let directory = try TemporaryDirectory(prefix: "anycode-fifty")
            let store = try Store(path: directory.file("anycode.db"), execution: .writerThread)
            defer { store.close() }
            let http = try HTTPClient()
            let platform = Self.platform(fake, store, http)
            let runtime = Self.runtime(platform, store)
            let root = try RootSupervisor.make(runtime)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await root.run() }
                for chat in chats { fake.say("/task talk", by: max(chat, 42), in: chat) }
                for chat in chats {
                    #expect(await fake.shows(1, in: chat, within: .seconds(150)) { $0.text.contains("✅ Done") })
                    let last = "word\(Self.words)"
                    #expect(await fake.shows(1, in: chat, within: .seconds(150)) { $0.text.contains(last) })
                    // Edits of streamed output are due last, maybe behind the final.
                    #expect(await fake.shows(1, in: chat, within: .seconds(150), where: Self.isFolded))
                }
                root.stop()
                try await group.waitForAll()
            }
            await http.shutdown()
            check(fake, platform.permits)
        }
    }

    @Sendable private static func isFolded(_ message: Message) -> Bool {
        message.text.contains("object_30") && "\(message.entities)".contains("expandable")
    }

    private func check(_ fake: FakeTelegram, _ permits: [WatchedPlatform.Permit]) {
        #expect(fake.violations == [])
        for chat in chats {
            let messages = fake.messages(in: chat)
            #expect(messages.count { $0.text.contains("✅ Done") } == 1)
            #expect(messages.count { $0.text.contains("word1 ") } == 1)
            #expect(messages.count(where: Self.isFolded) == 1)
        }
        // How many less urgent calls of other chats go between the moment in which a call could go and its turn.
        func overtaken(_ priority: SendPriority) -> Double {
            let own = permits.filter { $0.priority == priority }
            let counts = own.map { call in
                permits.count {
                    $0.priority < .final && $0.chat != call.chat && $0.given > call.due && $0.given < call.given
                }
            }
            return Double(counts.reduce(0, +)) / Double(max(1, own.count))
        }
        #expect(permits.count { $0.priority == .final } == chats.count)
        let (finals, streams) = (overtaken(.final), overtaken(.stream))
        #expect(streams > 8, "the budget was not short: \(streams)")
        #expect(finals * 4 < streams, "finals waited for \(finals) others, streamed output for \(streams)")
    }

    private static func platform(_ fake: FakeTelegram, _ store: Store, _ http: HTTPClient) -> WatchedPlatform {
        let configuration = TelegramPlatform.Configuration(
            token: Secret(FakeTelegram.token), baseURL: fake.url, admits: { _, _ in true },
            memory: StoredChatMemory(store: store))
        return WatchedPlatform(TelegramPlatform(configuration: configuration, http: http), spacing: .milliseconds(1050))
    }

    private static func runtime(_ platform: any ChatPlatform, _ store: Store) -> Runtime {
        let agents = PlayedAgents(words: words, pace: .milliseconds(150))
        var configuration = RuntimeConfiguration(defaultAgent: AgentName("played"))
        configuration.agents = [AgentProfile(name: AgentName("played"))]
        return Runtime(
            configuration: configuration, store: store, instance: InstanceID("fifty"), platforms: [platform],
            provider: agents, connector: agents,
            archive: PatchArchive(write: { _, _ in "none" }, read: { _ in [] }, writeDocument: { _, _, _ in "none" }),
            clock: .system,
            makeID: { UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased() },
            token: { Secret("token-\($0)") }, logger: Logger(label: "fifty") { _ in SwiftLogNoOpLogHandler() })
    }
}
