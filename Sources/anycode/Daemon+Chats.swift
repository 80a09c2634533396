import AnycodeChat
import AnycodeConfig
import AnycodeCore
import AnycodeRuntime
import Foundation
import HTTPTransport

extension Daemon {
    /// The platforms that the configuration names; the console is the caller's.
    static func platforms(
        _ file: Configuration, settings: RuntimeConfiguration, http: HTTPClient
    ) -> [any ChatPlatform] {
        var platforms: [any ChatPlatform] = []
        if let telegram = file.telegram {
            let configuration = TelegramPlatform.Configuration(
                token: AnycodeCore.Secret(telegram.botToken.reveal()), baseURL: telegram.apiBaseURL,
                admits: { person, conversation in settings.admits(person, in: conversation) },
                removesWebhook: telegram.removesWebhook)
            platforms.append(TelegramPlatform(configuration: configuration, http: http))
        }
        return platforms
    }
}

extension AccessRule {
    init(_ access: Access, on platform: PlatformID) {
        let chats = Set(access.chats.map { ChatID(platform: platform, value: $0) })
        let mode: Mode =
            switch access.mode {
            case .list: .list
            case .pairing: .pairing
            case .open: .open
            }
        self.init(
            mode: mode, people: Set(access.users.map { PersonID($0) }), owners: Set(access.owners.map { PersonID($0) }),
            chats: chats.isEmpty ? nil : chats)
    }
}
