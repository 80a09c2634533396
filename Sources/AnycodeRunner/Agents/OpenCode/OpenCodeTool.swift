import AnycodeJSON

/// A tool part of the server as an ACP tool call.
struct OpenCodeTool: Sendable, Equatable, ShownTool {
    let id: String
    var title: String
    var kind: String
    var status: String
    var locations: [JSON] = []
    var content: [JSON] = []
    var rawInput: JSON?

    /// How much output an ended call keeps, in UTF-8 bytes.
    private static let outputLimit = 256 * 1024

    /// Nil for what is no tool part.
    init?(_ part: JSON, in directory: String, isSubAgents: Bool) {
        guard let id = part.text("callID") ?? part.text("id"), let name = part.text("tool") else { return nil }
        let state = part["state"] ?? .null
        let input = state["input"] ?? [:]
        self.id = id
        kind = Self.kind(name)
        status =
            switch state.text("status") {
            case "running": "in_progress"
            case "completed": "completed"
            case "error": "failed"
            default: "pending"
            }
        let words = Self.words(name, patterns: [], metadata: input, in: directory)
        let known = state.text("title").flatMap { $0.isEmpty ? nil : $0 }
        title = words.isEmpty ? known.map { "\(name): \($0)" } ?? name : words
        if isSubAgents { title = "Sub-agent: \(title)" }
        title = CodexTool.shortened(title, 500)
        let path = input.text("filePath") ?? input.text("path")
        if let path { locations = [["path": .string(path.hasPrefix("/") ? path : "\(directory)/\(path)")]] }
        content = Self.content(name, input, state, path)
        if let members = input.members, !members.isEmpty, kind == "execute" || kind == "other" { rawInput = input }
    }

    /// Later states have greater ranks.
    var rank: Int { ["pending": 0, "in_progress": 1][status] ?? 2 }

    /// Of a tool or a permission, which mostly have the same names.
    static func kind(_ name: String) -> String {
        switch name {
        case "read", "list", "external_directory": "read"
        case "edit", "write", "patch", "multiedit", "apply_patch": "edit"
        case "bash": "execute"
        case "grep", "glob", "codesearch", "lsp": "search"
        case "webfetch", "websearch": "fetch"
        case "task", "todowrite", "todoread": "think"
        default: "other"
        }
    }

    /// What it does, for people; empty when that is not known yet.
    static func words(_ name: String, patterns: [String], metadata: JSON, in directory: String) -> String {
        let path = metadata.text("filePath") ?? metadata.text("filepath") ?? metadata.text("path") ?? patterns.first
        let file = path.map { CodexTool.short($0, directory) }
        switch name {
        case "bash": return metadata.text("command") ?? patterns.joined(separator: "; ")
        case "read": return file.map { "Read \($0)" } ?? ""
        case "write": return file.map { "Write \($0)" } ?? ""
        case "edit", "patch", "multiedit", "apply_patch": return file.map { "Edit \($0)" } ?? ""
        case "list": return file.map { "List \($0)" } ?? ""
        case "grep", "glob", "codesearch":
            return (metadata.text("pattern") ?? patterns.first).map { "Search \($0)" } ?? ""
        case "webfetch": return (metadata.text("url") ?? patterns.first).map { "Fetch \($0)" } ?? ""
        case "websearch": return (metadata.text("query") ?? patterns.first).map { "Search the web: \($0)" } ?? ""
        case "task": return (metadata.text("description") ?? patterns.first).map { "Sub-agent: \($0)" } ?? ""
        case "external_directory": return file.map { "Use \($0), outside of the workspace" } ?? ""
        case "doom_loop": return "Go on, though it does the same again and again"
        case "todowrite", "todoread": return "Plan"
        default:
            let rest = patterns.filter { $0 != "*" }.joined(separator: ", ")
            return rest.isEmpty ? "" : "\(name): \(rest)"
        }
    }

    private static func content(_ name: String, _ input: JSON, _ state: JSON, _ path: String?) -> [JSON] {
        var content: [JSON] = []
        if let path, state.text("status") != "error" {
            if name == "edit", let old = input.text("oldString"), let new = input.text("newString") {
                content.append(
                    ["type": "diff", "path": .string(path), "oldText": .string(old), "newText": .string(new)])
            } else if name == "write", let new = input.text("content") {
                content.append(["type": "diff", "path": .string(path), "newText": .string(new)])
            }
        }
        let said = state.text("error") ?? (kind(name) == "edit" ? nil : state.text("output")) ?? ""
        if !said.isEmpty { content.append(CodexTool.text(CodexTool.ends(said, outputLimit))) }
        return content
    }
}
