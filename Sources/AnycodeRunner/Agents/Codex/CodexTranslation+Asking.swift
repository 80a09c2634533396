import AnycodeJSON

// What the program wants to know from the person, and the answers.
extension CodexTranslation {
    /// An open request to the client.
    struct Asked: Sendable {
        enum Kind: Sendable {
            /// A command or a change of files.
            case approval(item: String)
            /// Why it was denied, in the person's words.
            case reason
            /// More rights for the session, as they were asked for.
            case rights(JSON)
            case questions([JSON])
            /// Texts for those questions whose answer is none of the choices; the answers known so far.
            case texts([String: [String]], fields: [String])
            /// A form of an MCP server.
            case form
        }

        /// Id of the program's request.
        var request: JSON
        var kind: Kind
    }

    static let otherChoice = "anycode:other"

    mutating func requested(_ id: JSON, _ method: String, _ params: JSON) -> [Output] {
        guard thread != nil else { return [refuse(id, "There is no session.")] }
        switch method {
        case "item/commandExecution/requestApproval", "item/fileChange/requestApproval":
            return [askApproval(id, params)]
        case "item/permissions/requestApproval": return [askRights(id, params)]
        case "item/tool/requestUserInput": return [askQuestions(id, params["questions"]?.array ?? [])]
        case "mcpServer/elicitation/request": return [askForm(id, params)]
        default:
            skip(method)
            return [refuse(id, "This client does not support \(method).")]
        }
    }

    /// Takes back requests that the program no longer waits for.
    mutating func withdraw(_ isMeant: (JSON) -> Bool) -> [Output] {
        let gone = asked.filter { isMeant($0.value.request) }.keys.sorted()
        for id in gone { asked[id] = nil }
        return gone.map { id in
            .client(["jsonrpc": "2.0", "method": "$/cancel_request", "params": ["requestId": .integer(id)]])
        }
    }

    mutating func answered(_ message: JSON) -> [Output] {
        guard let id = message["id"]?.integer, let question = asked.removeValue(forKey: id) else { return [] }
        let result = message["result"] ?? .null
        switch question.kind {
        case .approval(let item): return approved(question.request, item, result)
        case .reason: return reasoned(question.request, result)
        case .rights(let rights): return granted(question.request, rights, result)
        case .questions(let questions): return choices(question.request, questions, result)
        case .texts(let known, let fields): return texts(question.request, known, fields, result)
        case .form:
            var members = [JSON.Member("action", .string(result.text("action") ?? "cancel"))]
            members.append(.init("content", result["content"] ?? .null))
            return [reply(question.request, .object(members))]
        }
    }
}

// MARK: - Permissions

extension CodexTranslation {
    private static func option(_ id: String, _ name: String, _ kind: String) -> JSON {
        ["optionId": .string(id), "name": .string(name), "kind": .string(kind)]
    }

    private mutating func askApproval(_ id: JSON, _ params: JSON) -> Output {
        let item = params.text("itemId") ?? ""
        let command: JSON = [
            "id": .string(item), "type": "commandExecution", "status": "inProgress",
            "command": params["command"] ?? "A command", "commandActions": params["commandActions"] ?? [],
            "cwd": params["cwd"] ?? .null,
        ]
        // What is asked about may be another command than the item's: one that it starts, or input for it.
        let isOwn = tools[item] != nil && params.text("approvalId") == nil
        guard var tool = isOwn ? tools[item] : CodexTool(command, in: directory) else {
            return refuse(id, "There is no such item.")
        }
        tool.status = "pending"
        if let host = params["networkApprovalContext"]?.text("host") {
            tool.content.append(CodexTool.text("It wants to reach \(host)."))
        }
        if let reason = params.text("reason"), !reason.isEmpty { tool.content.append(CodexTool.text(reason)) }
        if let root = params.text("grantRoot") {
            tool.content.append(CodexTool.text("It wants to change anything below \(root)."))
        }
        var options = [
            Self.option("accept", "Allow", "allow_once"),
            Self.option("acceptForSession", "Always in this session", "allow_always"),
            Self.option("decline", "Deny", "reject_once"),
        ]
        if showsForms { options.append(Self.option("explain", "Deny, and say why", "reject_once")) }
        options.append(Self.option("cancel", "Deny and stop", "reject_once"))
        return ask(
            "session/request_permission",
            [.init("toolCall", .object(tool.members)), .init("options", .array(options))],
            Asked(request: id, kind: .approval(item: item)))
    }

    private mutating func approved(_ request: JSON, _ item: String, _ result: JSON) -> [Output] {
        // The interrupt that follows a cancelled turn answers for everything.
        if turn?.isCancelled ?? true { return [] }
        let option = result["outcome"]?.text("optionId")
        if option == "explain" {
            let field: JSON = ["type": "string", "title": "In your own words", "minLength": 1]
            let question = Asked(request: request, kind: .reason)
            return [form("What should it do instead?", [.init("reason", field)], question)]
        }
        let known = ["accept", "acceptForSession", "decline"]
        let decision = option.flatMap { known.contains($0) ? $0 : nil } ?? "cancel"
        var outputs = [reply(request, ["decision": .string(decision)])]
        if decision.hasPrefix("accept"), tools[item] != nil {
            outputs.append(
                update("tool_call_update", [.init("toolCallId", .string(item)), .init("status", "in_progress")]))
        }
        if decision == "decline", let words = Self.words(result) { outputs += tell(words) }
        return outputs
    }

