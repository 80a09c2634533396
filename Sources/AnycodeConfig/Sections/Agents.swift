extension Configuration {
    package struct Agents: Sendable, Equatable {
        /// `[agents.credentials.<name>]`: what an agent needs to reach its model.
        package struct Credentials: Sendable, Equatable {
            package var environment: [String: Secret] = [:]
            /// Path in the sandbox's private home → file on this host.
            package var files: [String: String] = [:]
            /// The mode its conversations begin in, and the model, as the agent names them; `nil` leaves it to the agent.
            package var mode: String?
            package var model: String?
        }

        /// `[agents.custom.<name>]`: an agent that speaks ACP on its standard input and output.
        package struct Custom: Sendable, Equatable {
            /// Program and arguments; never empty.
            package var command: [String]
            package var environment: [String: Secret] = [:]
        }

        /// Taken when `/task` names none.
        package var defaultAgent: String
        package var credentials: [String: Credentials]
        package var custom: [String: Custom]
        /// The agents that a chat may name, sorted.
        package var names: [String]
    }
}

extension Configuration.Agents {
    /// Agents that need no `[agents.custom.<name>]`.
    package static let builtIn: Set<String> = ["claude-code", "codex", "goose", "gemini", "opencode", "demo"]

    /// Known without any configuration of agents.
    static let ancestors = ["claude-code", "codex", "goose"]

    init(reading section: Section) {
        credentials = section.named("credentials") { name, child in Credentials(name, reading: child) }
        custom = section.named("custom") { name, child in Custom(name, reading: child) }
        let configured = Set(credentials.keys).union(custom.keys)
        let choosable = configured.isEmpty ? Set(Self.ancestors) : configured
        defaultAgent = section.string("default_agent", default: "claude-code")
        if !section.has("default_agent"), !choosable.contains(defaultAgent), let first = choosable.min() {
            defaultAgent = first
            section.warn(
                .caution, nil, "default_agent is not set, \"\(first)\" is taken",
                hint: "set default_agent to the one you want")
        }
        names = choosable.union([defaultAgent]).sorted()
        let isKnown = choosable.contains(defaultAgent) || Self.builtIn.contains(defaultAgent)
        if !isKnown, section.has("default_agent") {
            let near = nearest(to: defaultAgent, among: choosable.union(Self.builtIn))
            let known = "known here: \(choosable.sorted().joined(separator: ", "))"
            section.report(
                .badValue, "default_agent", "no such agent", hint: near.map { "did you mean \"\($0)\"?" } ?? known)
        }
        warnOfUnknownNames(section)
    }

    private func warnOfUnknownNames(_ section: Section) {
        for name in credentials.keys.sorted() where !Self.builtIn.contains(name) && custom[name] == nil {
            let near = nearest(to: name, among: Self.builtIn).map { "did you mean \"\($0)\"? " } ?? ""
            section.warnEntry(
                .caution, "credentials", name, "Anycode does not know how to start this agent",
                hint: "\(near)If it is yours, add [agents.custom.\(name)] with its command")
        }
    }
}

extension Configuration.Agents.Credentials {
    init(_ name: String, reading section: Section) {
        section.checkAgentName(name)
        environment = section.variables("env")
        files = section.map("files", of: "files, as { \".codex/auth.json\" = \"/path/here\" }") { target, source in
            guard Self.isInsideHome(target) else {
                return .failure("the place in the sandbox's home must be a relative path without \"..\"")
            }
            guard !source.isEmpty else { return .failure("must be the path of a file on this host") }
            return .success(section.expanded(source))
        }
        mode = section.optionalString("mode")
        model = section.optionalString("model")
    }

    private static func isInsideHome(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }
    }
}

extension Configuration.Agents.Custom {
    init(_ name: String, reading section: Section) {
        section.checkAgentName(name)
        command = section.strings("command", of: "texts: the program, then its arguments")
        environment = section.variables("env")
        if section.isPresent && command.isEmpty {
            section.reportMissing(
                "command", "a custom agent needs its command", hint: "command = [\"program\", \"argument\"]")
        }
    }
}

extension Section {
    /// Names are typed in chats: `/task <name> …`.
    fileprivate func checkAgentName(_ name: String) {
        let isGood = name.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        if isPresent && (!isGood || name.isEmpty) {
            report(.badValue, nil, "an agent's name has only a–z, 0–9, \"-\", \"_\" and \".\"")
        }
    }
}
