import AnycodeJSON

// What the program writes.
extension ClaudeCodeTranslation {
    mutating func fromProgram(_ message: JSON) -> [Output] {
        let type = message.text("type") ?? ""
        switch type {
        case "stream_event": return streamed(message)
        case "assistant": return said(message)
        case "user": return resulted(message)
        case "system": return system(message)
        case "result": return ended(message)
        case "control_request": return asked(message.text("request_id") ?? "", message["request"] ?? .null)
        case "control_cancel_request": return withdrawn(message.text("request_id") ?? "")
        case "control_response": return controlAnswered(message["response"] ?? .null)
        case "rate_limit_event": return limited(message["rate_limit_info"] ?? .null)
        case "tool_progress", "tool_use_summary", "keep_alive", "prompt_suggestion": return []
        default: return skip(type)
        }
    }

    /// Counts a message of an unknown kind; the client is told of the first.
    mutating func skip(_ kind: String) -> [Output] {
        // A program that invents kinds without end fills no memory.
        guard skipped[kind] != nil || skipped.count < 100 else { return [] }
        skipped[kind, default: 0] += 1
        guard skipped[kind] == 1 else { return [] }
        return [.client(["jsonrpc": "2.0", "method": "_claude_code/skipped", "params": ["type": .string(kind)]])]
    }

    private mutating func limited(_ info: JSON) -> [Output] {
        let words = ClaudeCodeWords.rateLimit(info)
        defer { rateLimit = words }
        guard let words, words != rateLimit else { return [] }
        return [notice(words)]
    }
}

// MARK: - Text and tools

extension ClaudeCodeTranslation {
    private mutating func streamed(_ line: JSON) -> [Output] {
        // What sub-agents say comes again, as whole messages.
        guard let event = line["event"], (line.text("parent_tool_use_id") ?? "").isEmpty else { return [] }
        switch event.text("type") {
        case "content_block_delta": return delta(event["delta"] ?? .null)
        case "message_start":
            message = event["message"]?.text("id")
            usage.began(event["message"]?["usage"])
            return turn.isCancelled && turn.result == nil ? [interrupt()] : []
        case "content_block_start":
            guard let block = event["content_block"], block.text("type") == "tool_use", let id = block.text("id") else {
                return []
            }
            return show(id, name: block.text("name") ?? "", input: nil, parent: nil, status: "pending")
        default: return []
        }
    }

    private mutating func delta(_ delta: JSON) -> [Output] {
        switch delta.text("type") {
        case "text_delta":
            guard let words = delta.text("text"), !words.isEmpty else { return [] }
            if let message { turn.messagesWithText.insert(message) }
            return [text(words, message: message)]
        case "thinking_delta":
            guard let words = delta.text("thinking"), !words.isEmpty else { return [] }
            if let message { turn.messagesWithText.insert(message) }
            return [text(words, message: message, as: "agent_thought_chunk")]
        default: return []
        }
    }

    private mutating func said(_ line: JSON) -> [Output] {
        // Its words are those of the turn's end, which tells them as an error.
        if line["is_api_error_message"]?.bool ?? false { return [] }
        let parent = line.text("parent_tool_use_id")
        let id = line["message"]?.text("id")
        var outputs: [Output] = []
        for block in line["message"]?["content"]?.array ?? [] {
            switch block.text("type") {
            case "tool_use":
                guard let call = block.text("id") else { continue }
                outputs += show(
                    call, name: block.text("name") ?? "", input: block["input"] ?? [:], parent: parent,
                    status: "in_progress")
            case "text":
                outputs += whole(block.text("text") ?? "", id, parent)
            case "thinking" where parent == nil:
                guard let words = block.text("thinking"), !words.isEmpty, !wasStreamed(id) else { continue }
                outputs.append(text(words, message: id, as: "agent_thought_chunk"))
            default: break
            }
        }
        return outputs
    }

    private func wasStreamed(_ id: String?) -> Bool {
        id.map(turn.messagesWithText.contains) ?? false
    }

    /// Text that was not streamed: a command's output, or what a sub-agent says.
    private func whole(_ words: String, _ id: String?, _ parent: String?) -> [Output] {
        guard !words.isEmpty else { return [] }
        guard let parent else { return wasStreamed(id) ? [] : [text(words, message: id)] }
        guard tools[parent]?.isShown ?? false else { return [] }
        return [
            update(
                "tool_call_update",
                [.init("toolCallId", .string(parent)), .init("content", [ClaudeCodeTool.text(words)])])
        ]
    }

