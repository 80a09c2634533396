import AnycodeJSON

// What the server tells.
extension OpenCodeTranslation {
    mutating func happened(_ event: JSON) -> [Output] {
        let properties = event["properties"] ?? .null
        switch event.text("type") {
        case "message.updated": return messageUpdated(properties["info"] ?? .null)
        case "message.part.updated": return partUpdated(properties["part"] ?? .null, isLive: true)
        case "message.part.delta": return pieceCame(properties)
        case "session.created", "session.updated": return sessionUpdated(properties["info"] ?? .null)
        case "session.status": return statusChanged(properties.text("sessionID"), properties["status"] ?? .null)
        case "session.idle": return properties.text("sessionID") == session ? settle() : []
        case "session.error": return failed(properties)
        case "todo.updated": return planned(properties)
        case "permission.asked", "permission.updated": return permissionAsked(properties)
        case "question.asked": return questionAsked(properties)
        case "permission.replied", "question.replied", "question.rejected":
            let id = properties.text("requestID") ?? properties.text("permissionID")
            return withdraw { $0 == id }
        default: return []
        }
    }

    /// Whether it is our session, or one of its sub-agents'.
    func isOurs(_ id: String?) -> Bool {
        guard let id else { return false }
        return id == session || children.contains(id)
    }

    private mutating func sessionUpdated(_ info: JSON) -> [Output] {
        guard let id = info.text("id") else { return [] }
        if let parent = info.text("parentID"), isOurs(parent) { children.insert(id) }
        guard id == session, let title = info.text("title") else { return [] }
        return [update("session_info_update", [.init("title", .string(title))])]
    }

    private mutating func statusChanged(_ id: String?, _ status: JSON) -> [Output] {
        guard id == session else { return [] }
        switch status.text("type") {
        case "idle": return settle()
        case "retry":
            turn?.wasBusy = true
            let attempt = status["attempt"]?.integer ?? 1
            return [notice(OpenCodeWords.retry(status.text("message") ?? "", attempt: attempt))]
        default:
            turn?.wasBusy = true
            return []
        }
    }

    private mutating func failed(_ properties: JSON) -> [Output] {
        // Without a session it concerns the server as a whole, and with it the turn.
        guard turn != nil, properties.text("sessionID") ?? session == session else { return [] }
        turn?.error = properties["error"] ?? .null
        // A prompt that failed before anything was begun leaves the server as idle as it was.
        return turn?.wasBusy == true ? [] : reread()
    }

    private func planned(_ properties: JSON) -> [Output] {
        guard properties.text("sessionID") == session else { return [] }
        let entries = (properties["todos"]?.array ?? []).filter { $0.text("status") != "cancelled" }.map {
            todo -> JSON in
            let status = todo.text("status") ?? "pending"
            return [
                "content": .string(todo.text("content") ?? ""), "priority": .string(todo.text("priority") ?? "medium"),
                "status": .string(["in_progress", "completed"].contains(status) ? status : "pending"),
            ]
        }
        return [update("plan", [.init("entries", .array(entries))])]
    }
}

// MARK: - Messages

extension OpenCodeTranslation {
    mutating func messageUpdated(_ info: JSON) -> [Output] {
        guard let id = info.text("id"), let role = info.text("role"), isOurs(info.text("sessionID")),
            !settled.contains(id)
        else { return [] }
        let isNew = roles.updateValue(role, forKey: id) == nil
        var outputs: [Output] = []
        if isNew, let parts = held.removeValue(forKey: id) {
            for part in parts { outputs += partUpdated(part, isLive: true) }
        }
        guard role == "assistant", info.text("sessionID") == session, turn != nil else { return outputs }
        turn?.costs[id] = info["cost"]?.double ?? 0
        guard info["time"]?["completed"] != nil || info["error"] != nil else { return outputs }
        turn?.last = info
        if let error = info["error"], error != .null { turn?.error = error }
        return outputs + usage(info)
    }

