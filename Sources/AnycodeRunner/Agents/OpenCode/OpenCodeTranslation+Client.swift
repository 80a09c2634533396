import AnycodeJSON

// What the ACP client says.
extension OpenCodeTranslation {
    mutating func fromClient(_ message: JSON) -> [Output] {
        if older != nil, message.text("method") != "initialize" { return older?.fromClient(message) ?? [] }
        guard let method = message.text("method") else { return replied(message) }
        let params = message["params"] ?? .null
        guard let id = message["id"] else { return notified(method, params) }
        switch method {
        case "initialize": return initialize(id, params)
        case "authenticate": return [.result(id, [:])]
        case "session/new": return open(id)
        case "session/load", "session/resume": return load(id, params.text("sessionId") ?? "")
        case "session/prompt", "session/set_mode", "session/set_model", "session/set_config_option": break
        default: return [.failure(id, code: -32601, "Method not found")]
        }
        guard let session, params.text("sessionId") == session else {
            return [.failure(id, code: -32002, "There is no such session here.")]
        }
        switch method {
        case "session/prompt": return prompt(id, params["prompt"]?.array ?? [])
        case "session/set_mode": return set(id, "mode", params.text("modeId"))
        case "session/set_model": return set(id, "model", params.text("modelId"))
        default: return set(id, params.text("configId") ?? "", params.text("value"))
        }
    }

    private mutating func set(_ id: JSON, _ option: String, _ value: String?) -> [Output] {
        let isKnown =
            switch option {
            case "model": settings.setModel(value)
            case "mode": settings.setMode(value)
            default: false
            }
        guard isKnown else { return [.failure(id, code: -32602, "There is no such option or choice.")] }
        return [.result(id, ["configOptions": settings.options])]
    }

    private mutating func notified(_ method: String, _ params: JSON) -> [Output] {
        guard method == "session/cancel", let session, params.text("sessionId") == session, turn != nil else {
            return []
        }
        turn?.isCancelled = true
        let cancelled = queue.map { Output.result($0.request, ["stopReason": "cancelled"]) }
        queue = []
        // The server answers only when the turn has stopped, which may take long.
        return cancelled + [.call(.abort, [request("POST", "/session/\(session)/abort", timeout: .seconds(120))])]
    }
}

// MARK: - Getting to know the server

extension OpenCodeTranslation {
    private mutating func initialize(_ id: JSON, _ params: JSON) -> [Output] {
        showsForms = params["clientCapabilities"]?["elicitation"]?["form"]?.isObject ?? false
        guard version == nil else { return [.result(id, capabilities)] }
        let places = ["/global/health", "/opencode/global/health", "/v1/sessions"].map { ServerRequest("GET", $0) }
        return [.call(.initialize(request: id), places)]
    }

    mutating func initialized(_ id: JSON, _ answers: [ServerAnswer]) -> [Output] {
        for (place, answer) in zip(["", "/opencode"], answers) {
            if answer.status == 401 { return [.failure(id, code: -32603, OpenCodeWords.unauthorized)] }
            guard answer.isSuccess, let health = answer.json, health["healthy"]?.bool == true,
                let version = health.text("version")
            else { continue }
            let generation = version.drop { $0 == "v" }.prefix { $0.isNumber }
            if let number = Int(generation), number >= 2 {
                return [.failure(id, code: -32603, OpenCodeWords.tooNew(version))]
            }
            (base, self.version) = (place, version)
            return [.result(id, capabilities), .resubscribe]
        }
        if answers.count == 3, answers[2].isSuccess, answers[2].json?["sessions"]?.array != nil {
            older = SandboxAgentSessions(agent: agent, directory: directory, showsForms: showsForms)
            version = "sandbox-agent 0.1"
            return [.result(id, capabilities)]
        }
        // The 2.x server answers what it does not know with a page.
        let isPage = answers.first.map { $0.isSuccess && $0.json == nil } ?? false
        let words = answers.first.map { $0.isMissing ? $0.words : OpenCodeWords.unknownServer } ?? ""
        return [.failure(id, code: -32603, isPage ? OpenCodeWords.tooNew("2 or later") : words)]
    }

    var capabilities: JSON {
        [
            "protocolVersion": 1,
            "agentInfo": ["name": "opencode", "title": "opencode", "version": .string(version ?? "unknown")],
            "agentCapabilities": [
                "loadSession": true, "promptCapabilities": ["image": true, "audio": false, "embeddedContext": true],
                "mcpCapabilities": ["http": false, "sse": false], "sessionCapabilities": ["resume": [:]],
            ],
            "authMethods": [],
        ]
    }
}

// MARK: - Sessions

