import AnycodeJSON

/// One call of a tool, as ACP shows it.
struct ClaudeCodeTool: Sendable {
    let id: String
    let name: String
    /// The call of the sub-agent that makes this one.
    let parent: String?
    var input: JSON = [:]
    /// The client was told of it.
    var isShown = false
    /// It goes on after its result came.
    var isInBackground = false
    /// Its sub-agent's report was shown.
    var isReported = false

    /// Longest text of a result that is shown, in characters.
    static let resultLimit = 256 * 1024

    /// Tools that show as a question or as the plan.
    var isHidden: Bool {
        switch name {
        case "AskUserQuestion", "TodoWrite", "TaskCreate", "TaskUpdate", "TaskList", "TaskGet": true
        default: false
        }
    }

    var isSubAgent: Bool { name == "Agent" || name == "Task" }

    var kind: String {
        switch name {
        case "Read", "NotebookRead": "read"
        case "Edit", "MultiEdit", "Write", "NotebookEdit": "edit"
        case "Bash", "PowerShell", "Monitor": "execute"
        case "Glob", "Grep", "LS", "ToolSearch": "search"
        case "WebFetch", "WebSearch": "fetch"
        case "Agent", "Task", "Workflow": "think"
        case "EnterPlanMode", "ExitPlanMode": "switch_mode"
        default: "other"
        }
    }

    func title(in directory: String) -> String {
        let title = shortened(plainTitle(in: directory), 300)
        return parent == nil ? title : "↳ " + title
    }

    private func plainTitle(in directory: String) -> String {
        func path(_ verb: String) -> String {
            filePath.map { "\(verb) \(Self.relative($0, to: directory))" } ?? verb
        }
        switch name {
        case "Read", "NotebookRead": return path("Read")
        case "Edit", "MultiEdit", "NotebookEdit": return path("Edit")
        case "Write": return path("Write")
        case "Bash", "PowerShell": return input.text("command") ?? "Run a command"
        case "Monitor": return input.text("description") ?? "Watch a command"
        case "Glob": return input.text("pattern").map { "Find \($0)" } ?? "Find files"
        case "Grep": return input.text("pattern").map { "Search for \($0)" } ?? "Search"
        case "WebFetch": return input.text("url").map { "Fetch \($0)" } ?? "Fetch a page"
        case "WebSearch": return input.text("query").map { "Search the web for \($0)" } ?? "Search the web"
        case "Agent", "Task": return input.text("description") ?? "Ask a sub-agent"
        case "ExitPlanMode": return "Carry out the plan"
        case "EnterPlanMode": return "Plan first"
        case "Skill": return input.text("skill").map { "Use the skill \($0)" } ?? "Use a skill"
        default: return otherTitle
        }
    }

    /// `mcp__server__tool` is a tool of an MCP server.
    private var otherTitle: String {
        guard name.hasPrefix("mcp__") else { return name }
        let parts = name.dropFirst(5).split(separator: "_", omittingEmptySubsequences: true)
        guard let end = name.dropFirst(5).firstRange(ofText: "__"), parts.count > 1 else { return name }
        return "\(name.dropFirst(5)[..<end.lowerBound]): \(name[end.upperBound...])"
    }

    var filePath: String? { input.text("file_path") ?? input.text("notebook_path") ?? input.text("path") }

    static func relative(_ path: String, to directory: String) -> String {
        path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.utf8.count + 1)) : path
    }

    func locations(in directory: String) -> JSON? {
        guard let path = filePath, kind == "read" || kind == "edit" else { return nil }
        var members = [JSON.Member("path", .string(path.hasPrefix("/") ? path : "\(directory)/\(path)"))]
        if let line = input["offset"]?.integer { members.append(.init("line", .integer(line))) }
        return [.object(members)]
    }
}

// MARK: - Content

extension ClaudeCodeTool {
    /// What the call would do, as far as the title does not say it.
    func content(in directory: String) -> [JSON] {
        switch name {
        case "Edit":
            return [diff(directory, old: input.text("old_string"), new: input.text("new_string"))].compactMap(\.self)
        case "MultiEdit":
            return (input["edits"]?.array ?? []).compactMap {
                diff(directory, old: $0.text("old_string"), new: $0.text("new_string"))
            }
        case "Write":
            return [diff(directory, old: nil, new: input.text("content"))].compactMap(\.self)
        case "NotebookEdit":
            return [diff(directory, old: nil, new: input.text("new_source"))].compactMap(\.self)
        case "Bash", "PowerShell":
            let command = input.text("command") ?? ""
            return command.contains("\n") || command.unicodeScalars.count > 300 ? [Self.text(command)] : []
        case "ExitPlanMode":
            return input.text("plan").map { [Self.text($0)] } ?? []
        default:
            return []
        }
    }

    private func diff(_ directory: String, old: String?, new: String?) -> JSON? {
        guard let path = filePath, let new else { return nil }
        return [
            "type": "diff", "path": .string(path.hasPrefix("/") ? path : "\(directory)/\(path)"),
            "oldText": old.map { .string($0) } ?? .null, "newText": .string(new),
        ]
    }

    /// The file that was written over, known once the tool has run.
    func content(result: JSON?, in directory: String) -> [JSON]? {
        guard name == "Write", let old = result?.text("originalFile") else { return nil }
        return [diff(directory, old: old, new: input.text("content"))].compactMap(\.self)
    }

    static func text(_ text: String) -> JSON {
        ["type": "content", "content": ["type": "text", "text": .string(text)]]
    }

    /// Content blocks of a tool's result as ACP content.
    static func content(ofResult content: JSON?) -> [JSON] {
        if let text = content?.text { return text.isEmpty ? [] : [Self.text(cleaned(text))] }
        return (content?.array ?? []).compactMap { block in
            switch block.text("type") {
            case "text": return block.text("text").map { Self.text(cleaned($0)) }
            case "image":
                guard let data = block["source"]?.text("data") else { return nil }
                let type = block["source"]?.text("media_type") ?? "image/png"
                return [
                    "type": "content",
                    "content": ["type": "image", "mimeType": .string(type), "data": .string(data)],
                ]
            default: return nil
            }
        }
    }

    private static func cleaned(_ text: String) -> String {
        var text = text
        for tag in ["<tool_use_error>", "</tool_use_error>"] {
            if let range = text.firstRange(ofText: tag) { text.removeSubrange(range) }
        }
        return shortened(text, resultLimit)
    }
}

extension StringProtocol {
    /// Foundation's search is not in FoundationEssentials.
    func firstRange(ofText text: String) -> Range<Index>? {
        guard let first = text.first else { return nil }
        var start = startIndex
        while let found = self[start...].firstIndex(of: first) {
            if self[found...].hasPrefix(text) {
                return found..<index(found, offsetBy: text.count)
            }
            start = index(after: found)
        }
        return nil
    }
}
