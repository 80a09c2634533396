import TestJSON

/// A call in the agent's own terms.
struct FittedCall: Sendable, Hashable {
    var name: String
    /// An object for a function, a string for a custom tool.
    var input: JSON
    var isCustom: Bool

    /// The input as it stands in a stream.
    var inputText: String {
        if isCustom, let text = input.string { text } else { input.text }
    }
}

/// Finds the offered tool that does what a script wants, and writes the input by its schema.
struct ToolFitting {
    static let shellNames = [
        "bash", "shell", "shell_command", "exec_command", "local_shell", "execute_bash", "terminal",
        "run_shell_command", "run_terminal_cmd", "run_command", "execute",
    ]
    static let writeNames = [
        "write", "write_file", "writefile", "write_text_file", "create_file", "file_editor", "str_replace_editor",
        "str_replace_based_edit_tool",
    ]
    static let askNames = [
        "askuserquestion", "ask_user_question", "ask_user", "askuser", "request_user_input", "clarify",
    ]

    let tools: [OfferedTool]

    /// The call; nil when no offered tool can do it.
    func fit(_ call: ModelCall) -> FittedCall? {
        switch call {
        case .shell(let command):
            return find(Self.shellNames).map { function($0, shellInput($0, command)) }
        case .write(let path, let content):
            if let tool = find(Self.writeNames) { return function(tool, writeInput(tool, path, content)) }
            if let patch = find(["apply_patch"]) { return patchCall(patch, path, content) }
            return fit(.shell(command: "cat > '\(path)' <<'END_OF_FILE'\n\(content)END_OF_FILE"))
        case .ask(let question, let options):
            return find(Self.askNames).map { function($0, askInput($0, question, options)) }
        case .named(let name, let input):
            guard let tool = tools.first(where: { $0.name == name }) else { return nil }
            return FittedCall(name: name, input: input, isCustom: tool.schema == nil)
        }
    }

    /// By the whole name, else by its end: `mcp__x__bash`.
    private func find(_ names: [String]) -> OfferedTool? {
        for name in names {
            if let tool = tools.first(where: { $0.name.lowercased() == name }) { return tool }
        }
        for name in names {
            if let tool = tools.first(where: { $0.name.lowercased().hasSuffix("_\(name)") }) { return tool }
        }
        return nil
    }

    private func function(_ tool: OfferedTool, _ input: [String: JSON]) -> FittedCall {
        FittedCall(name: tool.name, input: .object(tool.completed(input)), isCustom: false)
    }

    private func shellInput(_ tool: OfferedTool, _ command: String) -> [String: JSON] {
        let key = tool.property(["command", "cmd", "script", "input"])
        let takesList = tool.properties[key]?["type"]?.string == "array"
        return [key: takesList ? ["bash", "-lc", .string(command)] : .string(command)]
    }

    private func writeInput(_ tool: OfferedTool, _ path: String, _ content: String) -> [String: JSON] {
        var input: [String: JSON] = [
            tool.property(["file_path", "path", "filename", "filePath"]): .string(path),
            tool.property(["content", "file_text", "contents", "text"]): .string(content),
        ]
        if tool.properties["command"] != nil { input["command"] = "create" }
        return input
    }

    private func patchCall(_ tool: OfferedTool, _ path: String, _ content: String) -> FittedCall {
        let lines = content.split(separator: "\n", omittingEmptySubsequences: true).map { "+\($0)\n" }.joined()
        let patch = JSON.string("*** Begin Patch\n*** Add File: \(path)\n\(lines)*** End Patch\n")
        if tool.schema == nil { return FittedCall(name: tool.name, input: patch, isCustom: true) }
        return function(tool, [tool.property(["input", "patch"]): patch])
    }

    private func askInput(_ tool: OfferedTool, _ question: String, _ options: [String]) -> [String: JSON] {
        guard tool.properties["questions"] != nil else {
            var input: [String: JSON] = ["question": .string(question)]
            for key in ["options", "choices"] where tool.properties[key] != nil {
                input[key] = .array(options.map(JSON.string))
            }
            return input
        }
        var item: [String: JSON] = [
            "id": "choice", "question": .string(question), "header": "Choice", "multiSelect": false,
            "options": .array(options.map { ["label": .string($0), "description": .string("Take \($0)")] }),
        ]
        if let known = tool.properties["questions"]?["items"]?["properties"]?.object {
            item = item.filter { known[$0.key] != nil }
        }
        return ["questions": [.object(item)]]
    }
}

extension OfferedTool {
    var properties: [String: JSON] { schema?["properties"]?.object ?? [:] }

    /// The first of the names that the schema knows, else the first.
    func property(_ names: [String]) -> String {
        names.first { properties[$0] != nil } ?? names[0]
    }

    /// The input with something harmless in every other required member.
    func completed(_ input: [String: JSON]) -> [String: JSON] {
        var input = input
        for key in (schema?["required"]?.array ?? []).compactMap(\.string) where input[key] == nil {
            let property = properties[key]
            input[key] = property?["enum"]?.array?.first ?? Self.placeholder(property?["type"]?.string)
        }
        if properties["description"] != nil, input["description"] == nil { input["description"] = "A scripted step" }
        return input
    }

    private static func placeholder(_ type: String?) -> JSON {
        switch type {
        case "integer", "number": 1
        case "boolean": false
        case "array": []
        case "object": [:]
        default: "x"
        }
    }
}