extension OpenCodeTranslation {
    private func open(_ id: JSON) -> [Output] {
        if let refusal = mayOpen(id) { return [refusal] }
        return [.call(.open(request: id), [request("POST", "/session", [:])])]
    }

    private func load(_ id: JSON, _ session: String) -> [Output] {
        if let refusal = mayOpen(id) { return [refusal] }
        let path = "/session/\(ServerRequest.encoded(session))"
        return [
            .call(.load(request: id, session: session), [request("GET", path), request("GET", "\(path)/message")])
        ]
    }

    private func mayOpen(_ id: JSON) -> Output? {
        if version == nil { return .failure(id, code: -32600, "The connection is not initialized.") }
        return session == nil ? nil : .failure(id, code: -32600, "This connection already has its session.")
    }

    mutating func opened(_ id: JSON, _ answer: ServerAnswer) -> [Output] {
        guard answer.isSuccess, let opened = answer.json?.text("id") else {
            return [.failure(id, code: -32603, "opencode could not begin a session: \(answer.words)")]
        }
        session = opened
        return choices(id, loading: nil)
    }

    mutating func loaded(_ id: JSON, _ session: String, _ answers: [ServerAnswer]) -> [Output] {
        guard answers.count == 2, answers[0].isSuccess, answers[1].isSuccess else {
            let isUnknown = answers.contains { $0.status == 404 || $0.status == 400 }
            let words = answers.first { !$0.isSuccess }?.words ?? ""
            return [.failure(id, code: isUnknown ? -32002 : -32603, words)]
        }
        self.session = session
        for message in answers[1].json?.array ?? [] {
            if let known = message["info"]?.text("id") { settled.insert(known) }
            cost += message["info"]?["cost"]?.double ?? 0
        }
        return choices(id, loading: session)
    }

    private func choices(_ id: JSON, loading: String?) -> [Output] {
        [
            .call(
                .choices(request: id, loading: loading),
                [request("GET", "/agent"), request("GET", "/config/providers")])
        ]
    }

    mutating func chosen(_ id: JSON, _ loading: String?, _ answers: [ServerAnswer]) -> [Output] {
        if answers.count == 2 {
            settings.read(agents: answers[0].json, providers: answers[1].json)
            if !base.isEmpty { settings.prefer(provider: agent, answers[1].json) }
        }
        var members = [JSON.Member("configOptions", settings.options)]
        if loading == nil { members.insert(.init("sessionId", .string(session ?? "")), at: 0) }
        return [.result(id, .object(members))] + reread() + next()
    }
}

// MARK: - Prompts

extension OpenCodeTranslation {
    private mutating func prompt(_ id: JSON, _ blocks: [JSON]) -> [Output] {
        let parts = blocks.compactMap(Self.part)
        guard !parts.isEmpty else { return [.failure(id, code: -32602, "The prompt is empty.")] }
        queue.append((id, parts))
        return next()
    }

    /// The next prompt, once the stream is open: what happens before is told to nobody.
    mutating func next() -> [Output] {
        guard turn == nil, isSubscribed, let session, !queue.isEmpty else { return [] }
        let (id, parts) = queue.removeFirst()
        turn = Turn(request: id)
        var members = [JSON.Member("parts", .array(parts))]
        if let agent = settings.mode { members.append(.init("agent", .string(agent))) }
        if let model = settings.model { members.append(.init("model", model)) }
        return [.call(.prompt, [request("POST", "/session/\(session)/prompt_async", .object(members))])]
    }

    mutating func accepted(_ answer: ServerAnswer) -> [Output] {
        guard let running = turn else { return [] }
        // Without an answer the state tells whether it was taken.
        guard answer.isSuccess || answer.isMissing else {
            turn = nil
            return [.failure(running.request, code: -32603, "opencode refused the prompt: \(answer.words)")] + next()
        }
        turn?.isAccepted = true
        turn?.isUnsure = answer.isMissing
        return answer.isMissing || running.wasIdle || running.error != nil ? reread() : []
    }

    private static func part(_ block: JSON) -> JSON? {
        func text(_ words: String) -> JSON { ["type": "text", "text": .string(words)] }
        switch block.text("type") {
        case "text": return block.text("text").flatMap { $0.isEmpty ? nil : text($0) }
        case "image":
            guard let data = block.text("data") else { return nil }
            let type = block.text("mimeType") ?? "image/png"
            return ["type": "file", "mime": .string(type), "url": .string("data:\(type);base64,\(data)")]
        case "resource_link":
            return block.text("uri").map { text("[\(block.text("name") ?? $0)](\($0))") }
        case "resource":
            guard let resource = block["resource"], let words = resource.text("text") else { return nil }
            return text("<context ref=\"\(resource.text("uri") ?? "")\">\n\(words)\n</context>")
        default: return nil
        }
    }
}
