import AnycodeJSON

// What the ACP client says.
extension ClaudeCodeTranslation {
    mutating func fromClient(_ message: JSON) -> [Output] {
        guard let method = message.text("method") else { return answered(message) }
        let params = message["params"] ?? .null
        guard let id = message["id"] else { return notified(method, params) }
        switch method {
        case "initialize": return [result(id, initialized(params))]
        case "session/new": return open(id, .new, params)
        case "session/load", "session/resume": return open(id, .resume(params.text("sessionId") ?? ""), params)
        case "authenticate": return [result(id, [:])]
        default: break
        }
        guard isOpen, params.text("sessionId") == session else {
            let known = ["session/prompt", "session/set_mode", "session/set_model", "session/set_config_option"]
            guard known.contains(method) else { return [failure(id, code: -32601, "Method not found")] }
            return [failure(id, code: -32002, "There is no such session here.")]
        }
        switch method {
        case "session/prompt": return prompt(id, params["prompt"]?.array ?? [])
        case "session/set_mode": return setMode(id, params.text("modeId"), isOption: false)
        case "session/set_model": return setModel(id, params.text("modelId"), isOption: false)
        case "session/set_config_option": return setOption(id, params)
        default: return [failure(id, code: -32601, "Method not found")]
        }
    }

    private mutating func initialized(_ params: JSON) -> JSON {
        showsForms = params["clientCapabilities"]?["elicitation"]?["form"]?.isObject ?? false
        return [
            "protocolVersion": 1,
            "agentInfo": ["name": "claude-code", "title": "Claude Code", "version": .string(Runner.version)],
            "agentCapabilities": [
                "loadSession": true, "promptCapabilities": ["image": true, "audio": false, "embeddedContext": true],
                "mcpCapabilities": ["http": true, "sse": true], "sessionCapabilities": ["resume": [:]],
                "_meta": ["anycode": ["steers": true]],
            ],
            "authMethods": [],
        ]
    }

    private mutating func open(_ id: JSON, _ start: Start, _ params: JSON) -> [Output] {
        guard case .idle = phase else {
            return [failure(id, code: -32600, "This connection already has its session.")]
        }
        if case .resume(let session) = start, !Self.isSessionID(session) {
            return [failure(id, code: -32002, "There is no conversation of this id.")]
        }
        phase = .starting(
            Opening(request: id, session: "", isLoad: start != .new, servers: params["mcpServers"]?.array ?? []))
        return [.start(start)]
    }

    /// Session ids become an argument of the program.
    private static func isSessionID(_ text: String) -> Bool {
        text.utf8.count == 36 && text.utf8.allSatisfy { hexValue($0) != nil || $0 == UInt8(ascii: "-") }
    }

    private mutating func notified(_ method: String, _ params: JSON) -> [Output] {
        guard method == "session/cancel", isOpen, !turn.prompts.isEmpty, !turn.isCancelled else { return [] }
        turn.isCancelled = true
        return [interrupt()]
    }
}

// MARK: - Prompts

extension ClaudeCodeTranslation {
    private mutating func prompt(_ id: JSON, _ blocks: [JSON]) -> [Output] {
        let content = blocks.compactMap(Self.block)
        guard !content.isEmpty else { return [failure(id, code: -32602, "The prompt is empty.")] }
        guard !turn.isCancelled else { return [failure(id, code: -32603, "The turn before is still being stopped.")] }
        turn.prompts.append(id)
        let said: JSON
        // Slash commands are recognised in a plain text only.
        if content.count == 1, let text = content[0].text("text") {
            said = .string(text)
        } else {
            said = .array(content)
        }
        return [
            .program(
                [
                    "type": "user", "message": ["role": "user", "content": said], "parent_tool_use_id": .null,
                    "session_id": .string(session),
                ])
        ]
    }

    private static func block(_ block: JSON) -> JSON? {
        switch block.text("type") {
        case "text":
            return ["type": "text", "text": .string(block.text("text") ?? "")]
        case "image":
            guard let data = block.text("data") else { return nil }
            let source: JSON = [
                "type": "base64", "media_type": .string(block.text("mimeType") ?? "image/png"), "data": .string(data),
            ]
            return ["type": "image", "source": source]
        case "resource_link":
            return block.text("uri").map { ["type": "text", "text": .string("[\(block.text("name") ?? $0)](\($0))")] }
        case "resource":
            guard let resource = block["resource"], let text = resource.text("text") else { return nil }
            let uri = resource.text("uri") ?? ""
            return ["type": "text", "text": .string("<context ref=\"\(uri)\">\n\(text)\n</context>")]
        default:
            return nil
        }
    }
}

// MARK: - Modes and models

extension ClaudeCodeTranslation {
    private mutating func setOption(_ id: JSON, _ params: JSON) -> [Output] {
        switch params.text("configId") {
        case "mode": setMode(id, params.text("value"), isOption: true)
        case "model": setModel(id, params.text("value"), isOption: true)
        default: [failure(id, code: -32602, "There is no such option.")]
        }
    }

    private mutating func setMode(_ id: JSON, _ mode: String?, isOption: Bool) -> [Output] {
        guard let mode, settings.offers(mode: mode) else {
            return [failure(id, code: -32602, "There is no mode “\(mode ?? "")”.")]
        }
        return [
            control(
                ["subtype": "set_permission_mode", "mode": .string(mode)],
                .mode(request: id, mode, isOption: isOption))
        ]
    }

    private mutating func setModel(_ id: JSON, _ model: String?, isOption: Bool) -> [Output] {
        guard let model, !model.isEmpty else { return [failure(id, code: -32602, "A model is missing.")] }
        return [
            control(
                ["subtype": "set_model", "model": .string(model)], .model(request: id, model, isOption: isOption))
        ]
    }

    /// The program answered one of our control requests.
    mutating func controlAnswered(_ response: JSON) -> [Output] {
        guard let id = response.text("request_id"), let purpose = controls.removeValue(forKey: id) else { return [] }
        let error = response.text("subtype") == "error" ? response.text("error") ?? "It was refused." : nil
        switch purpose {
        case .silent: return []
        case .initialize: return opened(response["response"] ?? .null, error)
        case .mode(let request, let mode, let isOption):
            if let error { return [failure(request, code: -32603, error)] }
            settings.mode = mode
            return [result(request, isOption ? ["configOptions": settings.options] : [:])]
        case .model(let request, let model, let isOption):
            if let error { return [failure(request, code: -32603, error)] }
            settings.model = model
            let changed = isOption ? [] : [update("config_option_update", [.init("configOptions", settings.options)])]
            return [result(request, isOption ? ["configOptions": settings.options] : [:])] + changed
        }
    }

    private mutating func opened(_ response: JSON, _ error: String?) -> [Output] {
        guard case .starting(let opening) = phase else { return [] }
        if let error {
            phase = .idle
            return [failure(opening.request, code: -32603, "Claude Code could not start: \(error)")]
        }
        phase = .open
        settings = ClaudeCodeSettings(response, mayBypass: mayBypass)
        var members = [JSON.Member("modes", settings.modes), .init("configOptions", settings.options)]
        if !opening.isLoad { members.insert(.init("sessionId", .string(session)), at: 0) }
        members.append(
            .init("_meta", ["claudeCode": ["version": settings.version.map { .string($0) } ?? .null]]))
        var outputs = [result(opening.request, .object(members))]
        if let words = settings.versionNotice { outputs.append(notice(words)) }
        outputs.append(update("available_commands_update", [.init("availableCommands", settings.commands)]))
        return outputs
    }
}
