import AnycodeJSON

/// What a repository says to an agent at the commit the task began with. None of it holds unless a person allows it.
struct RepositorySettings: Encodable, Sendable, Equatable {
    /// Names of git's own for what the files hold; another as soon as one of them changes.
    var id: String
    /// What they ask for, in words for a person; never empty.
    var wishes: [String]
}

/// Reads them out of git, so that neither links nor a changed workspace lead elsewhere.
struct RepositorySettingsReader: Sendable {
    /// Most wishes that are told.
    static let limit = 12

    let git: Git
    let base: String

    /// Nil where the repository asks for nothing.
    func settings(for agent: NativeAgent) async throws -> RepositorySettings? {
        let roots = agent == .claudeCode ? [".claude", ".mcp.json"] : [".codex"]
        let tops = try await list(roots, recursive: false)
        guard !tops.isEmpty else { return nil }
        let names = try await list(roots, recursive: true).map(\.name)
        var wishes: [String] = []
        for name in names where Self.isSettings(name) {
            wishes += RepositoryWishes.read(name, try await content(name))
        }
        for (folder, words) in Self.folders {
            let own = names.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) }
            if !own.isEmpty { wishes.append("\(words): \(RepositoryWishes.listed(own))") }
        }
        guard !wishes.isEmpty else { return nil }
        if wishes.count > Self.limit {
            let more = wishes.count - Self.limit + 1
            wishes = wishes.prefix(Self.limit - 1) + ["and \(more) more"]
        }
        return RepositorySettings(id: tops.map(\.object).joined(separator: "."), wishes: wishes)
    }

    private static let folders = [
        (".claude/agents", "sub-agents"), (".claude/commands", "commands"), (".claude/skills", "skills"),
        (".codex/rules", "rules for commands"), (".codex/prompts", "prompts"),
    ]

    private static func isSettings(_ name: String) -> Bool {
        [
            ".claude/settings.json", ".claude/settings.local.json", ".mcp.json", ".codex/config.toml",
            ".codex/hooks.json",
        ]
        .contains(name)
    }

    private func list(_ paths: [String], recursive: Bool) async throws -> [(object: String, name: String)] {
        let options = ["ls-tree", "--full-tree", "-z"] + (recursive ? ["-r"] : [])
        let outcome = try await git.run(options + [base, "--"] + paths, limit: 1 << 20)
        guard outcome.exit.success else {
            throw RunnerError(.conflict, "git could not list the repository's settings: \(outcome.words.suffix(300))")
        }
        return outcome.output.split(separator: 0).compactMap { entry in
            // `100644 blob <object>\t<name>`
            let parts = entry.split(separator: 0x09, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard parts.count == 2, let object = parts[0].split(separator: " ").last else { return nil }
            return (String(object), parts[1])
        }
    }

    private func content(_ name: String) async throws -> [UInt8] {
        let outcome = try await git.run(["cat-file", "blob", "\(base):\(name)"], limit: 1 << 20)
        return outcome.exit.success ? outcome.output : []
    }
}

/// Settings as words for a person who has to decide about them.
enum RepositoryWishes {
    static func read(_ name: String, _ bytes: [UInt8]) -> [String] {
        if name.hasSuffix(".toml") { return toml(String(decoding: bytes, as: UTF8.self)) }
        guard let json = try? JSON(parsing: bytes), let members = json.members else {
            return ["`\(name)`, which cannot be read"]
        }
        if name == ".mcp.json" { return servers(json["mcpServers"] ?? json) }
        return members.flatMap(wish).filter { !$0.isEmpty }
    }

    /// The first of a list, in words.
    static func listed(_ items: [String]) -> String {
        let shown = items.prefix(5).map { shortened(oneLine($0), 60) }.joined(separator: ", ")
        return items.count > 5 ? "\(shown) and \(items.count - 5) more" : shown
    }

    private static func wish(_ member: JSON.Member) -> [String] {
        switch member.key {
        case "hooks": return hooks(member.value)
        case "mcpServers": return servers(member.value)
        case "env":
            let pairs = (member.value.members ?? []).map { "\($0.key)=\($0.value.text ?? "…")" }
            return pairs.isEmpty ? [] : ["environment: \(listed(pairs))"]
        case "permissions": return permissions(member.value)
        case "$schema": return []
        default:
            let command = member.value.text ?? member.value.text("command")
            return [
                command.map { "\(oneLine(member.key)): \(code($0))" } ?? "setting \(shortened(oneLine(member.key), 60))"
            ]
        }
    }

    /// `{"Event": [{"hooks": [{"command": "…"}]}]}`, as both programs have it.
    private static func hooks(_ value: JSON) -> [String] {
        (value.members ?? []).map { event in
            let commands = (event.value.array ?? []).flatMap { $0["hooks"]?.array ?? [] }
                .map { $0.text("command") ?? $0.text("type") ?? "…" }
            return "hook \(shortened(oneLine(event.key), 60)): \(commands.prefix(3).map(code).joined(separator: ", "))"
        }
    }

    private static func servers(_ value: JSON) -> [String] {
        (value.members ?? []).map { server in
            let words = [server.value.text("command")] + (server.value["args"]?.array ?? []).map(\.text)
            let line = server.value.text("url") ?? words.compactMap(\.self).joined(separator: " ")
            return "MCP server \(shortened(oneLine(server.key), 60)): \(code(line))"
        }
    }

    private static func permissions(_ value: JSON) -> [String] {
        (value.members ?? []).compactMap { member in
            switch member.key {
            case "allow": "allowed without asking: \(listed((member.value.array ?? []).compactMap(\.text)))"
            case "defaultMode": "permission mode \(shortened(member.value.text ?? "…", 60))"
            case "additionalDirectories":
                "further folders: \(listed((member.value.array ?? []).compactMap(\.text)))"
            // What a repository forbids or wants to be asked about takes nothing.
            default: nil
            }
        }
    }

    /// Tables and keys of a TOML file; which values matter only its reader knows.
    private static func toml(_ text: String) -> [String] {
        var wishes: [String] = []
        var keys: [String] = []
        var table = ""
        for line in text.split(separator: "\n").map({ $0.drop { $0 == " " || $0 == "\t" } }) {
            if line.hasPrefix("[") {
                table = String(line.drop { $0 == "[" }.prefix { $0 != "]" })
                if !table.hasPrefix("mcp_servers.") { wishes.append("settings of \(shortened(oneLine(table), 60))") }
            } else if let equals = line.firstIndex(of: "="), !line.hasPrefix("#") {
                let key = line[..<equals].split(separator: " ").first.map(String.init) ?? ""
                if table.isEmpty { keys.append(key) }
                guard table.hasPrefix("mcp_servers."), key == "command" || key == "url" else { continue }
                let name = shortened(oneLine(String(table.dropFirst(12))), 60)
                wishes.append("MCP server \(name): \(code(String(line[line.index(after: equals)...])))")
            }
        }
        return (keys.isEmpty ? [] : ["settings \(listed(keys))"]) + wishes
    }

    private static func code(_ text: String) -> String {
        "`\(shortened(oneLine(text), 120).replacing("`", with: "ʼ"))`"
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
