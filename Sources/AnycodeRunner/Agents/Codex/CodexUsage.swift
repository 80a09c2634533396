import AnycodeJSON

/// Tokens as the program counts them.
struct CodexUsage: Sendable {
    private var total: JSON?
    private var before: JSON?
    private var last: JSON?

    /// `usage_update` members; nil when nothing changed.
    mutating func updated(_ usage: JSON) -> [JSON.Member]? {
        guard usage != last else { return nil }
        last = usage
        total = usage["total"]
        guard let used = usage["last"]?["totalTokens"]?.integer else { return nil }
        var members = [JSON.Member("used", .integer(used))]
        if let size = usage["modelContextWindow"]?.integer { members.append(.init("size", .integer(size))) }
        return members
    }

    mutating func turnBegan() {
        before = total
    }

    /// What the turn took; nil when the program did not say.
    var ofTurn: JSON? {
        guard let total, total != before else { return nil }
        let names = [
            ("totalTokens", "totalTokens"), ("inputTokens", "inputTokens"), ("outputTokens", "outputTokens"),
            ("thoughtTokens", "reasoningOutputTokens"), ("cachedReadTokens", "cachedInputTokens"),
        ]
        return .object(
            names.compactMap { name, key in
                total[key]?.integer.map { JSON.Member(name, .integer($0 - (before?[key]?.integer ?? 0))) }
            })
    }
}
