import AnycodeControl
import FakeTelegram
import Foundation
import Testing

/// What the real daemon's tree says of a chat platform in trouble.
@Suite struct ChatFaultTests {
    /// Asks for the tree until a node below `path` says this.
    private func tree(
        of installation: Installation, at path: String, says words: String, within limit: Duration = .seconds(40)
    ) async throws -> Bool {
        let end = ContinuousClock.now + limit
        var last = "no tree"
        repeat {
            guard let tree = try? await installation.tree() else { continue }
            let nodes = tree.flattened.filter { $0.path.hasPrefix(path) }
            last = nodes.map { "\($0.path): \($0.waiting?.reason ?? "")" }.joined(separator: "\n")
            if nodes.contains(where: { $0.waiting?.reason.contains(words) ?? false }) { return true }
        } while ContinuousClock.now < end
        Issue.record("“\(words)” is not said:\n\(last)")
        return false
    }

    @Test func aBadTokenIsNamed() async throws {
        try await withTelegram { fake in
            try await Installation.with { installation in
                let section = fake.section()
                    .replacingOccurrences(of: FakeTelegram.token, with: "123456:AAwrongwrongwrong")
                try installation.configure(chats: section)
                let daemon = try installation.daemon()
                try await installation.isReady()
                #expect(try await tree(of: installation, at: "chats/telegram", says: "refuses the bot token"))
                let doctor = try await installation.run("anycodectl", "doctor")
                #expect(doctor.code == 5 && doctor.output.contains("refuses the bot token"), "\(doctor.output)")
                #expect(daemon.isRunning)
                #expect(!doctor.output.contains("AAwrong") && !daemon.errors.text.contains("AAwrong"))
            }
        }
    }

    @Test func aPlatformThatIsOfflineIsNamed() async throws {
        try await withTelegram { fake in
            try await Installation.with { installation in
                try installation.configure(chats: fake.section())
                let daemon = try installation.daemon()
                try await installation.isReady()
                #expect(try await tree(of: installation, at: "chats/telegram", says: "polling as @"))
                fake.stop()
                #expect(try await tree(of: installation, at: "chats/telegram", says: "offline: "))
                let doctor = try await installation.run("anycodectl", "doctor")
                #expect(doctor.output.contains("telegram: offline: "), "\(doctor.output)")
                #expect(daemon.isRunning)
            }
        }
    }

    @Test func aFloodWaitIsShownWithItsEnd() async throws {
        try await withTelegram { fake in
            try await Installation.with { installation in
                try installation.configure(chats: fake.section())
                _ = try installation.daemon()
                try await installation.isReady()
                fake.arrange(.flood(seconds: 15), for: "sendMessage")
                fake.say("/task make it friendlier")
                #expect(try await tree(of: installation, at: "outboxes/", says: "flood wait"))
                let text = try await installation.run("anycodectl", "tree").output
                #expect(text.contains("flood wait, "), "\(text)")
                try await fake.expect("Which greeting")
            }
        }
    }
}
