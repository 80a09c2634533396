import AnycodeChat
import AnycodeConfig
import AnycodeCore
import AnycodeRuntime
import Foundation
import HTTPTransport

extension Daemon {
    /// The platforms that the configuration names; the console is the caller's.
    static func platforms(
        _ file: Configuration, access: [PlatformID: AccessRule], http: HTTPClient
    ) -> [any ChatPlatform] {
        var platforms: [any ChatPlatform] = []
        if let telegram = file.telegram {
            let rule = access[PlatformID("telegram")]
            let configuration = TelegramPlatform.Configuration(
                token: AnycodeCore.Secret(telegram.botToken.reveal()), baseURL: telegram.apiBaseURL,
                admits: { person, conversation in rule?.admits(person, in: conversation) ?? true },
                removesWebhook: telegram.removesWebhook)
            platforms.append(TelegramPlatform(configuration: configuration, http: http))
        }
        return platforms
    }
}

extension AccessRule {
    /// Until owners admit others, `pairing` lets in whom the file names.
    init(_ access: Access, on platform: PlatformID) {
        let chats = Set(access.chats.map { ChatID(platform: platform, value: $0) })
        self.init(
            people: access.mode == .open ? nil : Set(access.users.map { PersonID($0) }),
            chats: chats.isEmpty ? nil : chats)
    }
}
