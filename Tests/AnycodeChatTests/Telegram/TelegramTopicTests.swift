import AnycodeCore
import FakeTelegram
import Foundation
import TestJSON
import TestSupport
import Testing

@testable import AnycodeChat

@Suite struct TelegramTopicTests {
    private static let forum = ChatID(platform: PlatformID("telegram"), value: "-6")
    private static let thread = Conversation.ownThread(of: SessionID("7f3a2b1c"), in: forum)

    private func run(_ body: (TelegramBench, Notes) async throws -> Void) async throws {
        try await TelegramBench.run { bench in
            bench.fake.addChat(-6, type: "supergroup", isForum: true)
            let notes = Notes()
            try await notes.keep([ChatMemoryValue(ChatMemoryValue.threadName, of: Self.thread, "fix the test")])
            try await body(bench, notes)
            #expect(bench.fake.violations == [])
        }
    }

    @Test func theFirstMessageOpensTheTopic() async throws {
        try await run { bench, notes in
            let platform = bench.platform(memory: notes)
            await platform.showTyping(in: Self.thread)
            for word in ["one", "two"] {
                _ = try await bench.send(platform, OutgoingMessage(markdown: word), to: Self.thread, nonce: word)
            }
            let topics = bench.fake.topics(in: -6)
            #expect(Array(topics.values) == ["fix the test"])
            #expect(bench.fake.messages(in: -6).map(\.thread) == [topics.keys.first, topics.keys.first])
            await platform.showTyping(in: Self.thread)
            #expect(bench.fake.requests("sendChatAction").count == 1)

            let later = bench.platform(memory: notes)
            _ = try await bench.send(later, OutgoingMessage(markdown: "three"), to: Self.thread, nonce: "three")
            #expect(bench.fake.topics(in: -6).count == 1)
            #expect(bench.fake.messages(in: -6).last?.thread == topics.keys.first)
        }
    }

    @Test func whatIsWrittenInOurTopicComesUnderOurName() async throws {
        try await run { bench, notes in
            let platform = bench.platform(memory: notes)
            _ = try await bench.send(platform, OutgoingMessage(markdown: "one"), to: Self.thread)
            let topic = try #require(bench.fake.topics(in: -6).keys.first)
            for platform in [platform, bench.platform(memory: notes)] {
                let inbox = RecordingInbox()
                try await bench.running(platform, inbox: inbox) {
                    bench.fake.say("go on", in: -6, topic: topic)
                    let events = await inbox.first(1)
                    // Telegram delivers again what the first had no time to confirm.
                    #expect(Set(events.map(\.conversation)) == [Self.thread])
                    #expect(events.filter { $0.opensThread }.isEmpty)
                }
            }
        }
    }

    @Test func otherTopicsKeepTheirIds() async throws {
        try await run { bench, notes in
            let inbox = RecordingInbox()
            try await bench.running(bench.platform(memory: notes), inbox: inbox) {
                bench.fake.say("/task here", in: -6, topic: 77)
                let events = await inbox.first(1)
                #expect(events.map(\.conversation) == [Conversation(chat: Self.forum, thread: "77")])
            }
        }
    }

    @Test(arguments: [false, true]) func closedAndDeletedTopicsFallBackToTheChat(isDeleted: Bool) async throws {
        try await run { bench, notes in
            let platform = bench.platform(memory: notes)
            _ = try await bench.send(platform, OutgoingMessage(markdown: "in"), to: Self.thread, nonce: "1")
            let topic = try #require(bench.fake.topics(in: -6).keys.first)
            if isDeleted { bench.fake.deleteTopic(topic, in: -6) } else { bench.fake.closeTopic(topic, in: -6) }
            _ = try await bench.send(platform, OutgoingMessage(markdown: "out"), to: Self.thread, nonce: "2")
            _ = try await bench.send(platform, OutgoingMessage(markdown: "out"), to: Self.thread, nonce: "3")
            #expect(bench.fake.messages(in: -6).map(\.thread) == [topic, nil, nil])
            #expect(bench.fake.requests("sendMessage").count == 4)
        }
    }

    @Test func aTopicThatIsOpenAgainIsUsedAgain() async throws {
        try await run { bench, notes in
            let platform = bench.platform(memory: notes)
            _ = try await bench.send(platform, OutgoingMessage(markdown: "in"), to: Self.thread, nonce: "1")
            let topic = try #require(bench.fake.topics(in: -6).keys.first)
            bench.fake.closeTopic(topic, in: -6)
            _ = try await bench.send(platform, OutgoingMessage(markdown: "out"), to: Self.thread, nonce: "2")
            bench.fake.closeTopic(topic, in: -6, false)
            let inbox = RecordingInbox()
            try await bench.running(platform, inbox: inbox) {
                bench.fake.say("here again", in: -6, topic: topic)
                _ = await inbox.first(1)
            }
            _ = try await bench.send(platform, OutgoingMessage(markdown: "in"), to: Self.thread, nonce: "3")
            #expect(bench.fake.messages(in: -6).map(\.thread) == [topic, nil, topic])
        }
    }

    @Test func whereTheBotMayNotTheChatItselfHasToDo() async throws {
        try await run { bench, notes in
            bench.fake.arrange(
                .refuse(code: 400, description: "Bad Request: not enough rights to create a topic"),
                for: "createForumTopic")
            let platform = bench.platform(memory: notes)
            for word in ["one", "two"] {
                _ = try await bench.send(platform, OutgoingMessage(markdown: word), to: Self.thread, nonce: word)
            }
            #expect(bench.fake.messages(in: -6).map(\.thread) == [nil, nil])
            let later = bench.platform(memory: notes)
            _ = try await bench.send(later, OutgoingMessage(markdown: "three"), to: Self.thread, nonce: "three")
            #expect(bench.fake.requests("createForumTopic").count == 1)
        }
    }

    @Test func aFloodWhileTheTopicIsOpenedIsWaitedFor() async throws {
        try await run { bench, notes in
            bench.fake.arrange(.flood(seconds: 3), for: "createForumTopic")
            let platform = bench.platform(memory: notes)
            let message = OutgoingMessage(markdown: "one")
            let error = await bench.failure { try await platform.send(message, to: Self.thread, nonce: "1") }
            #expect(error?.code == .flood(retryAfter: .seconds(3)))
            _ = try await bench.send(platform, message, to: Self.thread, nonce: "1")
            #expect(bench.fake.messages(in: -6).count == 1)
        }
    }
}
