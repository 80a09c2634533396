import AnycodeCore
import FakeTelegram
import Foundation
import TestJSON
import TestSupport
import Testing

@testable import AnycodeChat

@Suite struct TelegramPollingTests {
    @Test func updatesAreConfirmedOnlyWhenTheInboxHasThem() async throws {
        try await TelegramBench.run { bench in
            bench.fake.say("/task one")
            bench.fake.say("two")
            let inbox = RecordingInbox(failures: 1)
            await #expect(throws: RecordingInbox.Refused.self) {
                try await bench.platform().run(inbox: inbox) { _ in }
            }
            #expect(bench.fake.confirmed == 0)
            try await bench.running(bench.platform(), inbox: inbox) {
                let events = await inbox.first(2)
                #expect(events.map(\.key) == ["987654:901", "987654:902"])
                await bench.fake.waitForConfirmation(of: 902)
                await bench.reports.wait(for: "polling as @\(FakeTelegram.botName)")
            }
            #expect(bench.fake.requests("getUpdates").allSatisfy { $0["allowed_updates"]?.array?.count == 2 })
            #expect(bench.fake.requests("setMyCommands").count == 2)
            #expect(bench.fake.violations == [])
        }
    }

    @Test func laterUpdatesAreDeliveredOnce() async throws {
        try await TelegramBench.run { bench in
            let inbox = RecordingInbox()
            try await bench.running(bench.platform(), inbox: inbox) {
                for number in 1...5 {
                    bench.fake.say("text \(number)")
                    _ = await inbox.first(number)
                }
                #expect(await inbox.events.count == 5)
            }
        }
    }

    @Test func lostConnectionsAreRestoredWithGrowingPauses() async throws {
        try await TelegramBench.run { bench in
            bench.fake.arrange(
                .answer(status: "502 Bad Gateway", body: "<html>"), .answer(status: "200 OK", body: "<html>"),
                .refuse(code: 500, description: "Internal Server Error"), .flood(seconds: 9), for: "getUpdates")
            bench.fake.say("hello")
            let inbox = RecordingInbox()
            try await bench.running(bench.platform(), inbox: inbox) {
                for pause in [1, 2, 4, 9] {
                    try await bench.clock.waitForSleepers(count: 1)
                    #expect(bench.clock.advanceToNextDeadline() == .seconds(pause))
                }
                _ = await inbox.first(1)
                await bench.reports.wait(for: "offline: ")
                #expect(bench.reports.all.last?.hasPrefix("polling as") == true)
            }
        }
    }

    @Test func anHourOfflineEndsNothing() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform(url: "http://127.0.0.1:1")
            try await bench.running(platform, inbox: RecordingInbox()) {
                while bench.clock.now.offset < .seconds(3600) {
                    try await bench.clock.waitForSleepers(count: 1)
                    bench.clock.advanceToNextDeadline()
                }
                await bench.reports.wait(for: "(for 59 min)")
            }
            #expect(bench.reports.all.count < 140, "no busy loop")
        }
    }

    @Test func aRefusedTokenIsExplainedAndNotHammered() async throws {
        try await TelegramBench.run { bench in
            try await bench.running(bench.platform(token: "1:wrong"), inbox: RecordingInbox()) {
                await bench.reports.wait(for: "refuses the bot token")
                try await bench.clock.waitForSleepers(count: 1)
                #expect(bench.clock.advanceToNextDeadline() == .seconds(60))
            }
            #expect(!bench.reports.all.joined().contains("1:wrong"))
        }
    }

    @Test func aSecondPollerIsExplained() async throws {
        try await TelegramBench.run { bench in
            let words = "Conflict: terminated by other getUpdates request; make sure that only one bot runs"
            bench.fake.arrange(.refuse(code: 409, description: words), for: "getUpdates")
            try await bench.running(bench.platform(), inbox: RecordingInbox()) {
                await bench.reports.wait(for: "another program fetches")
                try await bench.clock.waitForSleepers(count: 1)
                #expect(bench.clock.advanceToNextDeadline() == .seconds(5))
                await bench.fake.waitForRequests("getUpdates", count: 2)
            }
        }
    }

    @Test func aWebhookIsRemovedOnlyWhereAllowed() async throws {
        try await TelegramBench.run { bench in
            bench.fake.setWebhook(true)
            bench.fake.say("hello")
            try await bench.running(bench.platform(), inbox: RecordingInbox()) {
                await bench.reports.wait(for: "a webhook takes")
                #expect(bench.fake.requests("deleteWebhook").isEmpty)
            }
            let inbox = RecordingInbox()
            try await bench.running(bench.platform(removesWebhook: true), inbox: inbox) {
                try await bench.clock.waitForSleepers(count: 1)
                bench.clock.advanceToNextDeadline()
                _ = await inbox.first(1)
            }
            #expect(bench.fake.requests("deleteWebhook").first?["drop_pending_updates"] == .bool(false))
        }
    }

    @Test func recordingsAreAnsweredOnceAndOnlyToTheAdmitted() async throws {
        try await TelegramBench.run { bench in
            bench.fake.sendMedia(["voice": ["file_id": "f", "duration": 1]])
            bench.fake.addChat(43)
            bench.fake.sendMedia(["voice": ["file_id": "f", "duration": 1]], by: 43, in: 43)
            let inbox = RecordingInbox()
            try await bench.running(bench.platform(), inbox: inbox) {
                await bench.fake.waitForRequests("sendMessage", count: 1)
                bench.fake.say("last")
                _ = await inbox.first(1)
            }
            #expect(bench.fake.messages(in: 42).map(\.replyTo) == [1])
            #expect(bench.fake.messages(in: 43).isEmpty)
            #expect(bench.fake.violations == [])
        }
    }

    @Test func clicksArriveAndStrayOnesAreSilenced() async throws {
        try await TelegramBench.run { bench in
            let inbox = RecordingInbox()
            try await bench.running(bench.platform(), inbox: inbox) {
                bench.fake.press("p:9f2:a", on: 3)
                bench.fake.deliver(["callback_query": ["id": "stray", "from": ["id": 42], "chat_instance": "1"]])
                let events = await inbox.first(1)
                guard case .click(let click)? = events.first?.content else {
                    Issue.record("no click but \(events)")
                    return
                }
                #expect(click.token == "p:9f2:a")
                await bench.fake.waitForRequests("answerCallbackQuery", count: 1)
            }
        }
    }
}
