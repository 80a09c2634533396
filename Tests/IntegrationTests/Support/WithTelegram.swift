import FakeTelegram
import Foundation

/// Runs a test beside a Bot API server that lives in real time.
func withTelegram(_ body: (FakeTelegram) async throws -> Void) async throws {
    let start = ContinuousClock.now
    let fake = try FakeTelegram(now: { start.duration(to: .now) }, date: { Int(Date().timeIntervalSince1970) })
    fake.addChat(42)
    defer { fake.stop() }
    try await body(fake)
}

extension FakeTelegram {
    /// The daemon's section for this server.
    func section(allowed: [Int] = [42], _ more: String = "") -> String {
        """
        [telegram]
        bot_token = "\(Self.token)"
        api_base_url = "\(url)"
        allowed_users = \(allowed)
        \(more)
        """
    }

    /// Waits for a message that contains these words.
    @discardableResult
    func expect(_ words: String, in chat: Int = 42, within limit: Duration = .seconds(60)) async throws -> Message {
        guard let message = await message(in: chat, within: limit, where: { $0.text.contains(words) }) else {
            throw Missing(description: "“\(words)” is not said. The chat:\n\(transcript(of: chat))")
        }
        return message
    }

    /// Waits for a button whose label begins so, under a message that contains these words, and presses it.
    ///
    /// - Parameter copy: of several such messages the first, not the last.
    @discardableResult
    func press(
        _ label: String, under words: String, in chat: Int = 42, by person: Int = 42, first copy: Bool = false
    ) async throws -> Message {
        @Sendable func isMeant(_ message: Message) -> Bool {
            message.text.contains(words) && message.buttons.joined().contains { $0[0].hasPrefix(label) }
        }
        var message = await message(in: chat, within: .seconds(60), where: isMeant)
        if copy { message = messages(in: chat).first(where: isMeant) }
        guard let message, let button = message.buttons.joined().first(where: { $0[0].hasPrefix(label) }) else {
            throw Missing(description: "Nobody offers “\(label)” for “\(words)”. The chat:\n\(transcript(of: chat))")
        }
        press(button[1], on: message.id, by: person, in: chat)
        return message
    }

    func transcript(of chat: Int) -> String {
        messages(in: chat).map { message in
            let buttons = message.buttons.joined().map { "[\($0[0])]" }.joined(separator: " ")
            return "#\(message.id) \(message.text) \(message.document ?? "") \(buttons)"
        }
        .joined(separator: "\n")
    }

    struct Missing: Error, CustomStringConvertible {
        let description: String
    }
}
