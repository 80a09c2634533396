import AnycodeCore
import AnycodeJSON

/// The agent's answer to one of our calls, told by its shape.
///
/// Which call an id belongs to is known to the caller, who committed it; what the client knew would be lost in a restart.
struct ACPAnswer {
    let id: RequestID
    /// The session of a `session/load` call.
    let loaded: AgentSessionID?
    let result: JSON

    var events: [AgentEvent] {
        if let reason = result.text("stopReason") {
            let tokens = result["usage"]?["totalTokens"]?.integer.flatMap { ACPLimits.counts.contains($0) ? $0 : nil }
            return (tokens.map { [.turnTook(id, tokens: $0)] } ?? []) + [.turnEnded(id, stopReason(reason))]
        }
        if result["protocolVersion"] != nil { return [.initialized(id, capabilities)] }
        let configuration = ACPConfiguration(
            options: result["configOptions"], modes: result["modes"], models: result["models"])
        if let session = loaded ?? result.text("sessionId").map({ AgentSessionID($0) }) {
            return [.sessionOpened(id, configuration.session(session))]
        }
        return [.callSucceeded(id)] + configuration.changes
    }

    private func stopReason(_ text: String) -> StopReason {
        switch text {
        case "end_turn": .endTurn
        case "max_tokens": .maxTokens
        case "max_turn_requests": .maxRequests
        case "refusal": .refusal
        case "cancelled": .cancelled
        default: .other(ACPDecoder.type(text))
        }
    }

    private var capabilities: AgentCapabilities {
        let capabilities = result["agentCapabilities"] ?? .null
        let session = capabilities["sessionCapabilities"] ?? .null
        return AgentCapabilities(
            name: result["agentInfo"]?.text("title") ?? result["agentInfo"]?.text("name"),
            version: result["agentInfo"]?.text("version"), loadsSessions: capabilities["loadSession"]?.bool ?? false,
            resumesSessions: session["resume"]?.isObject ?? false,
            acceptsImages: capabilities["promptCapabilities"]?["image"]?.bool ?? false,
            steers: capabilities["_meta"]?["anycode"]?["steers"]?.bool,
            authenticationMethods: (result["authMethods"]?.array ?? []).compactMap { $0.text("id") })
    }
}
