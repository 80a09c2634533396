/// The official programs that are driven directly, each in a protocol of its own.
enum NativeAgent: Sendable, Hashable {
    case claudeCode, codex

    /// Nil for a command that speaks ACP.
    init?(command: [String]) {
        switch command.first?.split(separator: "/").last {
        case "claude": self = .claudeCode
        // With arguments it is something else than the program alone, such as an adapter's subcommand.
        case "codex" where command.count == 1: self = .codex
        default: return nil
        }
    }

    /// Variable that lets an agent obey what the repository says: its settings, hooks, MCP servers, environment.
    static let trustVariable = "ANYCODE_TRUST_REPOSITORY"

    static func trustsRepository(_ environment: [String: String]) -> Bool { environment[trustVariable] == "1" }

    /// Where the program keeps its own files; nil without a home.
    func folder(_ environment: [String: String]) -> String? {
        let (variable, name) = self == .claudeCode ? ("CLAUDE_CONFIG_DIR", ".claude") : ("CODEX_HOME", ".codex")
        if let given = environment[variable], !given.isEmpty { return given }
        return environment["HOME"].map { "\($0)/\(name)" }
    }
}
