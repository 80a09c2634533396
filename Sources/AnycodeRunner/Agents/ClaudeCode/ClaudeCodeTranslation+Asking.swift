import AnycodeJSON

// What the program wants to know from the person, and the answers.
extension ClaudeCodeTranslation {
    /// An open request to the client.
    struct Asked: Sendable {
        enum Kind: Sendable {
            case permission(always: [JSON])
            case plan
            /// Why it was denied, in the person's words.
            case reason
            case questions
            /// Texts for those questions whose answer is none of the choices; the answers known so far.
            case texts([String: String], fields: [String: String])
        }

        /// Id of the program's request.
        var control: String
        var tool: String
        var name: String
        var input: JSON
        var kind: Kind
    }

    static let otherChoice = "anycode:other"

    mutating func asked(_ control: String, _ request: JSON) -> [Output] {
        guard request.text("subtype") == "can_use_tool", let name = request.text("tool_name") else {
            return unsupported(control, request)
        }
        let id = request.text("tool_use_id") ?? control
        let input = request["input"] ?? [:]
        if name == "AskUserQuestion" { return askQuestions(control, id, input) }
        if granted.contains([.string(name), input]) { return [answer(control, Self.allowing(input))] }
        var outputs = show(id, name: name, input: input, parent: nil, status: "pending")
        if name == "ExitPlanMode" { return outputs + [askPlan(control, id, input)] }
        // Written into the workspace it would become the repository's.
        let always = (request["permission_suggestions"]?.array ?? []).compactMap(Self.inSession)
        var options = [Self.option("allow", "Allow", "allow_once")]
        if let label = ClaudeCodeWords.always(always) { options.append(Self.option("always", label, "allow_always")) }
        options.append(Self.option("deny", "Deny", "reject_once"))
        if showsForms { options.append(Self.option("explain", "Deny, and say why", "reject_once")) }
        options.append(Self.option("stop", "Deny and stop", "reject_once"))
        let asked = Asked(control: control, tool: id, name: name, input: input, kind: .permission(always: always))
        outputs.append(askPermission(asked, options, reason: request.text("decision_reason")))
        return outputs
    }

    private mutating func unsupported(_ control: String, _ request: JSON) -> [Output] {
        let kind = "control_request/\(request.text("subtype") ?? "")"
        let refusal: JSON = [
            "type": "control_response",
            "response": [
                "subtype": "error", "request_id": .string(control),
                "error": .string("This client does not support \(kind)."),
            ],
        ]
        return [.program(refusal)] + skip(kind)
    }

    private static func option(_ id: String, _ name: String, _ kind: String) -> JSON {
        ["optionId": .string(id), "name": .string(name), "kind": .string(kind)]
    }

    private static func inSession(_ suggestion: JSON) -> JSON? {
        guard let members = suggestion.members, let type = suggestion.text("type") else { return nil }
        guard ["addRules", "addDirectories", "setMode"].contains(type) else { return nil }
        if type == "addRules", suggestion.text("behavior") != "allow" { return nil }
        if type == "setMode", suggestion.text("mode") != "acceptEdits" { return nil }
        return .object(members.filter { $0.key != "destination" } + [.init("destination", "session")])
    }

    private mutating func askPermission(_ asked: Asked, _ options: [JSON], reason: String? = nil) -> Output {
        let tool = tools[asked.tool] ?? ClaudeCodeTool(id: asked.tool, name: asked.name, parent: nil)
        var content = tool.content(in: directory)
        if let reason, !reason.isEmpty { content.append(ClaudeCodeTool.text(reason)) }
        var call = [
            JSON.Member("toolCallId", .string(asked.tool)), .init("title", .string(tool.title(in: directory))),
            .init("kind", .string(tool.kind)), .init("status", "pending"), .init("content", .array(content)),
        ]
        if let locations = tool.locations(in: directory) { call.append(.init("locations", locations)) }
        // Of other tools only their input says what they would do.
        if tool.kind == "other" || tool.kind == "think" { call.append(.init("rawInput", tool.input)) }
        return request(
            "session/request_permission",
            ["sessionId": .string(session), "toolCall": .object(call), "options": .array(options)], asked)
    }

    private mutating func askPlan(_ control: String, _ id: String, _ input: JSON) -> Output {
        var options = [
            Self.option("edits", "Go ahead, accept edits", "allow_always"),
            Self.option("allow", "Go ahead, ask before changes", "allow_once"),
            Self.option("deny", "Keep planning", "reject_once"),
        ]
        if showsForms { options.append(Self.option("explain", "Keep planning, and say what to change", "reject_once")) }
        return askPermission(
            Asked(control: control, tool: id, name: "ExitPlanMode", input: input, kind: .plan), options)
    }
}

