import AnycodeCore
import FakeTelegram
import Foundation
import TestJSON
import TestSupport
import Testing

@testable import AnycodeChat

@Suite struct TelegramFileTests {
    private func document(_ members: [String: JSON]) throws -> SentFile {
        SentFile(
            name: "a", mediaType: "text/plain", bytes: members["file_size"]?.integer,
            reference: members["file_id"]?.string ?? "")
    }

    @Test func anAlbumArrivesAsOneMessageAndItsFilesCanBeFetched() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let inbox = RecordingInbox()
            let pictures: [[UInt8]] = [[1, 2, 3], Array(repeating: 9, count: 300_000)]
            let events = try await bench.passing {
                try await bench.running(platform, inbox: inbox) {
                    bench.fake.sendAlbum(pictures, caption: "/task look at these")
                    _ = await inbox.first(1)
                    bench.fake.say("next")
                    _ = await inbox.first(2)
                }
                return await inbox.events
            }
            guard case .text(let message) = events[0].content else { throw CancellationError() }
            #expect(message.text == "/task look at these")
            #expect(message.attachments.count == 2)
            for (file, bytes) in zip(message.attachments, pictures) {
                #expect(try await platform.fetch(file, limit: 20 << 20) == bytes)
            }
            #expect(bench.fake.violations == [])
        }
    }

    @Test func whatIsTooLargeIsRefusedWithWords() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let told = try document(bench.fake.keep([1], size: 30 << 20))
            let first = await bench.failure { try await platform.fetch(told, limit: 20 << 20) }
            #expect(first?.code == .rejected && first?.message == "it is larger than 20 MB")
            var untold = bench.fake.keep(Array(repeating: 1, count: 3000))
            untold["file_size"] = nil
            let file = try document(untold)
            let second = await bench.failure { try await platform.fetch(file, limit: 1000) }
            #expect(second?.code == .rejected)
        }
    }

    @Test func whatIsGoneIsRefusedAndWhatBreaksMayBeFetchedAgain() async throws {
        try await TelegramBench.run { bench in
            let platform = bench.platform()
            let gone = SentFile(name: "a", mediaType: "b", bytes: nil, reference: "file-9")
            let first = await bench.failure { try await platform.fetch(gone, limit: 1000) }
            #expect(first?.code == .rejected)
            let file = try document(bench.fake.keep([1, 2]))
            // A reused connection that breaks is tried anew once.
            bench.fake.arrange(.dropBefore, .dropBefore, for: "file")
            let second = await bench.failure { try await platform.fetch(file, limit: 1000) }
            #expect(second?.code == .unreachable)
            bench.fake.arrange(.answer(status: "502 Bad Gateway", body: "<html>"), for: "getFile")
            let third = await bench.failure { try await platform.fetch(file, limit: 1000) }
            #expect(third?.code == .unreachable)
            #expect(try await platform.fetch(file, limit: 1000) == [1, 2])
        }
    }

    @Test func noTextOfAFailureHoldsTheToken() async throws {
        try await TelegramBench.run { bench in
            let file = try document(bench.fake.keep([1, 2]))
            // A reused connection that breaks is tried anew once.
            bench.fake.arrange(.dropBefore, .dropBefore, for: "file")
            let error = await bench.failure { try await bench.platform().fetch(file, limit: 1000) }
            #expect(error.map { "\($0)" }?.contains("AAF_") == false)
        }
    }

    @Test func theDoctorLooksAtTokenAndWebhook() async throws {
        try await TelegramBench.run { bench in
            func words(_ token: String, removes: Bool = false, url: String? = nil) async -> [TelegramInspection.Finding]
            {
                await TelegramInspection(
                    token: Secret(token), baseURL: url ?? bench.fake.url, removesWebhook: removes, http: bench.http
                ).findings()
            }
            #expect(await words(FakeTelegram.token).map(\.words) == ["@anycode_test_bot answers"])
            bench.fake.setWebhook(true)
            #expect(await words(FakeTelegram.token).map(\.isFine) == [true, false])
            #expect(await words(FakeTelegram.token, removes: true).map(\.isFine) == [true, true])
            #expect(bench.fake.requests("deleteWebhook").isEmpty)
            let wrong = await words("123:wrong")
            #expect(wrong.map(\.isFine) == [false] && wrong[0].words.contains("@BotFather"))
            let offline = await words(FakeTelegram.token, url: "http://127.0.0.1:1")
            #expect(offline.map(\.isFine) == [false] && offline[0].words.contains("HTTPS_PROXY"))
        }
    }
}
