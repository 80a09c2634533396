import TestJSON

/// All chats and everything that has happened to them.
struct World {
    struct Chat {
        var type: String
        var isForum: Bool
        var messages: [Message] = []
        var topics: [Int: String] = [:]
        var closed: Set<Int> = []
        /// Why the bot may not write here.
        var barred: String?
        var migratedTo: Int?
        var lastMessage = 0
    }

    /// The answer to a call.
    enum Verdict {
        case result(JSON)
        case failure(Int, String, parameters: JSON?)
    }

    let now: @Sendable () -> Duration
    var chats: [Int: Chat] = [:]
    var updates: [(id: Int, body: JSON)] = []
    var lastUpdate = 900
    var confirmed = 0
    var callbacks: [String: Bool] = [:]
    var faults: [String: [(fault: FakeTelegram.Fault, text: String?)]] = [:]
    var hasWebhook = false
    /// What people sent; `file-1` is the first.
    var files: [[UInt8]] = []
    var violations: [String] = []
    var requests: [(method: String, body: JSON)] = []
    var rates = Rates()

    init(now: @escaping @Sendable () -> Duration) {
        self.now = now
    }

    /// A chat as updates show it.
    func description(of chat: Int) -> JSON {
        let known = chats[chat]
        return JSON.object(["id": .integer(chat), "type": .string(known?.type ?? "private")])
            .with(["is_forum": known?.isForum == true ? true : nil])
    }

    mutating func nextMessage(in chat: Int) -> Int {
        chats[chat, default: Chat(type: "private", isForum: false)].lastMessage += 1
        return chats[chat]?.lastMessage ?? 1
    }

    mutating func takeFault(for method: String, _ request: JSON = [:]) -> FakeTelegram.Fault? {
        let text = request["text"]?.string ?? ""
        guard let place = faults[method]?.firstIndex(where: { $0.text.map(text.contains) ?? true }) else { return nil }
        return faults[method]?.remove(at: place).fault
    }

    private mutating func bad(_ method: String, _ problem: String) -> Verdict {
        violations.append("\(method): \(problem)")
        return .failure(400, "Bad Request: \(problem)", parameters: nil)
    }

    // MARK: Calls

    mutating func call(_ method: String, _ request: JSON, file: (name: String, bytes: [UInt8])?) -> Verdict {
        if let problem = Rules.problem(method, request) { return bad(method, problem) }
        switch method {
        case "getMe":
            return .result([
                "id": .integer(FakeTelegram.botID), "is_bot": true, "first_name": "Anycode",
                "username": .string(FakeTelegram.botName),
            ])
        case "setMyCommands": return .result(true)
        case "deleteWebhook":
            hasWebhook = false
            return .result(true)
        case "getWebhookInfo":
            return .result([
                "url": .string(hasWebhook ? "https://example.org/hook" : ""), "has_custom_certificate": false,
                "pending_update_count": .integer(updates.count),
            ])
        case "getFile": return filePlace(request)
        case "answerCallbackQuery": return answer(request)
        default: return inChat(method, request, file: file)
        }
    }

    private func filePlace(_ request: JSON) -> Verdict {
        let id = request["file_id"]?.string ?? ""
        guard let number = Int(id.dropFirst(5)), id.hasPrefix("file-"), files.indices.contains(number - 1) else {
            return .failure(400, "Bad Request: wrong file_id or the file is temporarily unavailable", parameters: nil)
        }
        if files[number - 1].count > 20 << 20 { return .failure(400, "Bad Request: file is too big", parameters: nil) }
        return .result(["file_id": .string(id), "file_unique_id": "u", "file_path": .string("documents/\(id)")])
    }

    private mutating func answer(_ request: JSON) -> Verdict {
        let id = request["callback_query_id"]?.string ?? ""
        switch callbacks[id] {
        case false?:
            callbacks[id] = true
            return .result(true)
        case true?: return bad("answerCallbackQuery", "answered twice")
        case nil:
            let words = "Bad Request: query is too old and response timeout expired or query ID is invalid"
            return .failure(400, words, parameters: nil)
        }
    }

