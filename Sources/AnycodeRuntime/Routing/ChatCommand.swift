import AnycodeCore

/// What a written message asks for.
enum ChatCommand: Hashable {
    case task(agent: AgentName?, prompt: String)
    case status
    case cancel(prefix: String?)
    case stop(prefix: String?)
    case diff(prefix: String?)
    case resume(prefix: String?, text: String)
    /// A pull request from a session's changes; an empty title leaves it to Anycode.
    case pullRequest(prefix: String?, title: String)
    case agents
    /// The chat's repository: to show (`nil`), to set, or `off`.
    case repository(String?)
    /// The agent's mode or model: to show (`nil`) or to set.
    case choose(AgentChoice, String?)
    /// A one-time code that makes an owner.
    case pair(String)
    case admit(String)
    case members
    case revoke(String)
    case help
    /// - Parameter words: what follows; platforms put a code of a link there.
    case start(String)
    /// Text for a session. `//x` arrives here as `/x`.
    case plain(String)
    /// A slash command that is none of ours; agents may know it.
    case unknown(name: String, text: String)

    /// - Parameter agents: the names that may follow `/task`.
    static func parse(_ text: String, agents: [AgentName]) -> ChatCommand {
        let text = trimmed(text[...])
        guard text.hasPrefix("/") else { return .plain(String(text)) }
        guard !text.hasPrefix("//") else { return .plain(String(text.dropFirst())) }
        let word = text.dropFirst().prefix { !$0.isWhitespace }
        let rest = trimmed(text.dropFirst(1 + word.count))
        let name = word.prefix { $0 != "@" }.lowercased()  // `/task@botname`
        switch name {
        case "task": return task(rest, agents)
        case "status": return .status
        case "cancel": return .cancel(prefix: prefix(rest))
        case "stop": return .stop(prefix: prefix(rest))
        case "diff": return .diff(prefix: prefix(rest))
        case "resume":
            let (prefix, text) = beginning(rest)
            return .resume(prefix: prefix, text: text)
        case "pr":
            let (prefix, title) = beginning(rest)
            return .pullRequest(prefix: prefix, title: title)
        case "agents": return .agents
        case "repo": return .repository(rest.isEmpty ? nil : String(rest))
        case "mode": return .choose(.mode, rest.isEmpty ? nil : String(rest))
        case "model": return .choose(.model, rest.isEmpty ? nil : String(rest))
        case "pair": return .pair(String(rest))
        case "admit": return .admit(String(rest))
        case "members": return .members
        case "revoke": return .revoke(String(rest))
        case "help": return .help
        case "start": return .start(String(rest))
        default: return .unknown(name: name, text: String(text))
        }
    }

    private static func task(_ rest: Substring, _ agents: [AgentName]) -> ChatCommand {
        let first = rest.prefix { !$0.isWhitespace }
        guard let agent = agents.first(where: { $0.rawValue.lowercased() == first.lowercased() }) else {
            return .task(agent: nil, prompt: String(rest))
        }
        return .task(agent: agent, prompt: String(trimmed(rest.dropFirst(first.count))))
    }

    /// A first word is an id if it can hardly be anything else: `add` and `decade` are words, too.
    private static func beginning(_ rest: Substring) -> (prefix: String?, text: String) {
        let word = rest.prefix { !$0.isWhitespace }
        let isID = word.allSatisfy(\.isHexDigit) && (word.count >= 8 || word.contains(where: \.isNumber))
        guard isID, !word.isEmpty else { return (nil, String(rest)) }
        return (word.lowercased(), String(trimmed(rest.dropFirst(word.count))))
    }

    private static func prefix(_ rest: Substring) -> String? {
        let word = rest.prefix { !$0.isWhitespace }
        return word.isEmpty ? nil : word.lowercased()
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
