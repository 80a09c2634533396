import AnycodeCore
import Foundation
import TestJSON
import Testing

@testable import AnycodeChat

@Suite struct TelegramInboundTests {
    private let mapping = TelegramInbound(
        bot: TelegramUser(id: 99, isBot: true, firstName: "Any", lastName: nil, username: "Any_Bot"),
        platform: PlatformID("telegram"), commands: ["task", "status"])

    private func outcome(_ members: JSON) throws -> TelegramInbound.Outcome {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let update = try decoder.decode(TelegramUpdate.self, from: Data(members.text.utf8))
        return try #require(mapping.outcomes(of: [update], now: Date(timeIntervalSince1970: 5)).first)
    }

    private func message(_ extra: [String: JSON], chat: JSON = ["id": 42, "type": "private"]) throws
        -> TelegramInbound.Outcome
    {
        let base: JSON = [
            "message_id": 7, "date": 1000, "chat": chat,
            "from": ["id": 42, "is_bot": false, "first_name": "Ana", "last_name": "B"],
        ]
        return try outcome(["update_id": 901, "message": base.with(extra.mapValues { $0 })])
    }

    private func words(_ outcome: TelegramInbound.Outcome) -> String? {
        if case .text(let text)? = outcome.event?.content { text.text } else { nil }
    }

    private func files(_ outcome: TelegramInbound.Outcome) -> [SentFile] {
        if case .text(let text)? = outcome.event?.content { text.attachments } else { [] }
    }

    private static let group: JSON = ["id": -1005, "type": "supergroup", "title": "Team"]

    @Test func privateTextBecomesAnEvent() throws {
        let event = try #require(try message(["text": " hello "]).event)
        #expect(event.key == "99:901")
        #expect(event.conversation.description == "telegram:42")
        #expect(event.sender == Person(id: PersonID("42"), name: "Ana B"))
        #expect(event.sentAt == Date(timeIntervalSince1970: 1000))
        #expect(event.content == .text(TextMessage(id: MessageID("7"), text: "hello")))
    }

    @Test(
        arguments: [
            ("/task fix", "/task fix"), ("/task@any_bot fix", "/task fix"), ("/TASK@Any_Bot", "/TASK"),
            ("/task@other_bot fix", nil), ("//x", "//x"), ("/x\nmore", "/x\nmore"),
        ] as [(String, String?)]) func commandsLoseOurName(text: String, expected: String?) throws
    {
        #expect(try words(message(["text": .string(text)])) == expected)
    }

    @Test(
        arguments: [
            ("hello", nil), ("/task a", "/task a"), ("/task@any_bot a", "/task a"), ("/other a", nil),
            ("/other@any_bot a", "/other a"), ("/task@other_bot a", nil), ("//x", nil),
        ] as [(String, String?)]) func groupsAreHeardOnlyWhenSpokenTo(text: String, expected: String?) throws
    {
        #expect(try words(message(["text": .string(text)], chat: Self.group)) == expected)
    }

    @Test func mentionsInGroupsCount() throws {
        let first = try message(
            ["text": "@any_bot, /status", "entities": [["type": "mention", "offset": 0, "length": 8]]],
            chat: Self.group)
        #expect(words(first) == "/status")
        let later = try message(
            ["text": "😀 ask @Any_Bot", "entities": [["type": "mention", "offset": 7, "length": 8]]], chat: Self.group)
        #expect(words(later) == "😀 ask @Any_Bot")
        let other = try message(
            ["text": "@any_both hi", "entities": [["type": "mention", "offset": 0, "length": 9]]], chat: Self.group)
        #expect(words(other) == nil)
        let broken = try message(
            ["text": "hi", "entities": [["type": "mention", "offset": 1, "length": 9_000_000]]], chat: Self.group)
        #expect(words(broken) == nil)
    }

