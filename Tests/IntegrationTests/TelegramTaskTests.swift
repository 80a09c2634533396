import AnycodeControl
import FakeTelegram
import Foundation
import Testing

/// Tasks through the real daemon and a Bot API server that refuses what Telegram refuses.
@Suite struct TelegramTaskTests {
    @Test(arguments: [false, true]) func aTaskFromFirstToLast(besideTheConsole: Bool) async throws {
        try await withTelegram { fake in
            try await Installation.with { installation in
                let console = besideTheConsole ? "\n[console]\nenabled = true" : ""
                try installation.configure(chats: fake.section() + console)
                let daemon = try installation.daemon()
                fake.say("/task make it friendlier")
                try await fake.press("Brief", under: "Which greeting")
                try await fake.press("Allow once", under: "May it? Create README.md")
                try await fake.press("Always allow", under: "May it? Create scripts/check-welcome.sh")
                try await fake.press("Allow once", under: "May it? sh scripts/check-welcome.sh")
                try await fake.expect("✅ Done")
                try await fake.expect("completed, sandbox removed")
                let nodes = try await installation.tree().flattened
                let chat = try #require(nodes.first { $0.path == "chats/telegram" })
                #expect(chat.waiting?.reason.contains("polling as @\(FakeTelegram.botName)") ?? false, "\(chat)")
                #expect(nodes.contains { $0.path == "chats/console" } == besideTheConsole)
                daemon.signal(SIGTERM)
                #expect(await daemon.end() == 0)
                #expect(fake.violations.isEmpty, "\(fake.violations)")
                #expect(!daemon.errors.text.contains(FakeTelegram.token))
                #expect(!daemon.output.text.contains(FakeTelegram.token))
                #expect(fake.requests("setMyCommands").count == 1)
            }
        }
    }

    /// What docs/telegram.md tells a newcomer to do.
    @Test func aNewcomerPairsWithTheCodeOfTheConsoleAndRunsATask() async throws {
        try await withTelegram { fake in
            try await Installation.with { installation in
                let section = """
                    [telegram]
                    bot_token = "\(FakeTelegram.token)"
                    api_base_url = "\(fake.url)"
                    access = "pairing"
                    """
                try installation.configure(chats: section)
                let daemon = try installation.daemon()
                fake.say("/start")
                try await fake.expect("This bot has no owner yet")
                #expect(await daemon.errors.wait(within: .seconds(60)) { text, _ in text.contains("/pair ") })
                let code = try #require(daemon.errors.text.firstMatch(of: /\/pair ([0-9A-Za-z-]+)/)?.output.1)
                fake.say("/pair \(code)")
                try await fake.expect("You are an owner of this bot now")
                fake.say("/task make it friendlier")
                try await fake.press("Brief", under: "Which greeting")
                try await fake.press("Allow once", under: "May it? Create README.md")
                daemon.signal(SIGTERM)
                #expect(await daemon.end() == 0)
                #expect(fake.violations.isEmpty, "\(fake.violations)")
            }
        }
    }

    @Test func strangersGetTheirIdAndNothingElse() async throws {
        try await withTelegram { fake in
            fake.addChat(99)
            try await Installation.with { installation in
                try installation.configure(chats: fake.section())
                let daemon = try installation.daemon()
                fake.say("/task make it friendlier", by: 99, in: 99)
                try await fake.expect("Your id is 99", in: 99)
                daemon.signal(SIGTERM)
                #expect(await daemon.end() == 0)
                #expect(fake.messages(in: 99).count == 1)
                #expect(Sandbox.all(in: installation.sandboxes).isEmpty)
            }
        }
    }
}
