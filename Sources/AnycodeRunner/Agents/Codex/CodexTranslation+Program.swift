import AnycodeJSON

// What the program says.
extension CodexTranslation {
    mutating func fromProgram(_ message: JSON) -> [Output] {
        let params = message["params"] ?? .null
        guard let method = message.text("method") else {
            return purpose(of: message["id"]).map { answered($0, message) } ?? []
        }
        if let id = message["id"] { return requested(id, method, params) }
        // Threads of sub-agents talk among themselves.
        if let other = params.text("threadId"), let thread, other != thread { return [] }
        switch method {
        case "item/agentMessage/delta", "item/plan/delta":
            // Not within the call below: that would hold a copy, and the text so far be copied for each delta.
            let piece = answer.delta(params.text("delta") ?? "", item: params.text("itemId") ?? "")
            return shown(piece)
        case "item/reasoning/summaryTextDelta", "item/reasoning/textDelta", "item/reasoning/summaryPartAdded":
            return reasoning(method, params)
        case "item/commandExecution/outputDelta":
            return output(params.text("delta") ?? "", item: params.text("itemId") ?? "")
        case "item/started": return itemStarted(params["item"] ?? .null)
        case "item/completed": return itemCompleted(params["item"] ?? .null)
        case "item/fileChange/patchUpdated": return patchUpdated(params)
        case "turn/started": return turnStarted(params["turn"] ?? .null)
        case "turn/completed": return turnCompleted(params["turn"] ?? .null)
        case "turn/plan/updated": return [planned(params["plan"]?.array ?? [])]
        case "thread/tokenUsage/updated":
            return usage.updated(params["tokenUsage"] ?? .null).map { [update("usage_update", $0)] } ?? []
        case "thread/name/updated":
            return params.text("threadName").map { [update("session_info_update", [.init("title", .string($0))])] }
                ?? []
        default: return told(method, params)
        }
    }

    private mutating func told(_ method: String, _ params: JSON) -> [Output] {
        switch method {
        case "error": return failed(params)
        case "serverRequest/resolved": return withdraw { $0 == params["requestId"] }
        case "configWarning": return noticeOnce(CodexWords.configuration(params))
        case "warning", "guardianWarning":
            let words = params.text("message") ?? ""
            // Says only that the program does not know the model's size.
            if words.isEmpty || words.hasPrefix("Model metadata for") { return [] }
            return noticeOnce("⚠️ \(CodexTool.shortened(words, 1000))")
        case "thread/compacted": return notice(CodexWords.compacted)
        case "model/rerouted":
            return notice("ℹ️ The model's server answers with \(params.text("toModel") ?? "another model").")
        case let known where Self.silent.contains(known): return []
        default:
            skip(method)
            return []
        }
    }

    /// Known, and nothing a person has to see.
    private static let silent: Set<String> = [
        "account/rateLimits/updated", "account/updated", "deprecationNotice",
        "item/commandExecution/terminalInteraction",
        "item/fileChange/outputDelta", "item/mcpToolCall/progress", "mcpServer/startupStatus/updated",
        "remoteControl/status/changed", "skills/changed", "thread/goal/cleared", "thread/goal/updated",
        "thread/queue/changed", "thread/readState/changed", "thread/settings/updated", "thread/started",
        "thread/status/changed", "turn/diff/updated",
    ]

    func shown(_ piece: CodexStream.Piece?, as kind: String = "agent_message_chunk") -> [Output] {
        piece.map { [text($0.text, message: $0.message, as: kind)] } ?? []
    }

    private mutating func reasoning(_ method: String, _ params: JSON) -> [Output] {
        let item = params.text("itemId") ?? ""
        let isFirst = params["summaryIndex"]?.integer == 0
        let delta = method == "item/reasoning/summaryPartAdded" ? (isFirst ? "" : "\n\n") : params.text("delta") ?? ""
        let piece = thought.delta(delta, item: item)
        return shown(piece, as: "agent_thought_chunk")
    }

    private func planned(_ steps: [JSON]) -> Output {
        let entries = steps.map { step -> JSON in
            let status =
                switch step.text("status") {
                case "completed": "completed"
                case "inProgress", "in_progress": "in_progress"
                default: "pending"
                }
            return ["content": .string(step.text("step") ?? ""), "priority": "medium", "status": .string(status)]
        }
        return update("plan", [.init("entries", .array(entries))])
    }
}

// MARK: - Answers

