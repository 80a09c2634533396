import AnycodeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The limits count what was sent before a restart as well.
extension TelegramPlatform {
    func pass(_ chat: Int64, _ priority: SendPriority) async throws(ChatError) {
        let chat = migrations[chat] ?? chat
        await recallPast(of: chat)
        do {
            try await gate.pass(chat: chat, priority: priority)
        } catch {
            throw ChatError(.cancelled, "Telegram is being disconnected.")
        }
        if chat < 0 { keepPast(of: chat) }
    }

    /// The server asked for a pause.
    func block(_ chat: Int64, for pause: Duration) {
        gate.block(chat: chat, for: pause)
        keepPast(of: chat)
    }

    /// Best effort: without it the server tells us to wait.
    private func recallPast(of chat: Int64) async {
        guard recalled[chat] == nil else { return }
        let text = (try? await configuration.memory.recall(Self.past, of: place(ofChat: chat))) ?? nil
        guard recalled[chat] == nil else { return }
        recalled[chat] = true
        guard let text else { return }
        gate.recall(TelegramPast(text: text), of: chat, date: configuration.now().timeIntervalSince1970)
    }

    /// Nobody waits for this: where nothing can be stored it must be possible to say so.
    private func keepPast(of chat: Int64) {
        guard let past = gate.past(of: chat, date: configuration.now().timeIntervalSince1970) else { return }
        kept?.yield(ChatMemoryValue(Self.past, of: place(ofChat: chat), past.text))
    }

    /// Keeps what is to be kept until cancelled.
    func keepPasts(_ values: AsyncStream<ChatMemoryValue>) async {
        for await value in values { try? await configuration.memory.keep([value]) }
    }

    private func place(ofChat chat: Int64) -> Conversation {
        Conversation(chat: ChatID(platform: id, value: String(chat)))
    }

    private static let past = "telegram.past"
}