    private mutating func inChat(_ method: String, _ request: JSON, file: (name: String, bytes: [UInt8])?) -> Verdict {
        let id = request["chat_id"]?.integer ?? 0
        guard let chat = chats[id] else { return .failure(400, "Bad Request: chat not found", parameters: nil) }
        if method != "sendChatAction", let seconds = rates.call(chat: id, at: now()) {
            violations.append("\(method): too often in \(id)")
            return Self.flood(seconds)
        }
        if let new = chat.migratedTo {
            return .failure(
                400, "Bad Request: group chat was upgraded to a supergroup chat",
                parameters: ["migrate_to_chat_id": .integer(new)])
        }
        if let words = chat.barred { return .failure(403, "Forbidden: \(words)", parameters: nil) }
        if let thread = request["message_thread_id"]?.integer {
            guard chat.topics[thread] != nil else {
                return .failure(400, "Bad Request: message thread not found", parameters: nil)
            }
            if chat.closed.contains(thread) { return .failure(400, "Bad Request: TOPIC_CLOSED", parameters: nil) }
        }
        switch method {
        case "sendMessage", "sendDocument": return post(request, in: id, file: file)
        case "createForumTopic":
            guard chat.isForum else { return .failure(400, "Bad Request: the chat is not a forum", parameters: nil) }
            let thread = nextMessage(in: id)
            chats[id]?.topics[thread] = request["name"]?.string ?? ""
            return .result(["message_thread_id": .integer(thread), "name": request["name"] ?? "", "icon_color": 1])
        case "sendChatAction": return .result(true)
        default: return edit(method, request, in: id)
        }
    }

    static func flood(_ seconds: Int) -> Verdict {
        .failure(
            429, "Too Many Requests: retry after \(seconds)", parameters: ["retry_after": .integer(seconds)])
    }

    private mutating func post(_ request: JSON, in chat: Int, file: (name: String, bytes: [UInt8])?) -> Verdict {
        let message = Message(
            id: nextMessage(in: chat), thread: request["message_thread_id"]?.integer,
            text: request["text"]?.string ?? request["caption"]?.string ?? "", entities: request["entities"] ?? [],
            buttons: Self.buttons(request), document: file?.name, documentBytes: file?.bytes ?? [],
            rings: request["disable_notification"]?.bool != true,
            replyTo: request["reply_parameters"]?["message_id"]?.integer)
        chats[chat]?.messages.append(message)
        return .result(["message_id": .integer(message.id), "date": 1, "chat": ["id": .integer(chat)]])
    }

    private mutating func edit(_ method: String, _ request: JSON, in chat: Int) -> Verdict {
        let id = request["message_id"]?.integer
        guard let place = chats[chat]?.messages.firstIndex(where: { $0.id == id }),
            let before = chats[chat]?.messages[place]
        else { return .failure(400, "Bad Request: message to edit not found", parameters: nil) }
        var message = before
        if method == "editMessageText" {
            message.text = request["text"]?.string ?? ""
            message.entities = request["entities"] ?? []
        }
        message.buttons = Self.buttons(request)
        if message == before {
            let words = "Bad Request: message is not modified: specified new message content and reply markup are "
            return .failure(400, words + "exactly the same", parameters: nil)
        }
        chats[chat]?.messages[place] = message
        return .result(["message_id": .integer(message.id), "date": 1, "chat": ["id": .integer(chat)]])
    }

    private static func buttons(_ request: JSON) -> [[[String]]] {
        (request["reply_markup"]?["inline_keyboard"]?.array ?? []).map { row in
            (row.array ?? []).map { [$0["text"]?.string ?? "", $0["callback_data"]?.string ?? ""] }
        }
    }
}
