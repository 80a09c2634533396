import AnycodeJSON

/// What the program offers to choose from, as it says when it starts.
struct ClaudeCodeSettings: Sendable {
    struct Mode: Sendable, Hashable {
        var id: String
        var name: String
        var summary: String
    }

    /// The oldest version whose messages are known.
    static let oldestVersion = (2, 1)

    var version: String?
    var mode = "default"
    var model = "default"
    private(set) var commands: JSON = []
    private var models: [JSON] = []
    private var offered: [Mode] = []

    init() {}

    init(_ response: JSON, mayBypass: Bool) {
        version = response.text("claude_code_version")
        mode = response.text("current_permission_mode") ?? "default"
        models = response["models"]?.array ?? []
        commands = Self.commands(response["commands"])
        let isAutomatic = models.contains { $0["supportsAutoMode"]?.bool ?? false }
        offered = Self.allModes.filter { mode in
            switch mode.id {
            case "auto": isAutomatic
            case "bypassPermissions": mayBypass
            default: true
            }
        }
    }

    private static let allModes = [
        Mode(id: "default", name: "Ask", summary: "Asks before it changes anything or runs a command"),
        Mode(id: "acceptEdits", name: "Accept edits", summary: "Edits files without asking, asks before commands"),
        Mode(id: "plan", name: "Plan", summary: "Plans first and changes nothing"),
        Mode(id: "auto", name: "Automatic", summary: "Asks only for what it judges risky"),
        Mode(id: "dontAsk", name: "Don't ask", summary: "Never asks: what was not allowed before is denied"),
        Mode(id: "bypassPermissions", name: "Allow everything", summary: "Never asks: everything is allowed"),
    ]

    func offers(mode: String) -> Bool {
        offered.contains { $0.id == mode }
    }

    /// `modes` of a session.
    var modes: JSON {
        let list = offered.map { mode -> JSON in
            ["id": .string(mode.id), "name": .string(mode.name), "description": .string(mode.summary)]
        }
        return ["currentModeId": .string(mode), "availableModes": .array(list)]
    }

    /// `configOptions` of a session: the model.
    var options: JSON {
        guard !models.isEmpty else { return [] }
        var choices = models.compactMap { model -> JSON? in
            guard let value = model.text("value") else { return nil }
            return [
                "value": .string(value), "name": .string(model.text("displayName") ?? value),
                "description": .string(model.text("description") ?? ""),
            ]
        }
        // A model named by hand, or resolved by the program, is a choice too.
        if !choices.contains(where: { $0.text("value") == model }) {
            choices.append(["value": .string(model), "name": .string(model)])
        }
        return [
            [
                "id": "model", "name": "Model", "category": "model", "type": "select", "currentValue": .string(model),
                "options": .array(choices),
            ]
        ]
    }

    mutating func setCommands(_ list: JSON?) {
        commands = Self.commands(list)
    }

    /// Commands that begin with underscores are the program's own business.
    private static func commands(_ list: JSON?) -> JSON {
        let found = (list?.array ?? []).compactMap { command -> JSON? in
            guard let name = command.text("name"), !name.isEmpty, !name.hasPrefix("_") else { return nil }
            let summary = command.text("description") ?? ""
            var members = [JSON.Member("name", .string(name)), .init("description", .string(shortened(summary, 200)))]
            if let hint = command.text("argumentHint"), !hint.isEmpty {
                members.append(.init("input", ["hint": .string(hint)]))
            }
            return .object(members)
        }
        return .array(found)
    }

    var versionNotice: String? {
        guard let version else { return "⚠️ This Claude Code does not tell its version; some things may not be shown." }
        let parts = version.split(separator: ".").compactMap { Int($0) }
        guard parts.count >= 2, (parts[0], parts[1]) < Self.oldestVersion else { return nil }
        let (major, minor) = Self.oldestVersion
        return "⚠️ Claude Code \(version) is older than \(major).\(minor); some things may not be shown."
    }

    /// MCP servers of the client in the program's terms; nil when there are none.
    static func servers(_ list: [JSON]) -> JSON? {
        let members = list.compactMap { server -> JSON.Member? in
            guard let name = server.text("name") else { return nil }
            if let url = server.text("url") {
                let type = server.text("type") ?? "http"
                return .init(
                    name, ["type": .string(type), "url": .string(url), "headers": pairs(server["headers"])])
            }
            guard let command = server.text("command") else { return nil }
            let arguments = server["args"]?.array ?? []
            return .init(
                name,
                [
                    "type": "stdio", "command": .string(command), "args": .array(arguments),
                    "env": pairs(server["env"]),
                ])
        }
        return members.isEmpty ? nil : .object(members)
    }

    private static func pairs(_ list: JSON?) -> JSON {
        .object(
            (list?.array ?? []).compactMap { pair in
                guard let name = pair.text("name"), let value = pair["value"] else { return nil }
                return JSON.Member(name, value)
            })
    }
}

/// The beginning of a text, marked as cut.
func shortened(_ text: String, _ limit: Int) -> String {
    text.unicodeScalars.count <= limit
        ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + "…"
}
