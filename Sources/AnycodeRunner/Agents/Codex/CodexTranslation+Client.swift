import AnycodeJSON

// What the ACP client says.
extension CodexTranslation {
    mutating func fromClient(_ message: JSON) -> [Output] {
        guard let method = message.text("method") else { return answered(message) }
        let params = message["params"] ?? .null
        guard let id = message["id"] else { return notified(method, params) }
        switch method {
        case "initialize": return initialize(id, params)
        case "authenticate": return [result(id, [:])]
        case "session/new": return open(id, .new, params)
        case "session/load": return open(id, .load, params)
        case "session/resume": return open(id, .resume, params)
        case "session/prompt", "session/set_mode", "session/set_model", "session/set_config_option": break
        default: return [failure(id, code: -32601, "Method not found")]
        }
        guard let thread, params.text("sessionId") == thread else {
            return [failure(id, code: -32002, "There is no such session here.")]
        }
        switch method {
        case "session/prompt": return prompt(id, params["prompt"]?.array ?? [])
        case "session/set_mode":
            let isKnown = settings.setMode(params.text("modeId"))
            return [isKnown ? result(id, [:]) : failure(id, code: -32602, "There is no such mode.")]
        case "session/set_model": return setOption(id, "model", params.text("modelId"))
        default: return setOption(id, params.text("configId") ?? "", params.text("value"))
        }
    }

    private mutating func setOption(_ id: JSON, _ option: String, _ value: String?) -> [Output] {
        let isKnown =
            switch option {
            case "model": settings.setModel(value)
            case "effort": settings.setEffort(value)
            case "mode": settings.setMode(value)
            default: false
            }
        guard isKnown else { return [failure(id, code: -32602, "There is no such option or choice.")] }
        return [result(id, ["configOptions": settings.options])]
    }

    private mutating func notified(_ method: String, _ params: JSON) -> [Output] {
        guard method == "session/cancel", params.text("sessionId") == thread, turn != nil else { return [] }
        turn?.isCancelled = true
        let cancelled = queue.map { result($0.request, ["stopReason": "cancelled"]) }
        queue = []
        return cancelled + interrupt()
    }

    /// Asks the program to stop, as soon as there is something it can stop.
    mutating func interrupt() -> [Output] {
        guard let running = turn, let thread, let id = running.id, running.hasStarted, running.isCancelled,
            !running.isInterrupting
        else { return [] }
        turn?.isInterrupting = true
        return [request("turn/interrupt", ["threadId": .string(thread), "turnId": .string(id)], .interrupt)]
    }
}

// MARK: - Sessions

extension CodexTranslation {
    private mutating func initialize(_ id: JSON, _ params: JSON) -> [Output] {
        showsForms = params["clientCapabilities"]?["elicitation"]?["form"]?.isObject ?? false
        guard version == nil else { return [result(id, capabilities)] }
        return [
            request(
                "initialize",
                [
                    "clientInfo": ["name": "anycode", "title": "Anycode", "version": "1"],
                    "capabilities": ["experimentalApi": true],
                ], .initialize(request: id))
        ]
    }

    var capabilities: JSON {
        [
            "protocolVersion": 1,
            "agentInfo": ["name": "codex", "title": "Codex", "version": .string(version ?? "unknown")],
            "agentCapabilities": [
                "loadSession": true, "promptCapabilities": ["image": true, "audio": false, "embeddedContext": true],
                "mcpCapabilities": ["http": true, "sse": false], "sessionCapabilities": ["resume": [:]],
                "_meta": ["anycode": ["steers": true]],
            ],
            "authMethods": [],
        ]
    }

    private mutating func open(_ id: JSON, _ opening: Opening, _ params: JSON) -> [Output] {
        guard version != nil else { return [failure(id, code: -32600, "The connection is not initialized.")] }
        guard thread == nil else { return [failure(id, code: -32600, "This connection already has its session.")] }
        var members = [
            JSON.Member("cwd", .string(params.text("cwd") ?? directory)),
            .init("approvalPolicy", .string(settings.mode.approvals)), .init("sandbox", "danger-full-access"),
        ]
        if let servers = CodexSettings.servers(params["mcpServers"]?.array ?? []) {
            members.append(.init("config", ["mcp_servers": servers]))
        }
        guard opening != .new else {
            return [request("thread/start", .object(members), .open(request: id, .new))]
        }
        members.insert(.init("threadId", .string(params.text("sessionId") ?? "")), at: 0)
        if opening == .resume { members.append(.init("excludeTurns", true)) }
        return [request("thread/resume", .object(members), .open(request: id, opening))]
    }
}

// MARK: - Prompts

extension CodexTranslation {
    private mutating func prompt(_ id: JSON, _ blocks: [JSON]) -> [Output] {
        let input = blocks.compactMap(Self.input)
        guard !input.isEmpty else { return [failure(id, code: -32602, "The prompt is empty.")] }
        let prompt = Prompt(request: id, input: input)
        guard let running = turn else { return begin(prompt) }
        guard running.hasStarted, !running.isCancelled, !Self.isCompaction(input), let turnID = running.id, let thread
        else {
            queue.append(prompt)
            return []
        }
        let params: JSON = [
            "threadId": .string(thread), "expectedTurnId": .string(turnID), "input": .array(input),
        ]
        return [request("turn/steer", params, .steer(prompt))]
    }

    mutating func begin(_ prompt: Prompt) -> [Output] {
        guard let thread else { return [] }
        turn = Turn(requests: [prompt.request])
        usage.turnBegan()
        if Self.isCompaction(prompt.input) {
            return [request("thread/compact/start", ["threadId": .string(thread)], .turn)]
        }
        let members = [JSON.Member("threadId", .string(thread)), .init("input", .array(prompt.input))]
        return [request("turn/start", .object(members + settings.changes()), .turn)]
    }

    static func isCompaction(_ input: [JSON]) -> Bool {
        guard input.count == 1, let text = input[0].text("text") else { return false }
        return text.split(whereSeparator: \.isWhitespace) == ["/compact"]
    }

    private static func input(_ block: JSON) -> JSON? {
        func text(_ words: String) -> JSON { ["type": "text", "text": .string(words)] }
        switch block.text("type") {
        case "text": return block.text("text").flatMap { $0.isEmpty ? nil : text($0) }
        case "image":
            guard let data = block.text("data") else { return nil }
            return ["type": "image", "url": .string("data:\(block.text("mimeType") ?? "image/png");base64,\(data)")]
        case "resource_link":
            return block.text("uri").map { text("[\(block.text("name") ?? $0)](\($0))") }
        case "resource":
            guard let resource = block["resource"], let words = resource.text("text") else { return nil }
            return text("<context ref=\"\(resource.text("uri") ?? "")\">\n\(words)\n</context>")
        default: return nil
        }
    }
}
