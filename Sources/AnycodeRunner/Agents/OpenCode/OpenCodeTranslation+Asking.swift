import AnycodeJSON

// What the server's agent wants to know from the person, and the answers.
extension OpenCodeTranslation {
    /// An open request to the client.
    struct Asked: Sendable {
        enum Kind: Sendable {
            case permission
            /// Why it was denied, in the person's words.
            case reason
            case questions([JSON])
            /// Texts for those questions whose answer is none of the choices; the answers known so far.
            case texts([[String]], fields: [Int])
        }

        /// The server's id of its request.
        var id: String
        var kind: Kind
    }

    static let otherChoice = "anycode:other"

    /// Takes back requests that the server no longer waits for.
    mutating func withdraw(_ isMeant: (String) -> Bool) -> [Output] {
        let gone = asked.filter { isMeant($0.value.id) }.keys.sorted()
        for id in gone { asked[id] = nil }
        return gone.map { .notification("$/cancel_request", ["requestId": .integer($0)]) }
    }

    private func isNew(_ id: String) -> Bool {
        !delivered.contains(id) && !asked.values.contains { $0.id == id }
    }

    private mutating func deliver(_ id: String, _ path: String, _ body: JSON? = nil) -> Output {
        delivered.insert(id)
        return .call(.answer(id), [request("POST", path, body)])
    }

    mutating func replied(_ message: JSON) -> [Output] {
        guard let id = message["id"]?.integer, let question = asked.removeValue(forKey: id) else { return [] }
        let result = message["result"] ?? .null
        switch question.kind {
        case .permission: return decided(question.id, result)
        case .reason: return [reply(question.id, "reject", message: Self.accepted(result)?.text("reason"))]
        case .questions(let questions): return chose(question.id, questions, result)
        case .texts(let known, let fields): return wrote(question.id, known, fields, result)
        }
    }

    private static func accepted(_ result: JSON) -> JSON? {
        result.text("action") == "accept" ? result["content"] ?? [:] : nil
    }
}

// MARK: - Permissions

extension OpenCodeTranslation {
    mutating func permissionAsked(_ request: JSON) -> [Output] {
        guard let id = request.text("id"), isOurs(request.text("sessionID")), isNew(id) else { return [] }
        turn?.wasBusy = true
        var options = [Self.option("once", "Allow", "allow_once")]
        let always = (request["always"]?.array ?? []).compactMap(\.text)
        if !always.isEmpty || request["always"] == nil {
            let what = CodexTool.shortened(always.joined(separator: ", "), 60)
            let name = what.isEmpty || what == "*" ? "Always allow" : "Always allow \(what)"
            options.append(Self.option("always", name, "allow_always"))
        }
        // With words the agent goes on, without them it stops.
        if showsForms { options.append(Self.option("explain", "Deny, and say why", "reject_once")) }
        options.append(Self.option("reject", "Deny and stop", "reject_once"))
        return [
            ask(
                "session/request_permission",
                [.init("toolCall", toolCall(of: request)), .init("options", .array(options))],
                Asked(id: id, kind: .permission))
        ]
    }

    private static func option(_ id: String, _ name: String, _ kind: String) -> JSON {
        ["optionId": .string(id), "name": .string(name), "kind": .string(kind)]
    }

    /// What the permission is about: the words and the diff of the request, and the call it belongs to.
    private func toolCall(of request: JSON) -> JSON {
        let call = request["tool"]?.text("callID") ?? request.text("callID")
        let known = call.flatMap { tools[$0] }
        let permission = request.text("permission") ?? request.text("type") ?? "something"
        let patterns = request["patterns"]?.array?.compactMap(\.text) ?? [request.text("pattern")].compactMap(\.self)
        let metadata = request["metadata"] ?? [:]
        var words = OpenCodeTool.words(permission, patterns: patterns, metadata: metadata, in: directory)
        if words.isEmpty { words = known?.title ?? permission }
        if request.text("sessionID") != session { words = "Sub-agent: \(words)" }
        var members = [
            JSON.Member("toolCallId", .string(call ?? request.text("id") ?? "")),
            .init("title", .string(CodexTool.shortened(words, 500))),
            .init("kind", .string(OpenCodeTool.kind(permission))), .init("status", "pending"),
        ]
        var input = metadata.members ?? []
        if !patterns.isEmpty, metadata["command"] == nil, patterns.joined(separator: "; ") != words {
            input.append(.init("patterns", .array(patterns.map { .string($0) })))
        }
        if let diff = metadata.text("diff"), !diff.isEmpty {
            input.removeAll { $0.key == "diff" || $0.key == "filediff" }
            let shown = CodexTool.shortened(diff, 8000)
            members.append(.init("content", [CodexTool.text("```diff\n\(shown)\n```")]))
        }
        if !input.isEmpty { members.append(.init("rawInput", .object(input))) }
        return .object(members)
    }

