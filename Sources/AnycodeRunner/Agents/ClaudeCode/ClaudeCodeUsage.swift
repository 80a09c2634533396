import AnycodeJSON

/// Tokens and money of a session.
struct ClaudeCodeUsage: Sendable {
    /// Tokens in the context window after the last answer of the model.
    private var used: Int64 = 0
    private var size: Int64?
    private var cost: Double?
    private var costBefore: Double = 0

    /// A message began; how long its prompt was.
    mutating func began(_ usage: JSON?) {
        guard let usage else { return }
        let keys = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"]
        let sum = keys.reduce(0) { $0 + (usage[$1]?.integer ?? 0) }
        if sum > 0 { used = sum }
    }

    mutating func compacted(to tokens: Int64?) {
        if let tokens { used = tokens }
    }

    mutating func ended(_ result: JSON) {
        costBefore = cost ?? 0
        cost = result["total_cost_usd"]?.double ?? cost
        let models = result["modelUsage"]?.members ?? []
        // The largest window is that of the session's own model; sub-agents may use smaller ones.
        size = models.compactMap { $0.value["contextWindow"]?.integer }.max() ?? size
    }

    /// Members of a `usage_update`; nil while the window's size is not known.
    var update: [JSON.Member]? {
        guard let size else { return nil }
        var members = [JSON.Member("used", .integer(used)), .init("size", .integer(size))]
        if let cost { members.append(.init("cost", ["amount": .number(cost), "currency": "USD"])) }
        return members
    }

    /// `usage` of a prompt's answer.
    static func ofTurn(_ result: JSON) -> JSON? {
        guard let usage = result["usage"] else { return nil }
        let input = usage["input_tokens"]?.integer ?? 0
        let output = usage["output_tokens"]?.integer ?? 0
        let read = usage["cache_read_input_tokens"]?.integer ?? 0
        let written = usage["cache_creation_input_tokens"]?.integer ?? 0
        return [
            "totalTokens": .integer(input + output + read + written), "inputTokens": .integer(input),
            "outputTokens": .integer(output), "cachedReadTokens": .integer(read),
            "cachedWriteTokens": .integer(written),
        ]
    }

    /// What the last turn cost, in US dollars.
    var costOfTurn: Double? { cost.map { max(0, $0 - costBefore) } }
}
