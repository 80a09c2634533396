import AnycodeChat
import AnycodeConfig
import AnycodeCore
import AnycodeRuntime
import Foundation
import HTTPTransport

extension Daemon {
    /// The platforms that the configuration names; the console is the caller's.
    static func platforms(
        _ file: Configuration, settings: RuntimeConfiguration, memory: any ChatMemory, http: HTTPClient
    ) -> [any ChatPlatform] {
        var platforms: [any ChatPlatform] = []
        if let telegram = file.telegram {
            let configuration = TelegramPlatform.Configuration(
                token: AnycodeCore.Secret(telegram.botToken.reveal()), baseURL: telegram.apiBaseURL,
                admits: { person, conversation in settings.admits(person, in: conversation) },
                opensTopics: telegram.topics == .auto, memory: memory, removesWebhook: telegram.removesWebhook)
            platforms.append(TelegramPlatform(configuration: configuration, http: http))
        }
        return platforms
    }
}

extension AccessRule {
    /// - Parameter isGroup: whether a chat is one in which people can write as the chat itself. Nobody knows who they
    ///   are, so they are let in only where the file names the chat.
    init(_ access: Access, on platform: PlatformID, isGroup: (String) -> Bool = { _ in false }) {
        let chats = Set(access.chats.map { ChatID(platform: platform, value: $0) })
        let people = access.users + access.chats.filter(isGroup)
        let mode: Mode =
            switch access.mode {
            case .list: .list
            case .pairing: .pairing
            case .open: .open
            }
        self.init(
            mode: mode, people: Set(people.map { PersonID($0) }), owners: Set(access.owners.map { PersonID($0) }),
            chats: chats.isEmpty ? nil : chats)
    }
}
