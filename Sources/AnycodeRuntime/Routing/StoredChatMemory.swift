package import AnycodeCore
package import AnycodeStore

/// Keeps what platforms remember in the settings of their chats.
package struct StoredChatMemory: ChatMemory {
    private let store: Store

    package init(store: Store) {
        self.store = store
    }

    package func recall(_ key: String, of conversation: Conversation) async throws -> String? {
        try await store.read { try $0.setting(key, conversation: conversation) }
    }

    package func keep(_ values: [ChatMemoryValue]) async throws {
        try await store.write { transaction in
            for value in values {
                try transaction.setSetting(value.key, value.value, conversation: value.conversation)
            }
        }
    }
}