    @Test func repliesToUsCount() throws {
        let ours: JSON = ["message_id": 3, "from": ["id": 99, "is_bot": true]]
        let outcome = try message(["text": "yes", "reply_to_message": ours], chat: Self.group)
        #expect(outcome.event?.content == .text(TextMessage(id: MessageID("7"), text: "yes", replyTo: MessageID("3"))))
        let theirs: JSON = ["message_id": 3, "from": ["id": 5]]
        #expect(try message(["text": "yes", "reply_to_message": theirs], chat: Self.group).event == nil)
    }

    @Test func topicsAreThreads() throws {
        let topic: [String: JSON] = ["text": "/status", "message_thread_id": 12, "is_topic_message": true]
        #expect(try message(topic, chat: Self.group).event?.conversation.thread == "12")
        let plain: [String: JSON] = ["text": "/status", "message_thread_id": 12]
        #expect(try message(plain, chat: Self.group).event?.conversation.thread == nil)
    }

    @Test func everythingInOurTopicIsForUs() throws {
        let opening: JSON = ["message_id": 12, "from": ["id": 99], "forum_topic_created": ["name": "x"]]
        let outcome = try message(
            ["text": "go on", "message_thread_id": 12, "is_topic_message": true, "reply_to_message": opening],
            chat: Self.group)
        #expect(outcome.event?.content == .text(TextMessage(id: MessageID("7"), text: "go on")))
    }

    @Test func forwardedAndEditedAreNoCommands() throws {
        let origin: JSON = ["type": "user"]
        #expect(try words(message(["text": "/task x", "forward_origin": origin])) == "Forwarded: /task x")
        #expect(try words(message(["text": "log", "forward_origin": origin])) == "log")
        #expect(try message(["text": "/task x", "forward_origin": origin], chat: Self.group).event == nil)
        let edited = try outcome([
            "update_id": 1, "edited_message": ["message_id": 7, "date": 1, "chat": ["id": 4], "text": "/task x"],
        ])
        #expect(edited == TelegramInbound.Outcome())
    }

    @Test func captionsAreText() throws {
        let outcome = try message([
            "caption": "/task this", "photo": [["file_id": "s"], ["file_id": "l", "file_size": 9]],
        ])
        #expect(words(outcome) == "/task this")
        let file = SentFile(name: "photo-7.jpg", mediaType: "image/jpeg", bytes: 9, reference: "l")
        #expect(files(outcome) == [file])
        #expect(outcome.reply == nil)
    }