    /// Tells a tool call, or what is new about it. Without an input it is still being written.
    mutating func show(_ id: String, name: String, input: JSON?, parent: String?, status: String) -> [Output] {
        var tool = tools[id] ?? ClaudeCodeTool(id: id, name: name, parent: parent)
        // The program completes paths when it asks, and leaves out what it has read itself.
        if let input, !(input.members ?? []).isEmpty { tool.input = input }
        let isNew = !tool.isShown
        tool.isShown = !tool.isHidden
        tools[id] = tool
        guard tool.isShown else { return [] }
        var members = [
            JSON.Member("toolCallId", .string(id)), .init("title", .string(tool.title(in: directory))),
            .init("kind", .string(tool.kind)), .init("status", .string(status)),
        ]
        if input != nil {
            members.append(.init("rawInput", tool.input))
            let content = tool.content(in: directory)
            if !content.isEmpty { members.append(.init("content", .array(content))) }
            if let locations = tool.locations(in: directory) { members.append(.init("locations", locations)) }
        }
        var meta = [JSON.Member("toolName", .string(name))]
        if let parent = tool.parent { meta.append(.init("parentToolUseId", .string(parent))) }
        members.append(.init("_meta", ["claudeCode": .object(meta)]))
        return [update(isNew ? "tool_call" : "tool_call_update", members)]
    }

    private mutating func resulted(_ line: JSON) -> [Output] {
        var outputs: [Output] = []
        for block in line["message"]?["content"]?.array ?? [] where block.text("type") == "tool_result" {
            guard let id = block.text("tool_use_id"), let tool = tools[id] else { continue }
            outputs += finished(tool, block, line["tool_use_result"])
        }
        return outputs
    }

    private mutating func finished(_ tool: ClaudeCodeTool, _ block: JSON, _ result: JSON?) -> [Output] {
        let failed = block["is_error"]?.bool ?? false
        if plan.take(tool, result: failed ? nil : result) { return [update("plan", [.init("entries", plan.entries)])] }
        guard tool.isShown else { return [] }
        let isDenied = denied.remove(tool.id) != nil
        let goesOn = result?["isAsync"]?.bool ?? false
        tools[tool.id]?.isInBackground = goesOn || result?["backgroundTaskId"] != nil
        var members = [
            JSON.Member("toolCallId", .string(tool.id)),
            .init("status", .string(failed ? "failed" : goesOn ? "in_progress" : "completed")),
        ]
        if goesOn {
            members.append(.init("content", [ClaudeCodeTool.text("Works in the background.")]))
        } else if failed, isDenied {
            // Only its state is new.
        } else if failed || !(tool.isReported || tool.kind == "edit" || tool.kind == "switch_mode") {
            members.append(.init("content", .array(ClaudeCodeTool.content(ofResult: block["content"]))))
        } else if let content = tool.content(result: result, in: directory) {
            members.append(.init("content", .array(content)))
        }
        return [update("tool_call_update", members)]
    }
}

// MARK: - System messages

extension ClaudeCodeTranslation {
    private mutating func system(_ line: JSON) -> [Output] {
        let kind = line.text("subtype") ?? ""
        switch kind {
        case "init":
            if let version = line.text("claude_code_version") { settings.version = version }
            return changed(mode: line.text("permissionMode"))
        case "session_state_changed": return state(line.text("state"))
        case "status": return status(line)
        case "api_retry": return retried(line)
        case "compact_boundary":
            usage.compacted(to: line["compact_metadata"]?["post_tokens"]?.integer)
            return [notice(ClaudeCodeWords.compacted(line["compact_metadata"]))]
        case "commands_changed":
            settings.setCommands(line["commands"])
            return [update("available_commands_update", [.init("availableCommands", settings.commands)])]
        case "task_notification": return reported(line)
        case "informational", "notification", "model_fallback", "model_refusal_fallback", "model_consent_fallback",
            "model_refusal_no_fallback":
            guard let words = line.text("content") ?? line.text("text"), !words.isEmpty else { return [] }
            return [notice("ℹ️ \(words)")]
        case "session_title_changed":
            return line.text("title").map { [update("session_info_update", [.init("title", .string($0))])] } ?? []
        case "background_tasks_changed", "files_persisted", "hook_progress", "hook_response", "hook_started",
            "local_command", "permission_denied", "post_turn_summary", "session_metadata", "shell_cwd", "task_progress",
            "task_started", "task_summary", "task_updated", "thinking_tokens", "turn_duration", "turn_starting",
            "vcs_state_changed":
            return []
        default: return skip("system/\(kind)")
        }
    }

