package import AnycodeCore
package import AnycodeJSON

/// Reads ACP v1 messages of the agent.
///
/// Lenient where the schema says so: what is malformed inside a message is left out, an unknown message is reported by its
/// type. Keeps no state but the last text chunk's message, to set adjacent messages apart.
package struct ACPDecoder: Sendable {
    /// What a message means, and what must be answered at once because no person can.
    package struct Decoded: Hashable, Sendable {
        package var events: [AgentEvent] = []
        package var reply: JSON?
    }

    private var textMessage: String?

    package init() {}

    package mutating func decode(_ bytes: [UInt8]) -> Decoded {
        guard let message = try? JSON(parsing: bytes), message.isObject else {
            return Decoded(events: [.unknown(type: "invalid message")])
        }
        if let method = message.text("method") {
            let params = message["params"] ?? .null
            if let id = RequestID(message["id"]) { return request(id, method, params) }
            return Decoded(events: notification(method, params))
        }
        guard let wire = RequestID(message["id"]) else { return Decoded(events: [.unknown(type: "invalid message")]) }
        let (id, session) = ACPWireID.callerID(wire)
        textMessage = nil
        if let error = message["error"], error != .null { return Decoded(events: [.callFailed(id, failure(error))]) }
        return Decoded(events: ACPAnswer(id: id, loaded: session, result: message["result"] ?? .null).events)
    }

    private mutating func request(_ id: RequestID, _ method: String, _ params: JSON) -> Decoded {
        textMessage = nil
        switch method {
        case "session/request_permission":
            return Decoded(events: [.permissionRequested(ACPPermission.request(id, params))])
        case "elicitation/create":
            if let question = ACPElicitation.request(id, params) { return Decoded(events: [.questionAsked(question)]) }
            let mode = params.text("mode") ?? "none"
            return Decoded(
                events: [.unknown(type: Self.type("elicitation/create:\(mode)"))],
                reply: JSONRPC.result(id, ["action": "cancel"]))
        default:
            return Decoded(
                events: [.unknown(type: Self.type(method))],
                reply: JSONRPC.error(id, code: -32601, "Method not found"))
        }
    }

    private mutating func notification(_ method: String, _ params: JSON) -> [AgentEvent] {
        switch method {
        case "session/update":
            return update(params["update"] ?? .null)
        case "$/cancel_request":
            guard let id = RequestID(params["requestId"]) else { return [.unknown(type: Self.type(method))] }
            return [.requestWithdrawn(id)]
        case "elicitation/complete":
            // The page was answered; the request itself is answered when the person agreed to open it.
            return []
        case "_adapter/gap":
            textMessage = nil
            guard let from = params["from"]?.integer, let to = params["to"]?.integer, from <= to else { return [] }
            return [.gap(from: from, to: to)]
        case "_adapter/agent_exited":
            textMessage = nil
            return [.agentExited(exit(params))]
        default:
            return [.unknown(type: Self.type(method))]
        }
    }

    private mutating func update(_ update: JSON) -> [AgentEvent] {
        let kind = update.text("sessionUpdate") ?? "none"
        if kind == "agent_message_chunk" { return text(update) }
        textMessage = nil
        switch kind {
        case "agent_thought_chunk":
            return ACPContent.text(update["content"]).map { [.thought($0)] } ?? []
        case "user_message_chunk":
            return []
        case "tool_call":
            return ACPToolCall.call(update).map { [.toolCall($0)] } ?? []
        case "tool_call_update":
            return ACPToolCall.update(update).map { [.toolCallUpdated($0)] } ?? []
        case "plan":
            return [.plan(plan(update["entries"]))]
        case "available_commands_update":
            return [.commandsChanged(commands(update["availableCommands"]))]
        case "current_mode_update":
            return update.text("currentModeId").map { [.modeChanged($0)] } ?? []
        case "config_option_update":
            return ACPConfiguration(options: update["configOptions"]).changes
        case "session_info_update":
            return update.text("title").map { [.titleChanged(ACPLimits.shorten($0, to: ACPLimits.title))] } ?? []
        case "usage_update":
            return [.usage(usage(update))]
        default:
            return [.unknown(type: Self.type("session/update:\(kind)"))]
        }
    }

    private mutating func text(_ update: JSON) -> [AgentEvent] {
        guard let text = ACPContent.text(update["content"]), !text.isEmpty else { return [] }
        let message = update.text("messageId")
        defer { textMessage = message }
        if let message, let before = textMessage, before != message { return [.text("\n\n"), .text(text)] }
        return [.text(text)]
    }

    /// A type's name, safe for logs and metrics.
    static func type(_ name: String) -> String {
        let shown = name.unicodeScalars.prefix(80).map { scalar in
            scalar.isASCII && (0x21...0x7E).contains(scalar.value) ? Character(scalar) : "?"
        }
        return String(shown)
    }
}

// MARK: - Small messages

extension ACPDecoder {
    private func plan(_ entries: JSON?) -> [PlanEntry] {
        (entries?.array ?? []).prefix(ACPLimits.items).compactMap { entry in
            guard let text = entry.text("content") else { return nil }
            let status: PlanEntry.Status =
                switch entry.text("status") {
                case "in_progress": .inProgress
                case "completed": .completed
                default: .pending
                }
            return PlanEntry(text: ACPLimits.shorten(text, to: ACPLimits.title), status: status)
        }
    }

    private func commands(_ commands: JSON?) -> [AgentCommand] {
        (commands?.array ?? []).prefix(ACPLimits.items).compactMap { command in
            guard let name = command.text("name"), !name.isEmpty else { return nil }
            let summary = ACPLimits.shorten(command.text("description") ?? "", to: ACPLimits.title)
            return AgentCommand(name: name, summary: summary)
        }
    }

    private func usage(_ update: JSON) -> AgentUsage {
        let cost = update["cost"]
        return AgentUsage(
            used: update["used"]?.integer, size: update["size"]?.integer, cost: cost?["amount"]?.double,
            currency: cost?.text("currency"))
    }

    private func exit(_ params: JSON) -> AgentExit {
        AgentExit(
            exitCode: params["code"]?.integer.flatMap { Int(exactly: $0) },
            signal: params["signal"]?.integer.flatMap { Int(exactly: $0) },
            message: ACPLimits.shorten(params.text("message") ?? "", to: ACPLimits.message))
    }

    private func failure(_ error: JSON) -> AgentFailure {
        let number = error["code"]?.integer.flatMap { Int(exactly: $0) } ?? 0
        let data = error["data"]
        let code: AgentFailure.Code =
            switch number {
            case -32000: .authenticationRequired
            case -32002: .notFound
            case -32800: .cancelled
            default: data?.text("reason") == "agent_exited" ? .agentExited : .other(number)
            }
        // "Internal error" alone tells nothing; what happened is often in the data.
        let detail = data?.text ?? data?.text("details") ?? data?.text("message")
        let message = error.text("message") ?? "error \(number)"
        let whole = detail.map { message.contains($0) ? message : "\(message): \($0)" } ?? message
        return AgentFailure(code: code, message: ACPLimits.shorten(whole, to: ACPLimits.message))
    }
}