    /// Without words the answer is still no; whoever cancelled wants it to stop.
    private mutating func reasoned(_ request: JSON, _ result: JSON) -> [Output] {
        if turn?.isCancelled ?? true { return [] }
        let words = Self.accepted(result)?.text("reason") ?? ""
        let stops = words.isEmpty && result.text("action") != "decline"
        let denied = reply(request, ["decision": stops ? "cancel" : "decline"])
        return [denied] + (words.isEmpty ? [] : tell(words))
    }

    /// Words of the person for the agent, which ACP itself has no place for.
    private static func words(_ result: JSON) -> String? {
        let meta = result["_meta"] ?? result["outcome"]?["_meta"]
        let text = meta?.text("message") ?? meta?["anycode"]?.text("message")
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func tell(_ words: String) -> [Output] {
        guard let thread, let id = turn?.id else { return [] }
        let input: JSON = [["type": "text", "text": .string(words)]]
        return [
            request(
                "turn/steer", ["threadId": .string(thread), "expectedTurnId": .string(id), "input": input], .silent)
        ]
    }

    private mutating func askRights(_ id: JSON, _ params: JSON) -> Output {
        let rights = params["permissions"] ?? [:]
        var call = [
            JSON.Member("toolCallId", .string(params.text("itemId") ?? "rights")), .init("title", "More rights"),
            .init("kind", "other"), .init("status", "pending"), .init("rawInput", rights),
        ]
        if let reason = params.text("reason") { call.append(.init("content", [CodexTool.text(reason)])) }
        let options = [
            Self.option("turn", "Allow for this turn", "allow_once"),
            Self.option("session", "Always in this session", "allow_always"),
            Self.option("decline", "Deny", "reject_once"),
        ]
        return ask(
            "session/request_permission", [.init("toolCall", .object(call)), .init("options", .array(options))],
            Asked(request: id, kind: .rights(rights)))
    }

    private func granted(_ request: JSON, _ rights: JSON, _ result: JSON) -> [Output] {
        switch result["outcome"]?.text("optionId") {
        case let scope? where scope == "turn" || scope == "session":
            return [reply(request, ["permissions": rights, "scope": .string(scope)])]
        default: return [reply(request, ["permissions": [:]])]
        }
    }
}

// MARK: - Questions

extension CodexTranslation {
    private mutating func askQuestions(_ id: JSON, _ questions: [JSON]) -> Output {
        // Without an answer the program goes on as it thinks best.
        guard showsForms, !questions.isEmpty else { return reply(id, ["answers": [:]]) }
        let isAlone = questions.count == 1
        let message = isAlone ? questions[0].text("question") ?? "" : "Some questions before I go on"
        let fields = questions.compactMap { question in
            question.text("id").map { JSON.Member($0, Self.schema(question, isAlone: isAlone)) }
        }
        return form(message, fields, Asked(request: id, kind: .questions(questions)))
    }

    private mutating func form(_ message: String, _ fields: [JSON.Member], _ question: Asked) -> Output {
        ask("elicitation/create", ElicitationForm.members(message, fields), question)
    }

    private static func schema(_ question: JSON, isAlone: Bool) -> JSON {
        var choices = ElicitationForm.choices(question)
        let text = question.text("question") ?? ""
        let title = isAlone ? question.text("header") ?? text : text
        var members = [JSON.Member("type", "string"), .init("title", .string(title))]
        if question["isSecret"]?.bool ?? false {
            members.append(.init("description", "The answer will be visible in the chat."))
        }
        guard !choices.isEmpty else { return .object(members) }
        if question["isOther"]?.bool ?? false {
            choices.append(["const": .string(otherChoice), "title": "Something else, in my own words"])
        }
        return .object(members + [.init("oneOf", .array(choices))])
    }

    private mutating func choices(_ request: JSON, _ questions: [JSON], _ result: JSON) -> [Output] {
        guard let content = Self.accepted(result) else { return [reply(request, ["answers": [:]])] }
        var answers: [String: [String]] = [:]
        var fields: [String] = []
        var members: [JSON.Member] = []
        for question in questions {
            guard let id = question.text("id"), let chosen = content.text(id) else { continue }
            guard chosen == Self.otherChoice else {
                answers[id] = [chosen]
                continue
            }
            fields.append(id)
            let title = question.text("question") ?? id
            members.append(.init(id, ["type": "string", "title": .string(title), "minLength": 1]))
        }
        guard !members.isEmpty else { return [settled(request, answers)] }
        return [form("In your own words", members, Asked(request: request, kind: .texts(answers, fields: fields)))]
    }

    private func texts(_ request: JSON, _ known: [String: [String]], _ fields: [String], _ result: JSON) -> [Output] {
        var answers = known
        for id in fields {
            if let text = Self.accepted(result)?.text(id) { answers[id] = [text] }
        }
        return [settled(request, answers)]
    }

    private static func accepted(_ result: JSON) -> JSON? {
        result.text("action") == "accept" ? result["content"] ?? [:] : nil
    }

    private func settled(_ request: JSON, _ answers: [String: [String]]) -> Output {
        let given = answers.sorted { $0.key < $1.key }.map { id, texts in
            JSON.Member(id, ["answers": .array(texts.map { .string($0) })])
        }
        return reply(request, ["answers": .object(given)])
    }

    /// A form of an MCP server is already in the client's terms.
    private mutating func askForm(_ id: JSON, _ params: JSON) -> Output {
        guard showsForms, params.text("mode") == "form" else {
            return reply(id, ["action": "decline", "content": .null])
        }
        let message = "\(params.text("serverName") ?? "A tool"): \(params.text("message") ?? "")"
        return ask(
            "elicitation/create",
            [
                .init("mode", "form"), .init("message", .string(message)),
                .init("requestedSchema", params["requestedSchema"] ?? [:]),
            ], Asked(request: id, kind: .form))
    }
}