// MARK: - Answers

extension ClaudeCodeTranslation {
    mutating func answered(_ message: JSON) -> [Output] {
        guard let id = message["id"]?.integer, let asked = pending.removeValue(forKey: id) else { return [] }
        let outputs = answered(asked, message["result"] ?? .null)
        let isDenial = outputs.contains { output in
            guard case .program(let said) = output else { return false }
            return said["response"]?["response"]?.text("behavior") == "deny"
        }
        if isDenial { denied.insert(asked.tool) }
        return outputs
    }

    private mutating func answered(_ asked: Asked, _ result: JSON) -> [Output] {
        switch asked.kind {
        case .permission(let always): return permission(asked, always, result)
        case .plan: return planned(asked, result)
        case .reason: return [answer(asked.control, reasoned(asked, result))]
        case .questions: return choices(asked, result)
        case .texts(let known, let fields): return texts(asked, known, fields, result)
        }
    }

    static func allowing(_ input: JSON, _ updates: [JSON] = []) -> JSON {
        var members = [JSON.Member("behavior", "allow"), .init("updatedInput", input)]
        if !updates.isEmpty { members.append(.init("updatedPermissions", .array(updates))) }
        return .object(members)
    }

    static func denying(_ message: String, stops: Bool = false) -> JSON {
        var members = [JSON.Member("behavior", "deny"), .init("message", .string(message))]
        if stops { members.append(.init("interrupt", true)) }
        return .object(members)
    }

    /// Words of the person for the agent, which ACP itself has no place for.
    private static func words(_ result: JSON) -> String? {
        let meta = result["_meta"] ?? result["outcome"]?["_meta"]
        let text = meta?.text("message") ?? meta?["anycode"]?.text("message")
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    private mutating func permission(_ asked: Asked, _ always: [JSON], _ result: JSON) -> [Output] {
        switch result["outcome"]?.text("optionId") {
        case "allow": return allow(asked)
        case "always":
            granted.insert([.string(asked.name), asked.input])
            return allow(asked, always)
        case "deny":
            return [answer(asked.control, Self.denying(Self.words(result) ?? Self.saidNo))]
        case "explain": return [askReason(asked, "What should it do instead?")]
        default:
            return [answer(asked.control, Self.denying(Self.words(result) ?? "The person said stop.", stops: true))]
        }
    }

    private func allow(_ asked: Asked, _ updates: [JSON] = []) -> [Output] {
        [
            answer(asked.control, Self.allowing(asked.input, updates)),
            update(
                "tool_call_update", [.init("toolCallId", .string(asked.tool)), .init("status", "in_progress")]),
        ]
    }

    private mutating func planned(_ asked: Asked, _ result: JSON) -> [Output] {
        switch result["outcome"]?.text("optionId") {
        case "allow": return allow(asked)
        case "edits":
            return allow(asked, [["type": "setMode", "mode": "acceptEdits", "destination": "session"]])
        case "deny":
            return [answer(asked.control, Self.denying(Self.words(result) ?? Self.keepPlanning))]
        case "explain": return [askReason(asked, "What should the plan say?")]
        default:
            return [answer(asked.control, Self.denying("The person said stop.", stops: true))]
        }
    }
}

// MARK: - Reasons

extension ClaudeCodeTranslation {
    private static let saidNo = "The person said no. Find another way, or ask what they want."
    private static let keepPlanning = "The person wants the plan to be worked on further; ask what to change."

    private mutating func askReason(_ asked: Asked, _ message: String) -> Output {
        var next = asked
        next.kind = .reason
        return form(message, [.init("reason", ["type": "string", "title": "In your own words", "minLength": 1])], next)
    }