    private mutating func decided(_ id: String, _ result: JSON) -> [Output] {
        switch result["outcome"]?.text("optionId") {
        case let choice? where choice == "once" || choice == "always": return [reply(id, choice)]
        case "explain":
            let schema: JSON = [
                "type": "object", "required": ["reason"],
                "properties": ["reason": ["type": "string", "title": "In your own words", "minLength": 1]],
            ]
            let params: [JSON.Member] = [
                .init("mode", "form"), .init("message", "What should it do instead?"), .init("requestedSchema", schema),
            ]
            return [ask("elicitation/create", params, Asked(id: id, kind: .reason))]
        default:
            let meta = result["_meta"] ?? result["outcome"]?["_meta"]
            return [reply(id, "reject", message: meta?["anycode"]?.text("message") ?? meta?.text("message"))]
        }
    }

    private mutating func reply(_ id: String, _ reply: String, message: String? = nil) -> Output {
        // Named in full: a reply that is missing counts as a permission in some servers.
        var members = [JSON.Member("reply", .string(reply))]
        if let message, !message.isEmpty { members.append(.init("message", .string(message))) }
        let path = "/permission/\(ServerRequest.encoded(id))/reply"
        return deliver(id, path, .object(members))
    }
}

// MARK: - Questions

extension OpenCodeTranslation {
    mutating func questionAsked(_ request: JSON) -> [Output] {
        guard let id = request.text("id"), isOurs(request.text("sessionID")), isNew(id) else { return [] }
        turn?.wasBusy = true
        let questions = request["questions"]?.array ?? []
        guard showsForms, !questions.isEmpty else { return [dismiss(id)] }
        let isAlone = questions.count == 1
        let message = isAlone ? questions[0].text("question") ?? "" : "Some questions before I go on"
        let fields = questions.enumerated().map { JSON.Member(Self.field($0), Self.schema($1, isAlone: isAlone)) }
        return [form(message, fields, Asked(id: id, kind: .questions(questions)))]
    }

    private static func field(_ index: Int) -> String { "q\(index + 1)" }

    private mutating func form(_ message: String, _ fields: [JSON.Member], _ question: Asked) -> Output {
        ask("elicitation/create", ElicitationForm.members(message, fields), question)
    }

    private static func schema(_ question: JSON, isAlone: Bool) -> JSON {
        var choices = ElicitationForm.choices(question)
        let text = question.text("question") ?? ""
        let title = JSON.Member("title", .string(isAlone ? question.text("header") ?? text : text))
        guard !choices.isEmpty else { return .object([.init("type", "string"), title]) }
        if question["custom"]?.bool ?? true {
            choices.append(["const": .string(otherChoice), "title": "Something else, in my own words"])
        }
        guard question["multiple"]?.bool ?? false else {
            return .object([.init("type", "string"), title, .init("oneOf", .array(choices))])
        }
        return .object([
            .init("type", "array"), title, .init("minItems", 1), .init("items", ["anyOf": .array(choices)]),
        ])
    }

    private mutating func chose(_ id: String, _ questions: [JSON], _ result: JSON) -> [Output] {
        guard let content = Self.accepted(result) else { return [dismiss(id)] }
        var answers: [[String]] = []
        var open: [Int] = []
        var members: [JSON.Member] = []
        for (index, question) in questions.enumerated() {
            let value = content[Self.field(index)]
            let chosen = value?.array?.compactMap(\.text) ?? [value?.text].compactMap(\.self)
            answers.append(chosen.filter { $0 != Self.otherChoice })
            guard chosen.contains(Self.otherChoice) else { continue }
            open.append(index)
            let title = question.text("question") ?? ""
            members.append(
                .init(Self.field(index), ["type": "string", "title": .string(title), "minLength": 1]))
        }
        guard !open.isEmpty else { return [answer(id, answers)] }
        return [form("In your own words", members, Asked(id: id, kind: .texts(answers, fields: open)))]
    }

    private mutating func wrote(_ id: String, _ known: [[String]], _ fields: [Int], _ result: JSON) -> [Output] {
        guard let content = Self.accepted(result) else { return [dismiss(id)] }
        var answers = known
        for index in fields { if let text = content.text(Self.field(index)) { answers[index].append(text) } }
        return [answer(id, answers)]
    }

    private mutating func answer(_ id: String, _ answers: [[String]]) -> Output {
        let lists = answers.map { JSON.array($0.map { .string($0) }) }
        let path = "/question/\(ServerRequest.encoded(id))/reply"
        return deliver(id, path, ["answers": .array(lists)])
    }

    private mutating func dismiss(_ id: String) -> Output {
        deliver(id, "/question/\(ServerRequest.encoded(id))/reject")
    }
}
