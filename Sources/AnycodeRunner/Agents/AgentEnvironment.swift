/// The environment agents get: the runner's own without its secrets, the session's variables, the agent's.
struct AgentEnvironment: Sendable {
    static let markerName = "ANYCODE_AGENT_TREE"

    /// What the runner was started with.
    private let inherited: [String: String]
    private let home: String?
    /// Set by the daemon, kept in memory only.
    var session: [String: String] = [:]

    init(inherited: [String: String], home: String?) {
        self.inherited = inherited.filter { !$0.key.hasPrefix("ANYCODE_RUNNER_") && $0.key != Self.markerName }
        self.home = home
    }

    var path: String { session["PATH"] ?? inherited["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" }

    func variables(agent: [String: String], marker: String) -> [String: String] {
        var all = inherited
        if let home { all["HOME"] = home }
        all.merge(session) { $1 }
        all.merge(agent) { $1 }
        all["PATH"] = agent["PATH"] ?? path
        all[Self.markerName] = marker
        return all
    }
}
