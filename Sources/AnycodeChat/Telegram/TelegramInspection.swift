package import AnycodeCore
package import HTTPTransport

/// Looks at a bot without running it: its token, and whether something else takes its messages.
package struct TelegramInspection: Sendable {
    package struct Finding: Hashable, Sendable {
        package let isFine: Bool
        /// What was found, and what mends it.
        package let words: String
    }

    private let client: TelegramClient
    private let removesWebhook: Bool

    package init(
        token: Secret, baseURL: String, removesWebhook: Bool, http: HTTPClient, timeout: Duration = .seconds(10)
    ) {
        client = TelegramClient(http: http, baseURL: baseURL, token: token, timeout: timeout)
        self.removesWebhook = removesWebhook
    }

    package func findings() async -> [Finding] {
        do throws(TelegramFailure) {
            let bot = try await client.call(GetMe())
            let name = bot.username.map { "@\($0)" } ?? String(bot.id)
            let webhook = try await client.call(GetWebhookInfo())
            return [Finding(isFine: true, words: "\(name) answers")] + finding(webhook)
        } catch {
            return [Finding(isFine: false, words: Self.words(error))]
        }
    }

    private func finding(_ webhook: TelegramWebhook) -> [Finding] {
        if webhook.url.isEmpty { return [] }
        return removesWebhook
            ? [Finding(isFine: true, words: "a webhook takes the bot's messages; it is removed at start")]
            : [
                Finding(
                    isFine: false,
                    words: "a webhook takes the bot's messages; if nothing needs it any more, set "
                        + "telegram.remove_webhook = true")
            ]
    }

    private static func words(_ failure: TelegramFailure) -> String {
        if failure.isUnauthorized {
            return "Telegram refuses the bot token; take a new one from @BotFather and put it into telegram.bot_token"
        }
        return "the Bot API cannot be used: \(failure.message) Look at the network, the proxy (HTTPS_PROXY) and "
            + "telegram.api_base_url"
    }
}
