extension Configuration {
    package struct Telegram: Sendable, Equatable {
        package enum Topics: String, Sendable, CaseIterable {
            /// A topic for each session where the chat is a forum and the bot may open one.
            case auto
            case off
        }

        package var botToken: Secret
        package var access: Access
        /// For self-hosted Bot API servers; no slash at the end.
        package var apiBaseURL: String
        package var topics: Topics
        /// Whether a webhook that takes the bot's messages is removed.
        package var removesWebhook: Bool
    }
}

extension Configuration.Telegram {
    init?(reading section: Section) {
        let token = section.secret("bot_token", "the bot's token from @BotFather")
        access = Access(
            reading: section, chatsKey: "allowed_chats", ids: "ids (numbers, not @names)", accept: Self.id)
        apiBaseURL = section.baseURL("api_base_url", default: "https://api.telegram.org")
        topics = section.choice("topics", default: .auto)
        removesWebhook = section.bool("remove_webhook", default: false)
        guard section.isPresent else { return nil }
        botToken = token ?? Secret("")
    }

    /// The ancestor wrote ids as texts; numbers are as good. Names can be registered again by others, so they are not.
    private static func id(_ node: TOMLNode) -> String? {
        switch node {
        case .integer(let number): String(number)
        case .string(let text): Int(text).map(String.init)
        default: nil
        }
    }
}
