import AnycodeCore
import AnycodeStore
import Foundation

/// Ready-made values.
enum Sample {
    static let chat = ChatID(platform: "console".id(), value: "c1")
    static let conversation = Conversation(chat: chat)
    static let ana = Person(id: PersonID("u1"), name: "Ana")
    /// With a fraction that no decimal says exactly.
    static let instant = Date(timeIntervalSinceReferenceDate: 785_000_000.123_456_7)
    static let later = instant.addingTimeInterval(0.1)

    static func session(
        _ id: String = "aa01", in conversation: Conversation = conversation, isLive: Bool = true
    ) -> SessionRow {
        SessionRow(
            id: SessionID(id), conversation: conversation, starter: ana, agent: AgentName("demo"),
            prompt: "mend the page – ünïcode 🙂", createdAt: instant, isLive: isLive, state: "pending",
            snapshot: Array("{}".utf8), updatedAt: instant)
    }

    static func event(key: String, text: String = "hello") -> InboundEvent {
        InboundEvent(
            key: key, conversation: conversation, sender: ana, sentAt: instant,
            content: .text(TextMessage(id: MessageID("m-\(key)"), text: text)))
    }

    static func interaction(
        _ id: String, session: String = "aa01", requestKey: String = "7", state: String = "open"
    ) -> InteractionRow {
        InteractionRow(
            id: InteractionID(id), session: SessionID(session), kind: "permission", requestKey: requestKey,
            body: Array(#"{"tool":"rm"}"#.utf8), state: state, createdAt: instant)
    }

    static func slot(_ key: String, session: String = "aa01", position: Int = 0, message: String? = nil) -> SlotRow {
        SlotRow(
            session: SessionID(session), key: key, position: position, message: message.map { MessageID($0) },
            state: message == nil ? "sending" : "sent", shown: Array(key.utf8), updatedAt: instant)
    }
}

extension String {
    func id<Tag>() -> Identifier<Tag> { Identifier(self) }
}

/// The store error that `body` throws; `nil` when it throws none.
func storeError(_ body: () async throws -> Void) async -> StoreError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StoreError
    }
}