    private func usage(_ info: JSON) -> [Output] {
        guard let tokens = info["tokens"] else { return [] }
        func count(_ json: JSON?) -> Int64 { json?.double.flatMap { Int64(exactly: $0.rounded()) } ?? 0 }
        let used =
            count(tokens["input"]) + count(tokens["output"]) + count(tokens["reasoning"])
            + count(tokens["cache"]?["read"]) + count(tokens["cache"]?["write"])
        guard used > 0 else { return [] }
        var members = [JSON.Member("used", .integer(used))]
        if let size = settings.contextSize(info.text("providerID"), info.text("modelID")) {
            members.append(.init("size", .integer(size)))
        }
        let total = cost + (turn?.costs.values.reduce(0, +) ?? 0)
        if total > 0 { members.append(.init("cost", ["amount": .number(total), "currency": "USD"])) }
        return [update("usage_update", members)]
    }

    /// A part as a whole: as far as it was shown, nothing is shown again.
    mutating func partUpdated(_ part: JSON, isLive: Bool) -> [Output] {
        guard let id = part.text("id"), let message = part.text("messageID"), isOurs(part.text("sessionID")),
            !settled.contains(message)
        else { return [] }
        guard let role = roles[message] else {
            if held.count < 1000 { held[message, default: []].append(part) }
            return []
        }
        guard role == "assistant" else { return [] }
        turn?.wasBusy = true
        let isMain = part.text("sessionID") == session
        switch part.text("type") {
        case "text" where isMain && part["synthetic"]?.bool != true && part["ignored"]?.bool != true:
            return spoken(part, id, as: "agent_message_chunk", isLive: isLive)
        case "reasoning" where isMain: return spoken(part, id, as: "agent_thought_chunk", isLive: isLive)
        case "tool": return toolUpdated(part, isMain: isMain)
        default: return []
        }
    }

    private mutating func spoken(_ part: JSON, _ id: String, as kind: String, isLive: Bool) -> [Output] {
        let text = part.text("text") ?? ""
        let (known, count) = (shown[id], text.utf8.count)
        let before = known?.bytes ?? 0
        // What was read may be older than what came by the stream, which then goes on from there.
        let goesOn = isLive ? count >= before : count <= before && known?.isLive == true
        shown[id] = Shown(bytes: max(before, count), isLive: goesOn, isThought: kind == "agent_thought_chunk")
        guard count > before else { return [] }
        return [.text(session ?? "", OpenCodeWords.rest(of: text, after: before), message: id, as: kind)]
    }

    /// The next piece of a part that is being written. Where the piece before it is missing, the whole part will tell.
    private mutating func pieceCame(_ piece: JSON) -> [Output] {
        guard piece.text("sessionID") == session, piece.text("field") == "text", let id = piece.text("partID"),
            let delta = piece.text("delta"), let message = piece.text("messageID"), !settled.contains(message)
        else { return [] }
        guard roles[message] == "assistant", shown[id]?.isLive == true else {
            // Held back with its message: the part's beginning is not shown yet.
            guard roles[message] == nil, let place = held[message]?.lastIndex(where: { $0.text("id") == id }),
                let part = held[message]?[place]
            else { return [] }
            held[message]?[place] = part.appending(delta)
            return []
        }
        shown[id]?.bytes += delta.utf8.count
        turn?.wasBusy = true
        let kind = shown[id]?.isThought == true ? "agent_thought_chunk" : "agent_message_chunk"
        return delta.isEmpty ? [] : [.text(session ?? "", delta, message: id, as: kind)]
    }

    private mutating func toolUpdated(_ part: JSON, isMain: Bool) -> [Output] {
        guard let tool = OpenCodeTool(part, in: directory, isSubAgents: !isMain) else { return [] }
        let before = tools.updateValue(tool, forKey: tool.id)
        guard let before else { return [update("tool_call", tool.members)] }
        guard tool.rank >= before.rank, tool != before else {
            if tool.rank < before.rank { tools[tool.id] = before }
            return []
        }
        return [update("tool_call_update", tool.members)]
    }
}

extension JSON {
    /// The same part with more text.
    fileprivate func appending(_ delta: String) -> JSON {
        .object((members ?? []).map { $0.key == "text" ? Member("text", .string(($0.value.text ?? "") + delta)) : $0 })
    }
}
