/// One call of the Bot API.
protocol TelegramRequest: Encodable, Sendable {
    associatedtype Answer: Decodable & Sendable
    static var method: String { get }
    /// Whether making it twice has no more effect than once.
    static var isRepeatable: Bool { get }
}

extension TelegramRequest {
    static var isRepeatable: Bool { true }
}

/// A call for one chat, with what it can do without.
protocol TelegramChatRequest: TelegramRequest {
    var chatId: Int64 { get set }
    var isEdit: Bool { get }
    /// Addresses the chat itself instead of a topic; `false` when it does so already.
    mutating func dropThread() -> Bool
    /// Leaves the formatting out; `false` when there is none.
    mutating func dropFormatting() -> Bool
}

extension TelegramChatRequest {
    var isEdit: Bool { Self.method.hasPrefix("edit") }
    mutating func dropThread() -> Bool { false }
    mutating func dropFormatting() -> Bool { false }
}

/// An answer of which nothing is used.
struct TelegramIgnored: Decodable, Sendable {
    init(from decoder: any Decoder) {}
}

struct GetMe: TelegramRequest {
    typealias Answer = TelegramUser
    static let method = "getMe"
}

struct GetUpdates: TelegramRequest {
    typealias Answer = [TelegramUpdate]
    static let method = "getUpdates"

    let offset: Int64?
    let limit = 100
    let timeout: Int
    /// Always sent: without it an earlier setting stays.
    let allowedUpdates = ["message", "callback_query"]
}

struct DeleteWebhook: TelegramRequest {
    typealias Answer = Bool
    static let method = "deleteWebhook"
    let dropPendingUpdates = false
}

struct GetWebhookInfo: TelegramRequest {
    typealias Answer = TelegramWebhook
    static let method = "getWebhookInfo"
}

struct GetFile: TelegramRequest {
    typealias Answer = TelegramFilePlace
    static let method = "getFile"
    let fileId: String
}

struct SetMyCommands: TelegramRequest {
    struct Command: Encodable, Sendable {
        let command: String
        let description: String
    }

    typealias Answer = Bool
    static let method = "setMyCommands"
    let commands: [Command]
}

struct SendMessage: TelegramChatRequest {
    typealias Answer = TelegramSent
    static let method = "sendMessage"
    static let isRepeatable = false

    var chatId: Int64
    var messageThreadId: Int64?
    let text: String
    var entities: [TelegramEntity]
    let linkPreviewOptions = NoPreview()
    let disableNotification: Bool
    var replyParameters: ReplyParameters?
    var replyMarkup: InlineKeyboard?

    mutating func dropThread() -> Bool {
        defer { messageThreadId = nil }
        return messageThreadId != nil
    }

    mutating func dropFormatting() -> Bool {
        defer { entities = [] }
        return !entities.isEmpty
    }
}

struct EditMessageText: TelegramChatRequest {
    typealias Answer = TelegramIgnored
    static let method = "editMessageText"

    var chatId: Int64
    let messageId: Int64
    let text: String
    var entities: [TelegramEntity]
    let linkPreviewOptions = NoPreview()
    /// Left out, the keyboard goes.
    let replyMarkup: InlineKeyboard?

    mutating func dropFormatting() -> Bool {
        defer { entities = [] }
        return !entities.isEmpty
    }
}

struct EditMessageReplyMarkup: TelegramChatRequest {
    typealias Answer = TelegramIgnored
    static let method = "editMessageReplyMarkup"

    var chatId: Int64
    let messageId: Int64
    let replyMarkup: InlineKeyboard?
}

struct AnswerCallbackQuery: TelegramRequest {
    typealias Answer = Bool
    static let method = "answerCallbackQuery"

    let callbackQueryId: String
    let text: String?

    static let longestText = 200
}

struct SendChatAction: TelegramRequest {
    typealias Answer = Bool
    static let method = "sendChatAction"

    let chatId: Int64
    let messageThreadId: Int64?
    let action = "typing"
}

struct CreateForumTopic: TelegramRequest {
    typealias Answer = TelegramTopic
    static let method = "createForumTopic"
    static let isRepeatable = false

    let chatId: Int64
    let name: String

    static let longestName = 128
}

/// A file with the words beside it, sent as `multipart/form-data`.
struct SendDocument: TelegramChatRequest {
    typealias Answer = TelegramSent
    static let method = "sendDocument"
    static let isRepeatable = false

    var chatId: Int64
    var messageThreadId: Int64?
    let disableNotification: Bool
    var replyParameters: ReplyParameters?
    let caption: String?

    /// What bots may upload.
    static let mostBytes = 50_000_000

    mutating func dropThread() -> Bool {
        defer { messageThreadId = nil }
        return messageThreadId != nil
    }
}

// MARK: Parts of requests

struct NoPreview: Encodable, Sendable, Hashable {
    let isDisabled = true
}

struct ReplyParameters: Encodable, Sendable, Hashable {
    let messageId: Int64
    let allowSendingWithoutReply = true
}

struct InlineKeyboard: Encodable, Sendable, Hashable {
    struct Button: Encodable, Sendable, Hashable {
        let text: String
        let callbackData: String
        /// `primary` or `danger` (Bot API 9.4); older servers ignore it.
        let style: String?
    }

    let inlineKeyboard: [[Button]]
}

/// The message that was posted.
struct TelegramSent: Decodable, Sendable {
    let messageId: Int64
}

struct TelegramWebhook: Decodable, Sendable {
    /// Empty when there is none. It may hold a secret.
    let url: String
    let pendingUpdateCount: Int
}

struct TelegramFilePlace: Decodable, Sendable {
    /// Relative to the bot's files; absolute on a server of one's own that runs with `--local`.
    let filePath: String?
}

struct TelegramTopic: Decodable, Sendable {
    let messageThreadId: Int64
}
