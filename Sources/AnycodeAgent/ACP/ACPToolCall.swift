import AnycodeCore
import AnycodeJSON

/// Tool calls and their updates.
enum ACPToolCall {
    static func call(_ json: JSON) -> ToolCall? {
        guard let update = update(json) else { return nil }
        var call = ToolCall(id: update.id, title: "")
        call.apply(update)
        return call
    }

    static func update(_ json: JSON) -> ToolCallUpdate? {
        guard let id = json.text("toolCallId") else { return nil }
        return ToolCallUpdate(
            id: ToolCallID(id), title: json.text("title").map { ACPLimits.shorten($0, to: ACPLimits.title) },
            kind: json.text("kind").map(kind), status: json.text("status").flatMap(status),
            locations: json["locations"]?.array.map { $0.prefix(ACPLimits.items).compactMap(location) },
            content: content(json), rawInput: rawInput(json["rawInput"]), parent: parent(json["_meta"]))
    }

    /// As Claude Code's adapters tell it; ACP itself has no place for it.
    private static func parent(_ meta: JSON?) -> ToolCallID? {
        meta?["claudeCode"]?.text("parentToolUseId").map { ToolCallID($0) }
    }

    private static func kind(_ text: String) -> ToolCall.Kind {
        text == "switch_mode" ? .switchMode : ToolCall.Kind(rawValue: text) ?? .other
    }

    private static func status(_ text: String) -> ToolCall.Status? {
        text == "in_progress" ? .inProgress : ToolCall.Status(rawValue: text)
    }

    private static func location(_ json: JSON) -> ToolCall.Location? {
        guard let path = json.text("path") else { return nil }
        return ToolCall.Location(path: path, line: json["line"]?.integer.flatMap { Int(exactly: $0) })
    }

    /// Some agents show a result only as raw output.
    private static func content(_ json: JSON) -> [ToolCall.Content]? {
        let shown = json["content"]?.array.map { $0.prefix(ACPLimits.items).compactMap(item) }
        if let shown, !shown.isEmpty { return shown }
        guard let output = json.text("rawOutput"), !output.isEmpty else { return shown }
        return [.text(ACPLimits.shorten(output, to: ACPLimits.toolText))]
    }

    private static func item(_ json: JSON) -> ToolCall.Content? {
        switch json.text("type") {
        case "content":
            return ACPContent.text(json["content"]).map { .text(ACPLimits.shorten($0, to: ACPLimits.toolText)) }
        case "diff":
            guard let path = json.text("path"), let new = json.text("newText") else { return nil }
            return .diff(
                path: path, old: json.text("oldText").map { ACPLimits.shorten($0, to: ACPLimits.diffSide) },
                new: ACPLimits.shorten(new, to: ACPLimits.diffSide))
        case "terminal":
            return json.text("terminalId").map { .terminal(id: $0) }
        default:
            return nil
        }
    }

    private static func rawInput(_ json: JSON?) -> String? {
        guard let json, json != .null else { return nil }
        return ACPLimits.shorten(String(decoding: json.bytes, as: UTF8.self), to: ACPLimits.rawInput)
    }
}