    private mutating func changed(mode: String?) -> [Output] {
        guard let mode, mode != settings.mode else { return [] }
        settings.mode = mode
        return [update("current_mode_update", [.init("currentModeId", .string(mode))])]
    }

    private mutating func status(_ line: JSON) -> [Output] {
        var outputs = changed(mode: line.text("permissionMode"))
        if line.text("status") == "compacting" { outputs.append(notice("🗜 Compacting the conversation…")) }
        if let result = line.text("compact_result"), result != "success" {
            outputs.append(notice("🗜 The conversation could not be compacted (\(result))."))
        }
        return outputs
    }

    private mutating func retried(_ line: JSON) -> [Output] {
        let attempt = line["attempt"]?.integer ?? 1
        // It would try for minutes what cannot succeed.
        if ClaudeCodeWords.isAuthentication(line), attempt >= 2, turn.failure == nil, !turn.prompts.isEmpty {
            turn.failure = ClaudeCodeWords.badKey
            return [interrupt()]
        }
        return turn.isCancelled || turn.failure != nil ? [] : [notice(ClaudeCodeWords.retry(line))]
    }

    /// A sub-agent or a background command ended.
    private mutating func reported(_ line: JSON) -> [Output] {
        guard let id = line.text("tool_use_id"), let tool = tools[id], tool.isShown else { return [] }
        var members = [
            JSON.Member("toolCallId", .string(id)),
            .init("status", .string(line.text("status") == "completed" ? "completed" : "failed")),
        ]
        tools[id]?.isInBackground = false
        tools[id]?.isReported = tool.isSubAgent
        if tool.isSubAgent, let summary = line.text("summary") {
            members.append(.init("content", [ClaudeCodeTool.text(summary)]))
        }
        return [update("tool_call_update", members)]
    }
}

// MARK: - The turn's end

extension ClaudeCodeTranslation {
    /// Several results may come before the program is idle: sub-agents in the background bring it to speak again.
    private mutating func ended(_ result: JSON) -> [Output] {
        turn.result = result
        usage.ended(result)
        let told = usage.update.map { [update("usage_update", $0)] } ?? []
        return tellsState ? told : told + finishTurn()
    }

    private mutating func state(_ state: String?) -> [Output] {
        tellsState = true
        switch state {
        case "idle": return turn.result == nil ? [] : finishTurn()
        // The interrupt came before the turn had begun.
        case "running" where turn.isCancelled && turn.result == nil: return [interrupt()]
        default: return []
        }
    }

    private mutating func finishTurn() -> [Output] {
        guard let result = turn.result else { return [] }
        let ended = turn
        turn = Turn()
        tools = tools.filter { $0.value.isInBackground }
        denied = []
        message = nil
        return ended.prompts.map { answer(prompt: $0, ended, result) }
    }

    private func answer(prompt id: JSON, _ turn: Turn, _ end: JSON) -> Output {
        if let words = turn.failure { return failure(id, code: -32000, words) }
        let reason: String
        if turn.isCancelled || end.text("terminal_reason")?.hasPrefix("aborted") ?? false {
            reason = "cancelled"
        } else if end.text("subtype") == "error_max_turns" {
            reason = "max_turn_requests"
        } else if end["is_error"]?.bool ?? false {
            let code: Int64 = ClaudeCodeWords.isAuthentication(end) ? -32000 : -32603
            return failure(id, code: code, ClaudeCodeWords.failure(end))
        } else {
            switch end.text("stop_reason") {
            case "max_tokens": reason = "max_tokens"
            case "refusal": reason = "refusal"
            default: reason = "end_turn"
            }
        }
        var members = [JSON.Member("stopReason", .string(reason))]
        if let usage = ClaudeCodeUsage.ofTurn(end) { members.append(.init("usage", usage)) }
        if let cost = usage.costOfTurn { members.append(.init("_meta", ["claudeCode": ["costUSD": .number(cost)]])) }
        return self.result(id, .object(members))
    }
}
