import AnycodeJSON

/// What can be chosen: the mode, the model and its effort.
struct CodexSettings: Sendable {
    struct Mode: Sendable, Hashable {
        var id: String
        var name: String
        var summary: String
        var approvals: String
        /// The program's collaboration mode.
        var collaboration: String
    }

    static let modes = [
        Mode(
            id: "ask", name: "Ask", summary: "Asks before it runs commands or changes files", approvals: "untrusted",
            collaboration: "default"),
        Mode(
            id: "plan", name: "Plan", summary: "Plans first and asks what is unclear", approvals: "untrusted",
            collaboration: "plan"),
        Mode(
            id: "auto", name: "Don't ask", summary: "Never asks: everything is allowed", approvals: "never",
            collaboration: "default"),
    ]

    private(set) var mode = modes[0]
    private(set) var model = ""
    private(set) var effort: String?
    private var models: [JSON] = []
    private var isModeNew = false
    private var isModelNew = false

    init() {}

    /// What the program says a thread begins with.
    mutating func opened(_ result: JSON) {
        model = result.text("model") ?? model
        effort = result.text("reasoningEffort")
    }

    mutating func setModels(_ list: [JSON]) {
        models = list.filter { !($0["hidden"]?.bool ?? false) }
    }

    mutating func setMode(_ id: String?) -> Bool {
        guard let known = Self.modes.first(where: { $0.id == id }) else { return false }
        isModeNew = isModeNew || known != mode
        mode = known
        return true
    }

    /// Any name is taken: the program knows models that it does not list. `name/effort` sets both.
    mutating func setModel(_ name: String?) -> Bool {
        guard let name, !name.isEmpty else { return false }
        if let slash = name.lastIndex(of: "/"),
            let known = models.first(where: { $0.text("model") == String(name[..<slash]) })
        {
            let wanted = String(name[name.index(after: slash)...])
            let efforts = known["supportedReasoningEfforts"]?.array ?? []
            guard efforts.contains(where: { $0.text("reasoningEffort") == wanted }) else { return false }
            return setModel(String(name[..<slash])) && setEffort(wanted)
        }
        model = name
        if let effort, !efforts.isEmpty, !efforts.contains(where: { $0.text("reasoningEffort") == effort }) {
            self.effort = nil
        }
        isModelNew = true
        return true
    }

    mutating func setEffort(_ name: String?) -> Bool {
        guard let name, efforts.contains(where: { $0.text("reasoningEffort") == name }) else { return false }
        effort = name
        isModelNew = true
        return true
    }

    /// Members of `turn/start` that change what the thread has; the program keeps them for later turns.
    mutating func changes() -> [JSON.Member] {
        var members: [JSON.Member] = []
        if isModelNew {
            members.append(.init("model", .string(model)))
            if let effort { members.append(.init("effort", .string(effort))) }
        }
        if isModeNew {
            let chosen: JSON = [
                "model": .string(model), "reasoning_effort": effort.map { .string($0) } ?? .null,
                "developer_instructions": .null,
            ]
            members.append(.init("approvalPolicy", .string(mode.approvals)))
            members.append(.init("collaborationMode", ["mode": .string(mode.collaboration), "settings": chosen]))
        }
        isModeNew = false
        isModelNew = false
        return members
    }
}

// MARK: - As ACP shows them

extension CodexSettings {
    var modeState: JSON {
        let list = Self.modes.map { mode -> JSON in
            ["id": .string(mode.id), "name": .string(mode.name), "description": .string(mode.summary)]
        }
        return ["currentModeId": .string(mode.id), "availableModes": .array(list)]
    }

    /// `configOptions` of a session.
    var options: JSON {
        var options = [Self.select("model", "Model", "model", model, modelChoices)]
        if !efforts.isEmpty {
            let current = effort ?? modelEntry?.text("defaultReasoningEffort") ?? ""
            options.append(Self.select("effort", "Effort", "thought_level", current, efforts.compactMap(Self.choice)))
        }
        return .array(options)
    }

    private var modelEntry: JSON? {
        models.first { $0.text("model") == model }
    }

    private var efforts: [JSON] {
        modelEntry?["supportedReasoningEfforts"]?.array ?? []
    }

    private var modelChoices: [JSON] {
        var choices = models.compactMap { entry -> JSON? in
            guard let name = entry.text("model") else { return nil }
            return [
                "value": .string(name), "name": .string(entry.text("displayName") ?? name),
                "description": .string(entry.text("description") ?? ""),
            ]
        }
        // A model named by hand is a choice too.
        if modelEntry == nil { choices.append(["value": .string(model), "name": .string(model)]) }
        return choices
    }

    private static func choice(_ effort: JSON) -> JSON? {
        guard let name = effort.text("reasoningEffort") else { return nil }
        return [
            "value": .string(name), "name": .string(name), "description": .string(effort.text("description") ?? ""),
        ]
    }

    private static func select(_ id: String, _ name: String, _ category: String, _ current: String, _ choices: [JSON])
        -> JSON
    {
        [
            "id": .string(id), "name": .string(name), "category": .string(category), "type": "select",
            "currentValue": .string(current), "options": .array(choices),
        ]
    }

    /// The commands that work in a prompt.
    static let commands: JSON = [
        ["name": "compact", "description": "Make the conversation shorter by a summary of it"]
    ]

    /// MCP servers of the client in the program's terms; nil when there are none.
    static func servers(_ list: [JSON]) -> JSON? {
        let members = list.compactMap { server -> JSON.Member? in
            guard let name = server.text("name") else { return nil }
            if let url = server.text("url") {
                return .init(name, ["url": .string(url), "http_headers": pairs(server["headers"])])
            }
            guard let command = server.text("command") else { return nil }
            let arguments = server["args"]?.array ?? []
            return .init(
                name, ["command": .string(command), "args": .array(arguments), "env": pairs(server["env"])])
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
