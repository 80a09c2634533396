import AnycodeControl
import FakeTelegram
import Foundation
import TestJSON
import Testing

/// The whole life of a task in a forum, with everything going wrong on the way that can: the chat ends as the view of
/// the transcript says, once but for labelled repeats, in order, and no request was against the rules.
@Suite struct TelegramLifeTests {
    private static let forum = -1001

    @Test func theChatIsTheViewOfTheTranscriptWhateverHappens() async throws {
        try await withTelegram { fake in
            fake.addChat(Self.forum, type: "supergroup", isForum: true)
            try await Installation.with { installation in
                try installation.configure(chats: fake.section(), session: "linger_seconds = 900")
                let topic = try await live(fake, installation)
                try await check(fake, installation, topic)
            }
        }
    }

    /// - Returns: the topic of the task.
    private func live(_ fake: FakeTelegram, _ installation: Installation) async throws -> Int {
        var daemon = try installation.daemon()
        fake.arrange(.hang, for: "editMessageText")
        fake.sendAlbum([[1, 2, 3], [4, 5]], caption: "/task slow make it friendlier", in: Self.forum)

        // Killed in the middle of an edit, of which nobody knows whether it was made.
        #expect(await fake.sees("editMessageText", count: 1))
        await daemon.killNow()
        fake.arrange(
            .dropAfter, .answer(status: "502 Bad Gateway", body: "<html>"), .dropBefore, .flood(seconds: 2),
            for: "editMessageText")
        daemon = try installation.daemon()
        try await fake.press("Brief", under: "Which greeting", in: Self.forum)
        let topic = try #require(fake.topics(in: Self.forum).keys.first)

        // Posted, but the answer is lost: it is repeated with a label, and a click on either counts.
        fake.arrange(.dropAfter, for: "sendMessage", containing: "May it? Create README.md")
        try await fake.expect("(possibly a repeat)", in: Self.forum)
        try await fake.press("Allow once", under: "🔐 May it? Create README.md", in: Self.forum, first: true)
        try await fake.expect("May it? Create scripts/check-welcome.sh", in: Self.forum)
        let edits = fake.requests("editMessageText").count
        fake.arrange(.hang, for: "editMessageText")
        try await fake.press("Always allow", under: "May it? Create scripts/check-welcome.sh", in: Self.forum)
        #expect(await fake.sees("editMessageText", count: edits + 1))
        await daemon.killNow()
        daemon = try installation.daemon()
        fake.arrange(.flood(seconds: 3), for: "sendMessage", containing: "May it? sh scripts")
        try await fake.press("Allow once", under: "May it? sh scripts/check-welcome.sh", in: Self.forum)
        try await fake.expect("✅ Done", in: Self.forum)

        fake.say("warm please", in: Self.forum, topic: topic)
        try await fake.expect("I change the greeting", in: Self.forum)
        #expect(await fake.shows(2, in: Self.forum) { $0.text.contains("✅ Done") })
        fake.say("/diff", in: Self.forum, topic: topic)
        // One with each final, one with the diff.
        #expect(await fake.shows(3, in: Self.forum) { $0.document != nil })
        let patches = fake.messages(in: Self.forum).filter { $0.document != nil }
        #expect(
            patches.map { String(decoding: $0.documentBytes, as: UTF8.self).contains("+Welcome! We are") } == [
                false, true, true,
            ])
        fake.say("/cancel", in: Self.forum, topic: topic)
        try await fake.expect("cancelled, sandbox removed", in: Self.forum)
        // The chat may be behind by now, and Telegram's limits keep it so for longer than a shutdown lasts: the next
        // start makes it whole.
        daemon.signal(SIGTERM)
        #expect(await daemon.end() == 0)
        daemon = try installation.daemon()
        #expect(await isQuiet(installation), "a session goes on")
        daemon.signal(SIGTERM)
        #expect(await daemon.end() == 0)
        return topic
    }

    /// Returns when no session is left.
    private func isQuiet(_ installation: Installation) async -> Bool {
        let end = ContinuousClock.now + .seconds(150)
        while ContinuousClock.now < end {
            let nodes = try? await installation.tree().flattened
            if let nodes, nodes.contains(where: { $0.path == "sessions" }),
                !nodes.contains(where: { $0.path.hasPrefix("sessions/") })
            {
                return true
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
        return false
    }

    private func check(_ fake: FakeTelegram, _ installation: Installation, _ topic: Int) async throws {
        #expect(fake.violations == [])
        #expect(fake.topics(in: Self.forum) == [topic: "slow make it friendlier"])
        let chat = fake.messages(in: Self.forum)
        #expect(chat.allSatisfy { $0.thread == topic })

        let slots = try #require(try await ExpectedChat.sessions(database: installation.path + "/anycode.db").first)
        #expect(slots.count > 8)
        var places: [Int] = []
        for slot in slots {
            let message = try #require(chat.first { $0.id == slot.message }, "\(slot.line)")
            #expect(message.line == slot.line)
            places.append(message.id)
        }
        #expect(places == places.sorted())

        // Documents, which follow their messages, the first copy of what was repeated, and the diff, which is no part of
        // the view.
        let others = chat.filter { !places.contains($0.id) }
        let documents = others.filter { $0.document != nil }
        #expect(
            documents.allSatisfy { document in chat.contains { $0.id == document.replyTo && $0.text.contains("+") } })
        #expect(documents.count == 4)
        #expect(others.count { $0.text.hasPrefix("🔐 May it? Create README.md") } == 1)
        #expect(others.count { $0.text.contains("Changes of") } == 1)
        #expect(others.count == 6, "\(others.map(\.text))")
        let silent = chat.filter { ($0.text.contains("✅ Done") || $0.text.contains("❓")) && !$0.rings }
        #expect(silent.map(\.text) == [])
        #expect(!fake.requests("sendChatAction").isEmpty)
    }
}
