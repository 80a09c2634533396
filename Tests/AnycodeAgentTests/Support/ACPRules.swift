import AnycodeJSON

@testable import AnycodeAgent

/// What the v1 schema asks of a client's messages.
enum ACPRules {
    /// What is wrong with a message, `nil` when nothing is.
    static func fault(_ message: JSON) -> String? {
        guard message["jsonrpc"] == "2.0" else { return "jsonrpc is missing" }
        guard let method = message.text("method") else { return answer(message) }
        let isNotification = method == "session/cancel" || method.hasPrefix("$/")
        if isNotification == (message["id"] != nil) { return "\(method): wrong id" }
        guard let params = message["params"], params.isObject else { return "\(method): no params" }
        switch method {
        case "initialize":
            return keys(params, ["protocolVersion", "clientCapabilities", "clientInfo"], method)
                ?? (params["protocolVersion"] == 1 ? nil : "protocol version")
        case "session/new": return keys(params, ["cwd", "mcpServers"], method) ?? directory(params)
        case "session/load": return keys(params, ["sessionId", "cwd", "mcpServers"], method) ?? directory(params)
        case "session/prompt": return keys(params, ["sessionId", "prompt"], method) ?? prompt(params)
        case "session/cancel": return keys(params, ["sessionId"], method)
        case "session/set_mode": return keys(params, ["sessionId", "modeId"], method)
        case "session/set_model": return keys(params, ["sessionId", "modelId"], method)
        case "session/set_config_option": return keys(params, ["sessionId", "configId", "value"], method)
        default: return "unknown method \(method)"
        }
    }

    private static func keys(_ json: JSON, _ wanted: [String], _ place: String) -> String? {
        let found = Set(json.members?.map(\.key) ?? [])
        return found == Set(wanted) ? nil : "\(place): members \(found.sorted())"
    }

    private static func directory(_ params: JSON) -> String? {
        guard params.text("cwd")?.hasPrefix("/") == true else { return "cwd is not absolute" }
        return params["mcpServers"]?.array == nil ? "mcpServers is no list" : nil
    }

    private static func prompt(_ params: JSON) -> String? {
        guard let blocks = params["prompt"]?.array, !blocks.isEmpty else { return "prompt is no list" }
        return blocks.compactMap { keys($0, ["type", "text"], "prompt") }.first
    }

    private static func answer(_ message: JSON) -> String? {
        guard message["id"] != nil else { return "an answer without id" }
        if let error = message["error"] { return keys(error, ["code", "message"], "error") }
        guard let result = message["result"] else { return "neither result nor error" }
        if let outcome = result["outcome"] {
            let wanted = outcome.text("outcome") == "selected" ? ["outcome", "optionId"] : ["outcome"]
            return keys(outcome, wanted, "outcome")
        }
        switch result.text("action") {
        case "accept": return keys(result, ["action", "content"], "elicitation")
        case "decline", "cancel": return keys(result, ["action"], "elicitation")
        default: return "an answer of no known kind"
        }
    }
}
