extension Configuration {
    package struct Slack: Sendable, Equatable {
        /// Opens the Socket Mode connection.
        package var appToken: Secret
        package var botToken: Secret
        package var access: Access
        /// For GovSlack; no slash at the end.
        package var apiBaseURL: String
    }
}

extension Configuration.Slack {
    init?(reading section: Section) {
        let app = section.secret("app_token", "the app-level token (connections:write)")
        let bot = section.secret("bot_token", "the bot's token")
        if app?.reveal().hasPrefix("xoxb-") == true || bot?.reveal().hasPrefix("xapp-") == true {
            section.report(
                .combination, app?.reveal().hasPrefix("xoxb-") == true ? "app_token" : "bot_token",
                "the tokens look exchanged", hint: "app_token begins with xapp-, bot_token with xoxb-")
        }
        access = Access(
            reading: section, chatsKey: "allowed_channels", ids: "ids (as U012ABC or C012ABC, not names)",
            accept: Self.id)
        apiBaseURL = section.baseURL("api_base_url", default: "https://slack.com/api")
        guard section.isPresent else { return nil }
        appToken = app ?? Secret("")
        botToken = bot ?? Secret("")
    }

    private static func id(_ node: TOMLNode) -> String? {
        guard case .string(let text) = node, let first = text.unicodeScalars.first,
            "UWCGD".unicodeScalars.contains(first), text.utf8.count > 3,
            text.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
        else { return nil }
        return text
    }
}
