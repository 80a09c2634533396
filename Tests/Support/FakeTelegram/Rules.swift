import TestJSON

/// What a request must look like: the part of the Bot API that the daemon uses, by hand from its reference.
enum Rules {
    enum Kind {
        case integer, string, boolean, strings, entities, keyboard, linkPreview, reply, commands, file
    }

    struct Parameter {
        let kind: Kind
        var isRequired = false
        /// In UTF-16 units, for text.
        var length: ClosedRange<Int>?
    }

    static let methods: [String: [String: Parameter]] = [
        "getMe": [:],
        "getUpdates": [
            "offset": .init(kind: .integer), "limit": .init(kind: .integer), "timeout": .init(kind: .integer),
            "allowed_updates": .init(kind: .strings),
        ],
        "getWebhookInfo": [:], "getFile": ["file_id": .init(kind: .string, isRequired: true)],
        "deleteWebhook": ["drop_pending_updates": .init(kind: .boolean)],
        "setMyCommands": ["commands": .init(kind: .commands, isRequired: true)],
        "sendMessage": [
            "chat_id": .init(kind: .integer, isRequired: true), "message_thread_id": .init(kind: .integer),
            "text": .init(kind: .string, isRequired: true, length: 1...4096), "entities": .init(kind: .entities),
            "link_preview_options": .init(kind: .linkPreview), "disable_notification": .init(kind: .boolean),
            "reply_parameters": .init(kind: .reply), "reply_markup": .init(kind: .keyboard),
        ],
        "editMessageText": [
            "chat_id": .init(kind: .integer, isRequired: true), "message_id": .init(kind: .integer, isRequired: true),
            "text": .init(kind: .string, isRequired: true, length: 1...4096), "entities": .init(kind: .entities),
            "link_preview_options": .init(kind: .linkPreview), "reply_markup": .init(kind: .keyboard),
        ],
        "editMessageReplyMarkup": [
            "chat_id": .init(kind: .integer, isRequired: true), "message_id": .init(kind: .integer, isRequired: true),
            "reply_markup": .init(kind: .keyboard),
        ],
        "answerCallbackQuery": [
            "callback_query_id": .init(kind: .string, isRequired: true),
            "text": .init(kind: .string, length: 0...200), "show_alert": .init(kind: .boolean),
        ],
        "sendDocument": [
            "chat_id": .init(kind: .integer, isRequired: true), "message_thread_id": .init(kind: .integer),
            "document": .init(kind: .file, isRequired: true), "caption": .init(kind: .string, length: 0...1024),
            "disable_notification": .init(kind: .boolean), "reply_parameters": .init(kind: .reply),
        ],
        "sendChatAction": [
            "chat_id": .init(kind: .integer, isRequired: true), "message_thread_id": .init(kind: .integer),
            "action": .init(kind: .string, isRequired: true),
        ],
        "createForumTopic": [
            "chat_id": .init(kind: .integer, isRequired: true),
            "name": .init(kind: .string, isRequired: true, length: 1...128),
        ],
    ]

    /// What is wrong with a request; `nil` when nothing is.
    static func problem(_ method: String, _ request: JSON) -> String? {
        guard let parameters = methods[method] else { return "no method \(method)" }
        guard let members = request.object else { return "parameters are no object" }
        for (name, parameter) in parameters where parameter.isRequired && request[name] == nil {
            return "\(name) is missing"
        }
        for (name, value) in members {
            guard let parameter = parameters[name] else { return "unknown parameter \(name)" }
            if let problem = problem(value, parameter, text: request["text"]?.string ?? "") {
                return "\(name): \(problem)"
            }
        }
        return nil
    }

    private static func problem(_ value: JSON, _ parameter: Parameter, text: String) -> String? {
        switch parameter.kind {
        case .integer: return value.integer == nil ? "no integer" : nil
        case .boolean: return value.bool == nil ? "no boolean" : nil
        case .file: return value.string == nil ? "no file" : nil
        case .string:
            guard let string = value.string else { return "no string" }
            if let length = parameter.length, !length.contains(string.utf16.count) {
                return "\(string.utf16.count) units, not \(length)"
            }
            return parameter.length?.lowerBound == 1 && string.allSatisfy(\.isWhitespace) ? "blank" : nil
        case .strings:
            return value.array?.allSatisfy { $0.string != nil } == true ? nil : "no list of strings"
        case .entities: return EntityRules.problem(value, in: text)
        case .keyboard: return keyboard(value)
        case .linkPreview: return members(value, ["is_disabled"])
        case .reply:
            return value["message_id"]?.integer == nil
                ? "no message_id" : members(value, ["message_id", "allow_sending_without_reply"])
        case .commands: return commands(value)
        }
    }

    private static func members(_ value: JSON, _ allowed: Set<String>) -> String? {
        guard let object = value.object else { return "no object" }
        return object.keys.first { !allowed.contains($0) }.map { "unknown member \($0)" }
    }

    private static func keyboard(_ value: JSON) -> String? {
        guard let rows = value["inline_keyboard"]?.array else { return "no inline_keyboard" }
        if let problem = members(value, ["inline_keyboard"]) { return problem }
        for row in rows {
            guard let buttons = row.array, (1...8).contains(buttons.count) else { return "a row is not of 1 to 8" }
            for button in buttons {
                if let problem = members(button, ["text", "callback_data", "style"]) { return problem }
                guard let label = button["text"]?.string, !label.isEmpty else { return "a button without text" }
                guard let data = button["callback_data"]?.string, (1...64).contains(data.utf8.count) else {
                    return "BUTTON_DATA_INVALID"
                }
                if let style = button["style"], !["danger", "success", "primary"].contains(style.string) {
                    return "no such style"
                }
            }
        }
        return rows.flatMap { $0.array ?? [] }.count > 100 ? "more than 100 buttons" : nil
    }

    private static func commands(_ value: JSON) -> String? {
        guard let commands = value.array, commands.count <= 100 else { return "no list of at most 100" }
        for command in commands {
            let name = command["command"]?.string ?? ""
            let description = command["description"]?.string ?? ""
            guard (1...32).contains(name.count), name.utf8.allSatisfy({ isNameByte($0) }) else { return "bad name" }
            guard (1...256).contains(description.count) else { return "bad description" }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
    }
}