    @Test func filesKeepTheirNames() throws {
        let document: JSON = ["file_id": "d", "file_name": "a.pdf", "mime_type": "application/pdf", "file_size": 3]
        let outcome = try message(["document": document])
        #expect(words(outcome) == "")
        #expect(
            files(outcome) == [SentFile(name: "a.pdf", mediaType: "application/pdf", bytes: 3, reference: "d")])
        let video = try message(["video": ["file_id": "v", "duration": 3]])
        #expect(files(video).map(\.name) == ["video-7.mp4"])
    }

    /// The messages of an album, each an update of its own.
    private func album(_ captions: [String?], chat: JSON = ["id": 42, "type": "private"], from first: Int = 901) throws
        -> [TelegramUpdate]
    {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try captions.enumerated().map { place, caption in
            let number = first + place
            let message: JSON = [
                "message_id": .integer(number), "date": 1000, "chat": chat, "media_group_id": "g",
                "from": ["id": 42, "is_bot": false, "first_name": "Ana"],
                "photo": [["file_id": .string("p\(number)")]],
            ]
            let update: JSON = [
                "update_id": .integer(number), "message": message.with(["caption": caption.map { JSON.string($0) }]),
            ]
            return try decoder.decode(TelegramUpdate.self, from: Data(update.text.utf8))
        }
    }

    @Test func anAlbumIsOneMessageWithAllItsFiles() throws {
        let outcomes = mapping.outcomes(of: try album(["/task look", nil, nil]), now: .now)
        #expect(outcomes.count == 1)
        #expect(outcomes.first.flatMap(words) == "/task look")
        #expect(outcomes.first.map(files)?.map(\.reference) == ["p901", "p902", "p903"])
        #expect(outcomes.first?.event?.key == "99:901")
    }

    @Test func anAlbumInAGroupIsForUsWhenOneOfItIs() throws {
        let ours = mapping.outcomes(of: try album([nil, "/task look"], chat: Self.group), now: .now)
        #expect(ours.map(files).map(\.count) == [2])
        let others = mapping.outcomes(of: try album([nil, "look"], chat: Self.group), now: .now)
        #expect(others.map(\.event) == [nil])
    }

    @Test func anAlbumThatMayGrowIsWaitedFor() throws {
        let plain = try album([nil], from: 900).map(\.updateId)
        #expect(plain == [900])
        var wait = TelegramAlbumWait()
        let two = try album(["a", nil])
        #expect(wait.ready(two).isEmpty)
        let three = try album(["a", nil, nil])
        #expect(wait.ready(three).isEmpty)
        #expect(wait.ready(three).count == 3)
        #expect(wait.ready(try album(Array(repeating: nil, count: 10))).count == 10)
    }

    @Test func tasksInForumsGetTopics() throws {
        let forum: JSON = ["id": -1005, "type": "supergroup", "is_forum": true]
        #expect(try message(["text": "/task x"], chat: forum).event?.opensThread == true)
        let inTopic: [String: JSON] = ["text": "/task x", "message_thread_id": 3, "is_topic_message": true]
        #expect(try message(inTopic, chat: forum).event?.opensThread == false)
        #expect(try message(["text": "/task x"], chat: Self.group).event?.opensThread == false)
    }

    @Test func voiceIsAnsweredWithWhatToDo() throws {
        let outcome = try message(["voice": ["file_id": "f", "duration": 3]])
        #expect(outcome.event == nil)
        #expect(outcome.reply?.words.contains("write it") == true)
        #expect(try message(["voice": ["file_id": "f"]], chat: Self.group).reply == nil)
    }

    @Test func clicksCarryTheirToken() throws {
        let outcome = try outcome([
            "update_id": 5,
            "callback_query": [
                "id": "438", "from": ["id": 42, "first_name": "Ana"], "data": "p:1", "chat_instance": "9",
                "message": ["message_id": 8, "date": 0, "chat": ["id": -1005, "type": "supergroup"]],
            ],
        ])
        #expect(
            outcome.event?.content
                == .click(ButtonClick(token: "p:1", message: MessageID("8"), callback: "438")))
        #expect(outcome.event?.sentAt == Date(timeIntervalSince1970: 5))
    }

    @Test func clicksWithoutMessageOnlyStopTheirSpinner() throws {
        let outcome = try outcome(["update_id": 5, "callback_query": ["id": "438", "from": ["id": 42]]])
        #expect(outcome == TelegramInbound.Outcome(strayCallback: "438"))
    }

    @Test func whoWritesAsAChatIsThatChat() throws {
        let outcome = try message(
            [
                "text": "/status", "sender_chat": Self.group,
                "from": ["id": 1_087_968_824, "is_bot": true, "first_name": "Group"],
            ], chat: Self.group)
        #expect(outcome.event?.sender == Person(id: PersonID("-1005"), name: "Team"))
    }

    @Test func botsAndChannelPostsAreNotHeard() throws {
        #expect(try message(["text": "/task", "from": ["id": 5, "is_bot": true, "first_name": "x"]]).event == nil)
        #expect(try message(["text": "/task", "is_automatic_forward": true], chat: Self.group).event == nil)
        #expect(try outcome(["update_id": 5, "channel_post": ["text": "/task"]]).event == nil)
    }

    @Test func migrationIsNoticed() throws {
        let old = try message(["migrate_to_chat_id": -1009], chat: ["id": -9, "type": "group"])
        #expect(old.migration == .init(from: -9, to: -1009))
        let new = try message(["migrate_from_chat_id": -9], chat: ["id": -1009, "type": "supergroup"])
        #expect(new.migration == .init(from: -9, to: -1009))
    }

    @Test func anUnreadableUpdateIsPassedOver() throws {
        #expect(try outcome(["update_id": 5, "message": ["date": "never"]]) == TelegramInbound.Outcome())
    }
}