    /// Without words the answer is still no; whoever cancelled wants it to stop.
    private func reasoned(_ asked: Asked, _ result: JSON) -> JSON {
        if let words = accepted(result)?.text("reason"), !words.isEmpty { return Self.denying(words) }
        let silent = asked.name == "ExitPlanMode" ? Self.keepPlanning : Self.saidNo
        return Self.denying(silent, stops: result.text("action") != "decline")
    }
}

// MARK: - Questions

extension ClaudeCodeTranslation {
    private mutating func askQuestions(_ control: String, _ id: String, _ input: JSON) -> [Output] {
        let questions = input["questions"]?.array ?? []
        guard showsForms, !questions.isEmpty else {
            let words = "Questions cannot be shown here. Decide yourself, and say what you chose and why."
            return [answer(control, Self.denying(words))]
        }
        let asked = Asked(control: control, tool: id, name: "AskUserQuestion", input: input, kind: .questions)
        let message = questions.count == 1 ? questions[0].text("question") ?? "" : "Some questions before I go on"
        let fields = questions.enumerated().map {
            JSON.Member(Self.field($0), Self.schema($1, alone: questions.count == 1))
        }
        return [form(message, fields, asked)]
    }

    private static func field(_ index: Int) -> String { "q\(index + 1)" }

    private mutating func form(_ message: String, _ fields: [JSON.Member], _ asked: Asked) -> Output {
        request(
            "elicitation/create",
            [
                "sessionId": .string(session), "toolCallId": .string(asked.tool), "mode": "form",
                "message": .string(message),
                "requestedSchema": [
                    "type": "object", "properties": .object(fields),
                    "required": .array(fields.map { .string($0.key) }),
                ],
            ], asked)
    }

    private static func schema(_ question: JSON, alone: Bool) -> JSON {
        let choices = ElicitationForm.choices(question)
        let other: JSON = ["const": .string(otherChoice), "title": "Something else, in my own words"]
        let text = question.text("question") ?? ""
        var members = [JSON.Member("title", .string(alone ? question.text("header") ?? text : text))]
        if choices.isEmpty { return .object([.init("type", "string")] + members) }
        if question["multiSelect"]?.bool ?? false {
            members += [
                .init("type", "array"), .init("minItems", 1), .init("items", ["anyOf": .array(choices + [other])]),
            ]
        } else {
            members += [.init("type", "string"), .init("oneOf", .array(choices + [other]))]
        }
        return .object(members)
    }

    private mutating func choices(_ asked: Asked, _ result: JSON) -> [Output] {
        guard let content = accepted(result) else { return dismissed(asked, result) }
        var answers: [String: String] = [:]
        var fields: [String: String] = [:]
        var members: [JSON.Member] = []
        for (index, question) in (asked.input["questions"]?.array ?? []).enumerated() {
            guard let text = question.text("question"), let value = content[Self.field(index)] else { continue }
            let chosen = value.array?.compactMap(\.text) ?? [value.text].compactMap(\.self)
            answers[text] = chosen.filter { $0 != Self.otherChoice }.joined(separator: ", ")
            guard chosen.contains(Self.otherChoice) else { continue }
            fields[Self.field(index)] = text
            members.append(.init(Self.field(index), ["type": "string", "title": .string(text), "minLength": 1]))
        }
        guard !fields.isEmpty else { return [settled(asked, answers)] }
        var next = asked
        next.kind = .texts(answers, fields: fields)
        return [form("In your own words", members, next)]
    }

    private mutating func texts(
        _ asked: Asked, _ known: [String: String], _ fields: [String: String], _ result: JSON
    ) -> [Output] {
        guard let content = accepted(result) else { return dismissed(asked, result) }
        var answers = known
        for (field, question) in fields {
            guard let text = content.text(field) else { continue }
            let chosen = answers[question] ?? ""
            answers[question] = chosen.isEmpty ? text : "\(chosen), \(text)"
        }
        return [settled(asked, answers)]
    }

    private func accepted(_ result: JSON) -> JSON? {
        result.text("action") == "accept" ? result["content"] ?? [:] : nil
    }

    private func dismissed(_ asked: Asked, _ result: JSON) -> [Output] {
        let words =
            result.text("action") == "decline"
            ? "The person does not want to answer. Go on as you think best, and say what you assumed."
            : "Nobody answered."
        return [answer(asked.control, Self.denying(words, stops: result.text("action") != "decline"))]
    }

    private func settled(_ asked: Asked, _ answers: [String: String]) -> Output {
        let given = JSON.object(answers.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
        let members = (asked.input.members ?? []).filter { $0.key != "answers" } + [.init("answers", given)]
        return answer(asked.control, Self.allowing(.object(members)))
    }

    /// The program does not want an answer any more.
    mutating func withdrawn(_ control: String) -> [Output] {
        let ids = pending.filter { $0.value.control == control }.keys.sorted()
        return ids.map { id in
            pending.removeValue(forKey: id)
            return .client(["jsonrpc": "2.0", "method": "$/cancel_request", "params": ["requestId": .integer(id)]])
        }
    }
}
