import AnycodeJSON

/// An item of the program as an ACP tool call.
struct CodexTool: Sendable, ShownTool {
    let id: String
    var title: String
    var kind: String
    var status: String
    var locations: [JSON] = []
    var content: [JSON] = []
    var rawInput: JSON?
    /// The end of a running command's output.
    private(set) var output = ""
    private var received = 0
    private var told = 0

    /// How much output a running command shows, and an ended one keeps, in UTF-8 bytes.
    private static let runningLimit = 4096
    private static let endedLimit = 256 * 1024

    /// Nil for items that are no tool calls, or of an unknown type.
    init?(_ item: JSON, in directory: String) {
        guard let id = item.text("id") else { return nil }
        self.id = id
        title = ""
        kind = "other"
        status = Self.status(item)
        switch item.text("type") {
        case "commandExecution": command(item, directory)
        case "fileChange": change(item["changes"]?.array ?? [], directory)
        case "mcpToolCall": mcp(item)
        case "dynamicToolCall":
            title = [item.text("namespace"), item.text("tool")].compactMap(\.self).joined(separator: ".")
            rawInput = item["arguments"]
        case "collabAgentToolCall":
            title = "Sub-agent: \(item.text("tool") ?? "call")"
            kind = "think"
            content = (item.text("prompt").map { [Self.text($0)] }) ?? []
        case "webSearch":
            let query = item.text("query") ?? ""
            title = query.isEmpty ? "Search the web" : "Search the web: \(Self.shortened(query, 200))"
            kind = "fetch"
        case "imageView":
            title = "Look at \(Self.short(item.text("path") ?? "an image", directory))"
            kind = "read"
            locations = (item.text("path").map { [["path": .string($0)]] }) ?? []
        case "imageGeneration": title = "Generate an image"
        case "enteredReviewMode", "exitedReviewMode":
            title = "Review"
            kind = "think"
            content = (item.text("review").map { [Self.text($0)] }) ?? []
        default: return nil
        }
    }

    private static func status(_ item: JSON) -> String {
        switch item.text("status") {
        // A command has a process once nobody has to allow it any more.
        case "inProgress":
            item["processId"]?.text == nil && item.text("type") != "mcpToolCall" ? "pending" : "in_progress"
        case "failed", "declined": "failed"
        default: "completed"
        }
    }

    /// Takes output of a running command; true when enough is new to show it.
    mutating func append(_ delta: String) -> Bool {
        received += delta.utf8.count
        output += delta
        if output.utf8.count > 2 * Self.runningLimit { output = Self.ending(output, Self.runningLimit) }
        let step = received < 64 * 1024 ? min(400, max(1, told / 4)) : received / 4
        guard received - told >= step else { return false }
        told = received
        return true
    }
}

// MARK: - Kinds of items

extension CodexTool {
    private mutating func command(_ item: JSON, _ directory: String) {
        let line = item.text("command") ?? ""
        title = Self.shortened(CodexCommand.unwrapped(line), 500)
        let actions = item["commandActions"]?.array ?? []
        let types = Set(actions.map { $0.text("type") ?? "unknown" })
        kind = types == ["read"] ? "read" : types.isEmpty || types.contains("unknown") ? "execute" : "search"
        locations = actions.compactMap { $0.text("path") }.map { ["path": .string(Self.absolute($0, directory))] }
        var input = [JSON.Member("command", .string(Self.shortened(CodexCommand.unwrapped(line), 16_000)))]
        if let folder = item.text("cwd"), folder != directory { input.append(.init("cwd", .string(folder))) }
        rawInput = .object(input)
        var text = item.text("aggregatedOutput") ?? ""
        if let code = item["exitCode"]?.integer, code != 0 { text += "\n(exit code \(code))" }
        if !text.isEmpty { content = [Self.text(Self.ends(text, Self.endedLimit))] }
    }

    private mutating func change(_ changes: [JSON], _ directory: String) {
        var verbs: Set<String> = []
        for change in changes {
            let path = change.text("path") ?? ""
            let type = change["kind"]?.text("type") ?? "update"
            let target = change["kind"]?.text("move_path")
            verbs.insert(type == "add" ? "Create" : type == "delete" ? "Delete" : target == nil ? "Edit" : "Move")
            let diff = CodexDiff(change.text("diff") ?? "", type: type)
            var location = [JSON.Member("path", .string(target ?? path))]
            if let line = diff.line { location.append(.init("line", .integer(line))) }
            locations.append(.object(location))
            var shown = [JSON.Member("type", "diff"), .init("path", .string(target ?? path))]
            if let old = diff.old { shown.append(.init("oldText", .string(old))) }
            shown.append(.init("newText", .string(diff.new)))
            content.append(.object(shown))
        }
        let verb = verbs.count == 1 ? verbs.first ?? "Change" : "Change"
        let files = changes.compactMap { $0.text("path") }.map { Self.short($0, directory) }
        let named = files.count > 3 ? "\(files.count) files" : files.joined(separator: ", ")
        title = "\(verb) \(named.isEmpty ? "files" : named)"
        kind = verb == "Delete" ? "delete" : verb == "Move" ? "move" : "edit"
    }

    private mutating func mcp(_ item: JSON) {
        title = "\(item.text("server") ?? ""): \(item.text("tool") ?? "")"
        rawInput = item["arguments"]
        let parts = (item["result"]?["content"]?.array ?? []).compactMap { $0.text("text") }
        let text = parts.isEmpty ? item["error"]?.text("message") ?? "" : parts.joined(separator: "\n")
        if !text.isEmpty { content = [Self.text(Self.ends(text, Self.endedLimit))] }
    }
}

// MARK: - Texts

extension CodexTool {
    static func text(_ words: String) -> JSON {
        ["type": "content", "content": ["type": "text", "text": .string(words)]]
    }

    /// A path as a person names it, inside the workspace.
    static func short(_ path: String, _ directory: String) -> String {
        path.hasPrefix(directory + "/") ? String(path.dropFirst(directory.count + 1)) : path
    }

    private static func absolute(_ path: String, _ directory: String) -> String {
        path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }

    /// The beginning of a text, marked as cut.
    static func shortened(_ text: String, _ limit: Int) -> String {
        guard text.unicodeScalars.count > limit else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + "…"
    }

    /// The last bytes of a text, from a character's border on.
    static func ending(_ text: String, _ limit: Int) -> String {
        let bytes = Array(text.utf8.suffix(limit))
        return String(decoding: bytes.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
    }

    /// The beginning and the end of a long text.
    static func ends(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        let bytes = Array(text.utf8)
        var cut = limit / 2
        while cut > 0, bytes[cut] & 0xC0 == 0x80 { cut -= 1 }
        let left = bytes.count - limit
        return String(decoding: bytes[..<cut], as: UTF8.self) + "\n… \(left) bytes left out …\n"
            + ending(text, limit / 2)
    }
}