extension CodexTranslation {
    private mutating func answered(_ purpose: Purpose, _ message: JSON) -> [Output] {
        let value = message["result"] ?? .null
        let error = message["error"].map { $0.text("message") ?? "It was refused." }
        switch purpose {
        case .initialize(let request):
            if let error { return [failure(request, code: -32603, error)] }
            version = CodexWords.version(value.text("userAgent")) ?? "unknown"
            if let words = CodexWords.versionNotice(version == "unknown" ? nil : version) { early.append(words) }
            return [
                .program(["method": "initialized"]), self.request("model/list", [:], .models),
                result(request, capabilities),
            ]
        case .open(let request, let opening): return opened(request, opening, value, error)
        case .models:
            settings.setModels(value["data"]?.array ?? [])
            return thread == nil ? [] : [update("config_option_update", [.init("configOptions", settings.options)])]
        case .turn:
            if let error { return turnRefused(error) }
            if turn?.id == nil { turn?.id = value["turn"]?.text("id") }
            return []
        case .steer(let prompt): return steered(prompt, error)
        case .interrupt:
            if error != nil { turn?.isInterrupting = false }
            return []
        case .silent: return []
        }
    }

    private mutating func opened(_ request: JSON, _ opening: Opening, _ value: JSON, _ error: String?) -> [Output] {
        guard error == nil, let id = value["thread"]?.text("id") else {
            let words = error ?? "Codex did not say which thread it began."
            let isMissing = opening != .new && (words.contains("no rollout") || words.contains("invalid session id"))
            return [failure(request, code: isMissing ? -32002 : -32603, words)]
        }
        thread = id
        settings.opened(value)
        var members = [JSON.Member("modes", settings.modeState), .init("configOptions", settings.options)]
        if opening == .new { members.insert(.init("sessionId", .string(id)), at: 0) }
        var outputs = opening == .load ? history(value["thread"]?["turns"]?.array ?? []) : []
        outputs.append(result(request, .object(members)))
        outputs.append(update("available_commands_update", [.init("availableCommands", CodexSettings.commands)]))
        if opening == .new { outputs += noticeOnce(CodexWords.sandbox) }
        for words in early { outputs += notice(words) }
        early = []
        return outputs
    }

    private mutating func steered(_ prompt: Prompt, _ error: String?) -> [Output] {
        if error == nil {
            guard turn != nil else { return [result(prompt.request, ["stopReason": "end_turn"])] }
            turn?.requests.append(prompt.request)
            return []
        }
        guard let running = turn else { return begin(prompt) }
        if running.isCancelled { return [result(prompt.request, ["stopReason": "cancelled"])] }
        queue.append(prompt)
        return []
    }
}

// MARK: - Turns

extension CodexTranslation {
    private mutating func turnStarted(_ begun: JSON) -> [Output] {
        if turn == nil { turn = Turn(requests: []) }
        if let id = begun.text("id") { turn?.id = id }
        turn?.hasStarted = true
        return interrupt()
    }

    private mutating func turnRefused(_ error: String) -> [Output] {
        let requests = turn?.requests ?? []
        turn = nil
        return requests.map { failure($0, code: -32603, error) } + [.turnEnded] + next()
    }

    private mutating func turnCompleted(_ ended: JSON) -> [Output] {
        guard let running = turn else { return [] }
        if let id = running.id, let other = ended.text("id"), id != other { return [] }
        turn = nil
        answer.turnEnded()
        thought.turnEnded()
        var outputs = closeTools()
        outputs += running.isCancelled ? [] : withdraw { _ in true }
        asked = [:]
        outputs += running.requests.map { settled($0, ended, isCancelled: running.isCancelled) }
        return outputs + [.turnEnded] + next()
    }

    private func settled(_ request: JSON, _ ended: JSON, isCancelled: Bool) -> Output {
        let status = ended.text("status")
        if status == "failed", !isCancelled {
            let error = ended["error"]
            let code: Int64 = error.map(CodexWords.isAuthentication) ?? false ? -32000 : -32603
            return failure(request, code: code, CodexWords.failure(error))
        }
        let isOver = isCancelled || status == "interrupted"
        var members = [JSON.Member("stopReason", isOver ? "cancelled" : "end_turn")]
        if let taken = usage.ofTurn { members.append(.init("usage", taken)) }
        if !skipped.isEmpty {
            let counts = skipped.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .integer(Int64($0.value))) }
            members.append(.init("_meta", ["codex": ["skipped": .object(counts)]]))
        }
        return result(request, .object(members))
    }

    private mutating func next() -> [Output] {
        queue.isEmpty ? [] : begin(queue.removeFirst())
    }

    private mutating func failed(_ params: JSON) -> [Output] {
        let error = params["error"] ?? .null
        // The last one is told by the turn's end.
        guard params["willRetry"]?.bool ?? false else { return [] }
        answer.broke()
        thought.broke()
        return notice(CodexWords.retry(error))
    }
}
