import AnycodeCore
import FakeTelegram
import Foundation
import Synchronization
import TestJSON
import TestSupport
import Testing

@testable import AnycodeChat

@Suite struct TelegramSendingTests {
    private func failure(
        _ platform: TelegramPlatform, _ bench: TelegramBench, sending message: OutgoingMessage
    ) async -> ChatError? {
        await bench.failure { try await bench.send(platform, message) }
    }

    private func text(_ markdown: String, _ tokens: [String] = [], rings: Bool = false) -> OutgoingMessage {
        OutgoingMessage(
            markdown: markdown, buttons: tokens.isEmpty ? [] : [tokens.map { ChatButton(label: $0, token: $0) }],
            rings: rings)
    }

    @Test func theChatShowsWhatWasSentAndEdited() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let id = try await bench.send(platform, text("**Hello** 😀", ["yes", "no"], rings: true))
            let quiet = try await bench.send(platform, text("stream"), to: TelegramBench.group)
            try await bench.edit(platform, id, text("*Done*"))
            let message = try #require(bench.fake.messages(in: 42).first)
            #expect(message.text == "Done")
            #expect(message.buttons == [])
            #expect(message.rings)
            #expect(bench.fake.messages(in: -5).map(\.rings) == [false])
            #expect(quiet == MessageID("1"))
            #expect(bench.fake.violations == [])
        }
    }

    @Test func editsThatChangeNothingAreNotSent() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let id = try await bench.send(platform, text("a", ["x"]))
            try await bench.edit(platform, id, text("a", ["x"]))
            #expect(bench.fake.requests("editMessageText").isEmpty)
            try await bench.edit(platform, id, text("a", ["y"]))
            #expect(bench.fake.requests("editMessageText").isEmpty)
            #expect(bench.fake.requests("editMessageReplyMarkup").count == 1)
            #expect(bench.fake.messages(in: 42)[0].buttons == [[["y", "y"]]])
            // Another process knows nothing of what is shown: the server's refusal is as good.
            try await bench.edit(bench.platform(), id, text("a", ["y"]))
            #expect(bench.fake.requests("editMessageText").count == 1)
            #expect(bench.fake.violations == [])
        }
    }

    @Test func emptyMessagesShowAnEllipsis() async throws {
        try await TelegramBench.run { bench in
            _ = try await bench.send(bench.platform(), text(" \n"))
            #expect(bench.fake.messages(in: 42).map(\.text) == ["…"])
        }
    }

    @Test func tokensThatAreTooLongAreRefusedHere() async throws {
        try await TelegramBench.run { bench in
            let long = String(repeating: "é", count: 33)
            let error = await bench.failure { try await bench.send(bench.platform(), text("a", [long])) }
            #expect(error?.code == .rejected)
            #expect(bench.fake.requests("sendMessage").isEmpty)
        }
    }

    @Test func floodsAreWaitedOutExactly() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            bench.fake.arrange(.flood(seconds: 7), for: "sendMessage")
            let place = TelegramBench.conversation
            let first = await bench.failure { try await platform.send(text("a"), to: place, nonce: "n") }
            #expect(first?.code == .flood(retryAfter: .seconds(7)))
            bench.clock.advance(by: .seconds(3))
            let second = await bench.failure { try await platform.send(text("a"), to: place, nonce: "n") }
            #expect(second?.code == .flood(retryAfter: .seconds(4)))
            #expect(bench.fake.requests("sendMessage").count == 1, "nothing is sent into a flood")
            _ = try await bench.passing {
                try await platform.permit(for: TelegramBench.chat, priority: .final)
                return try await platform.send(text("a"), to: TelegramBench.conversation, nonce: "n")
            }
            #expect(bench.clock.now.offset == .seconds(7))
            #expect(bench.fake.messages(in: 42).count == 1)
            #expect(bench.fake.violations == [])
        }
    }

    @Test func aNewProcessKnowsTheOldOnesCallsAndPauses() async throws {
        try await TelegramBench.run { bench in
            let memory = Notes()
            let first = bench.platform(memory: memory)
            try await bench.running(first, inbox: RecordingInbox()) {
                await bench.reports.wait(for: "polling")
                for number in 0..<3 { _ = try await bench.send(first, text("\(number)"), to: TelegramBench.group) }
                bench.fake.arrange(.flood(seconds: 30), for: "sendMessage")
                _ = await bench.failure { try await bench.send(first, text("x"), to: TelegramBench.group) }
                await memory.wait(for: "telegram.past") { $0.contains("|") }
            }
            let second = bench.platform(memory: memory)
            _ = try await bench.passing {
                try await second.permit(for: TelegramBench.group.chat, priority: .final)
                return try await second.send(text("y"), to: TelegramBench.group, nonce: "n")
            }
            #expect(bench.fake.messages(in: -5).map(\.text) == ["0", "1", "2", "y"])
            #expect(bench.fake.violations == [])
        }
    }

    @Test func outcomesAreToldApart() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            bench.fake.arrange(
                .dropAfter, .answer(status: "502 Bad Gateway", body: "<html>"),
                .refuse(code: 403, description: "Forbidden: bot was blocked by the user"),
                .refuse(code: 401, description: "Unauthorized"),
                .refuse(code: 400, description: "Bad Request: message is too long"), for: "sendMessage")
            var codes: [ChatError.Code?] = []
            for _ in 0..<5 { codes.append(await bench.failure { try await bench.send(platform, text("a")) }?.code) }
            #expect(codes == [.outcomeUnknown, .outcomeUnknown, .chatGone, .unauthorized, .rejected])
            #expect(bench.fake.messages(in: 42).count == 1)
            let id = MessageID("1")
            // A call that a kept connection lost is made again by the transport itself, so not every fault is seen.
            let html = FakeTelegram.Fault.answer(status: "200 OK", body: "<html>")
            bench.fake.arrange(.dropBefore, .dropBefore, html, for: "editMessageText")
            var failures: [ChatError.Code] = []
            while let error = await bench.failure({ try await bench.edit(platform, id, text("b")) }) {
                failures.append(error.code)
            }
            #expect((1...3).contains(failures.count) && failures.allSatisfy { $0 == .unreachable })
            bench.fake.delete(1, in: 42)
            #expect(await bench.failure { try await bench.edit(platform, id, text("c")) }?.code == .messageGone)
            let nobody = Conversation(chat: ChatID(platform: PlatformID("telegram"), value: "77"))
            #expect(await bench.failure { try await bench.send(platform, text("a"), to: nobody) }?.code == .chatGone)
            let closed = bench.platform(url: "http://127.0.0.1:1")
            #expect(await bench.failure { try await bench.send(closed, text("a")) }?.code == .unreachable)
        }
    }

    @Test func errorsHoldNoToken() async throws {
        try await TelegramBench.run { bench in
            let token = FakeTelegram.token
            bench.fake.arrange(.refuse(code: 400, description: "Bad /bot\(token)/x"), for: "sendMessage")
            let refused = await bench.failure { try await bench.send(bench.platform(), text("a")) }
            let broken = await failure(bench.platform(url: "http://127.0.0.1:1"), bench, sending: text("a"))
            let wrong = await bench.failure { try await bench.send(bench.platform(token: "a b/../c"), text("a")) }
            for error in [refused, broken, wrong] {
                let words = String(reflecting: try #require(error))
                #expect(!words.contains(token) && !words.contains("AAF") && !words.contains("a b/"))
            }
            #expect(wrong?.code == .unauthorized)
            #expect(!String(reflecting: bench.platform().configuration).contains(token))
        }
    }

    @Test func refusedFormattingIsLeftOut() async throws {
        try await TelegramBench.run { bench in
            let words = "Bad Request: ENTITY_BOUNDS_INVALID"
            bench.fake.arrange(.refuse(code: 400, description: words), for: "sendMessage")
            _ = try await bench.send(bench.platform(), text("**a**"))
            #expect(bench.fake.messages(in: 42).map(\.entities) == [[]])
        }
    }

    @Test func groupsThatMigrateAreFollowed() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let old = try await bench.send(platform, text("old"), to: TelegramBench.group)
            bench.fake.migrate(-5, to: -1005)
            let id = try await bench.send(platform, text("new"), to: TelegramBench.group)
            #expect(id == MessageID("-1005:1"))
            try await bench.edit(platform, id, text("newer"), in: TelegramBench.group)
            #expect(bench.fake.messages(in: -1005).map(\.text) == ["newer"])
            let error = await bench.failure { try await bench.edit(platform, old, text("x"), in: TelegramBench.group) }
            #expect(error?.code == .messageGone)
            #expect(bench.fake.violations == [])
        }
    }

    // MARK: Clicks

    @Test func clicksAreAnsweredOnce() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let callback = bench.fake.press("p:1", on: 3)
            try await platform.acknowledge(callback, note: String(repeating: "x", count: 300))
            try await platform.acknowledge(callback, note: "again")
            try await platform.acknowledge("unknown", note: "")
            #expect(bench.fake.requests("answerCallbackQuery").count == 2)
            #expect(bench.fake.violations == [])
        }
    }

    // MARK: Documents

    private func makeFile(_ text: String) throws -> ChatAttachment {
        let path = FileManager.default.temporaryDirectory.appending(path: "telegram-\(UUID()).patch").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return ChatAttachment(name: "a.patch", path: path, mediaType: "text/x-diff")
    }

    @Test func documentsFollowTheirText() async throws {
        try await TelegramBench.run { bench in
            let file = try makeFile("+ line\r\n--x\n")
            defer { try? FileManager.default.removeItem(atPath: file.path) }
            var message = text("see", rings: true)
            message.attachment = file
            let id = try await bench.send(bench.platform(), message)
            let shown = bench.fake.messages(in: 42)
            try #require(shown.count == 2)
            #expect(id == MessageID("1"))
            #expect(shown.map(\.document) == [nil, "a.patch"])
            #expect(shown[1].documentBytes == Array("+ line\r\n--x\n".utf8))
            #expect(shown[1].replyTo == 1)
            #expect(shown.map(\.rings) == [true, false])
            #expect(bench.fake.violations == [])
        }
    }

    @Test func aFailedDocumentDoesNotRepeatItsText() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let file = try makeFile("x")
            defer { try? FileManager.default.removeItem(atPath: file.path) }
            var message = text("see")
            message.attachment = file
            bench.fake.arrange(.flood(seconds: 3), .dropAfter, for: "sendDocument")
            let posted = message
            let first = await failure(platform, bench, sending: posted)
            #expect(first?.code == .flood(retryAfter: .seconds(3)))
            let second = await failure(platform, bench, sending: posted)
            #expect(second?.code == .outcomeUnknown)
            _ = try await bench.send(platform, posted)
            #expect(bench.fake.messages(in: 42).map(\.text) == ["see", "", "(possibly a repeat)"])
        }
    }

    @Test func documentsThatCannotGoAreSaid() async throws {
        try await TelegramBench.run { bench in
            var message = text("see")
            message.attachment = ChatAttachment(name: "a", path: "/nonexistent/a", mediaType: "text/plain")
            _ = try await bench.send(bench.platform(), message)
            let file = try makeFile("x")
            defer { try? FileManager.default.removeItem(atPath: file.path) }
            message.attachment = file
            bench.fake.arrange(.refuse(code: 413, description: "Request Entity Too Large"), for: "sendDocument")
            _ = try await bench.send(bench.platform(), message)
            let texts = bench.fake.messages(in: 42).map(\.text)
            #expect(texts.count == 2 && texts.allSatisfy { $0.contains("could not be attached") })
        }
    }

    // MARK: Many

    @Test func fiftyChatsAtOnceStayWithinEveryLimit() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let done = Counter()
            let chats = (1...50).map { $0 % 5 == 0 ? -1000 - $0 : 1000 + $0 }
            for chat in chats { bench.fake.addChat(chat, type: chat < 0 ? "group" : "private") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for chat in chats {
                    group.addTask {
                        defer { done.add() }
                        let place = Conversation(chat: ChatID(platform: PlatformID("telegram"), value: String(chat)))
                        try await platform.permit(for: place.chat, priority: .stream)
                        let id = try await platform.send(text("0"), to: place, nonce: "\(chat)")
                        for number in 1...4 {
                            try await platform.permit(for: place.chat, priority: number == 4 ? .final : .stream)
                            try await platform.edit(id, in: place, to: text("\(number)"))
                        }
                    }
                }
                // Time moves only while everybody waits, so that calls arrive when they were granted.
                while done.count < chats.count {
                    if bench.clock.sleeperCount == chats.count - done.count {
                        bench.clock.advanceToNextDeadline()
                    }
                    await Task.yield()
                }
                try await group.waitForAll()
            }
            #expect(chats.allSatisfy { bench.fake.messages(in: $0).map(\.text) == ["4"] })
            #expect(bench.fake.violations == [])
        }
    }

    /// Half of fifty chats come to their ends at the same moment, the others stream on.
    @Test func finalsArriveFirstWhenTheBudgetIsShort() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let clock = bench.clock
            let end = Duration.seconds(10)
            let done = Counter()
            let arrivals = Arrivals()
            let chats = Array(1001...1050)
            let ending = chats.filter { $0.isMultiple(of: 2) }
            for chat in chats { bench.fake.addChat(chat) }
            func place(_ chat: Int) -> Conversation {
                Conversation(chat: ChatID(platform: PlatformID("telegram"), value: String(chat)))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for chat in chats {
                    let place = place(chat)
                    group.addTask {
                        defer { done.add() }
                        try await platform.permit(for: place.chat, priority: .stream)
                        let id = try await platform.send(text("0"), to: place, nonce: "\(chat)")
                        for number in 1... {
                            try await platform.permit(for: place.chat, priority: .stream)
                            if clock.now.offset >= (ending.contains(chat) ? end : end * 2) { return }
                            try await platform.edit(id, in: place, to: text("\(number)"))
                        }
                    }
                }
                for chat in ending {
                    let place = place(chat)
                    group.addTask {
                        defer { done.add() }
                        try await clock.sleep(for: end)
                        try await platform.permit(for: place.chat, priority: .final)
                        _ = try await platform.send(text("final"), to: place, nonce: "\(chat)f")
                        arrivals.add(clock.now.offset)
                    }
                }
                let all = chats.count + ending.count
                while done.count < all {
                    if clock.sleeperCount == all - done.count { clock.advanceToNextDeadline() }
                    await Task.yield()
                }
                try await group.waitForAll()
            }
            let times = arrivals.times
            #expect(times.count == 25)
            // 25 finals are within one second's allowance; a chat that has just been edited waits its second.
            #expect(times.allSatisfy { $0 < end + .milliseconds(2200) }, "\(times)")
            #expect(chats.filter { bench.fake.messages(in: $0).last?.text == "final" } == ending)
            #expect(bench.fake.violations == [])
        }
    }
}

private final class Arrivals: Sendable {
    private let values = Mutex<[Duration]>([])

    var times: [Duration] { values.withLock { $0 } }

    func add(_ time: Duration) {
        values.withLock { $0.append(time) }
    }
}
