package import AnycodeCore

extension StoreTransaction {
    /// What was set for exactly this chat or thread.
    package func setting(_ key: String, conversation: Conversation) throws(StoreError) -> String? {
        try row(
            "SELECT value FROM settings WHERE platform = ? AND chat = ? AND thread = ? AND key = ?",
            .id(conversation.chat.platform), .text(conversation.chat.value), .text(conversation.thread ?? ""),
            .text(key)
        ) { $0.text(0) }
    }

    /// - Parameter value: `nil` removes the setting.
    package func setSetting(_ key: String, _ value: String?, conversation: Conversation) throws(StoreError) {
        let thread = conversation.thread ?? ""
        guard let value else {
            try run(
                "DELETE FROM settings WHERE platform = ? AND chat = ? AND thread = ? AND key = ?",
                .id(conversation.chat.platform), .text(conversation.chat.value), .text(thread), .text(key))
            return
        }
        try run(
            """
            INSERT INTO settings (platform, chat, thread, key, value) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (platform, chat, thread, key) DO UPDATE SET value = excluded.value
            """,
            .id(conversation.chat.platform), .text(conversation.chat.value), .text(thread), .text(key), .text(value))
    }
}
