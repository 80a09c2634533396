/// Something that happened, as `getUpdates` delivers it. What cannot be read is an update without content.
struct TelegramUpdate: Decodable, Sendable {
    let updateId: Int64
    let message: TelegramMessage?
    let callbackQuery: TelegramCallbackQuery?

    private enum CodingKeys: String, CodingKey {
        case updateId, message, callbackQuery
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        updateId = try container.decode(Int64.self, forKey: .updateId)
        // One update in a form that nobody foresaw must not stop those behind it.
        message = try? container.decodeIfPresent(TelegramMessage.self, forKey: .message)
        callbackQuery = try? container.decodeIfPresent(TelegramCallbackQuery.self, forKey: .callbackQuery)
    }
}

struct TelegramUser: Decodable, Sendable, Hashable {
    let id: Int64
    let isBot: Bool?
    let firstName: String?
    let lastName: String?
    let username: String?
}

struct TelegramChat: Decodable, Sendable, Hashable {
    let id: Int64
    let type: String?
    let title: String?
    let isForum: Bool?
}

/// A message, or what is left of one to which the bot has lost access.
struct TelegramMessage: Decodable, Sendable {
    let messageId: Int64
    let messageThreadId: Int64?
    let isTopicMessage: Bool?
    let from: TelegramUser?
    let senderChat: TelegramChat?
    let chat: TelegramChat
    let date: Int64
    let text: String?
    let entities: [TelegramInboundEntity]?
    let caption: String?
    let captionEntities: [TelegramInboundEntity]?
    let replyToMessage: TelegramRepliedMessage?
    let mediaGroupId: String?
    let migrateToChatId: Int64?
    let migrateFromChatId: Int64?

    let forwardOrigin: TelegramPresence?
    let isAutomaticForward: Bool?
    /// One picture in several sizes, the largest last.
    let photo: [TelegramFile]?
    /// Comes with an animation too.
    let document: TelegramFile?
    let video: TelegramFile?
    let audio: TelegramFile?
    let videoNote: TelegramPresence?
    let voice: TelegramPresence?
}

/// A file on Telegram's servers.
struct TelegramFile: Decodable, Sendable {
    let fileId: String
    let fileSize: Int?
    let fileName: String?
    let mimeType: String?
}

struct TelegramRepliedMessage: Decodable, Sendable {
    let messageId: Int64
    let from: TelegramUser?
    /// The service message that opened a topic: every message of the topic answers it, without anybody's doing.
    let forumTopicCreated: TelegramPresence?
}

struct TelegramInboundEntity: Decodable, Sendable {
    let type: String
    let offset: Int
    let length: Int
    let user: TelegramUser?
}

struct TelegramCallbackQuery: Decodable, Sendable {
    let id: String
    let from: TelegramUser
    let message: TelegramMessage?
    let data: String?
}

/// A member of which only matters that it is there.
struct TelegramPresence: Decodable, Sendable {
    init(from decoder: any Decoder) {}
}
