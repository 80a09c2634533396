import AnycodeJSON

/// What the program says in codes, in words for a person.
enum ClaudeCodeWords {
    static func retry(_ message: JSON) -> String {
        let seconds = ((message["retry_delay_ms"]?.integer ?? 0) + 999) / 1000
        let attempt = message["attempt"]?.integer ?? 1
        let of = message["max_retries"]?.integer.map { " of \($0)" } ?? ""
        return "⏳ \(reason(message)) Trying again in \(seconds) s (attempt \(attempt)\(of))."
    }

    private static func reason(_ message: JSON) -> String {
        let status = message["error_status"]?.integer
        let code = status.map { " (\($0))" } ?? ""
        switch (message.text("error"), status) {
        case ("rate_limit", _), (_, 429): return "The model's server says: too many requests\(code)."
        case ("overloaded", _), (_, 529): return "The model's server is overloaded\(code)."
        case ("authentication_failed", _), (_, 401), (_, 403):
            return "The model's server does not accept the key\(code)."
        case ("billing_error", _): return "The account has no credit\(code)."
        case (_, .some(500...)): return "The model's server failed\(code)."
        case (_, nil): return "The connection to the model's server broke."
        default: return "The model's server refused the request\(code)."
        }
    }

    static let badKey =
        "The model's server does not accept the key. Check ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN of this agent."

    static func isAuthentication(_ message: JSON) -> Bool {
        message.text("error") == "authentication_failed"
            || [401, 403].contains(message["error_status"]?.integer ?? message["api_error_status"]?.integer ?? 0)
    }

    /// Nil when there is nothing to say.
    static func rateLimit(_ info: JSON) -> String? {
        let window: String =
            switch info.text("rateLimitType") {
            case "five_hour": "five-hour limit"
            case .some(let type) where type.hasPrefix("seven_day"): "weekly limit"
            case "overage": "extra usage"
            default: "usage limit"
            }
        let until = info["resetsAt"]?.integer.map { " It resets at \(utc($0))." } ?? ""
        switch info.text("status") {
        case "allowed_warning":
            let part = info["utilization"]?.double.map { " (\(Int($0 * 100)) % used)" } ?? ""
            return "⚠️ The \(window) is almost reached\(part).\(until)"
        case "rejected": return "⛔️ The \(window) is reached.\(until)"
        default: return nil
        }
    }

    /// Seconds since 1970 as `2026-11-23 07:24 UTC`.
    static func utc(_ seconds: Int64) -> String {
        let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let rest = seconds - days * 86400
        // Days to civil date, after Howard Hinnant's chrono-compatible algorithms.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day)) \(two(rest / 3600)):\(two(rest % 3600 / 60)) UTC"
    }

    static func compacted(_ metadata: JSON?) -> String {
        guard let before = metadata?["pre_tokens"]?.integer else { return "🗜 The conversation was compacted." }
        let after = metadata?["post_tokens"]?.integer.map { " to \($0)" } ?? ""
        return "🗜 The conversation was compacted, from \(before) tokens\(after)."
    }

    /// What went wrong in a turn, from its result.
    static func failure(_ result: JSON) -> String {
        if let text = result.text("result"), !text.isEmpty { return text }
        let errors = (result["errors"]?.array ?? []).compactMap(\.text).filter { !$0.hasPrefix("[ede_diagnostic]") }
        if !errors.isEmpty { return errors.joined(separator: "\n") }
        switch result.text("subtype") {
        case "error_max_budget_usd": return "The budget for this session is used up."
        case "error_max_turns": return "The limit of turns is reached."
        default: return "Claude Code could not finish the turn."
        }
    }

    /// What "always" would allow from now on, for a button.
    static func always(_ suggestions: [JSON]) -> String? {
        var parts: [String] = []
        for suggestion in suggestions {
            switch suggestion.text("type") {
            case "addRules" where suggestion.text("behavior") == "allow":
                for rule in suggestion["rules"]?.array ?? [] {
                    let tool = rule.text("toolName") ?? "the tool"
                    parts.append(rule.text("ruleContent").map { tool == "Bash" ? $0 : "\(tool) \($0)" } ?? tool)
                }
            case "setMode" where suggestion.text("mode") == "acceptEdits": parts.append("all edits")
            case "addDirectories":
                parts += (suggestion["directories"]?.array ?? []).compactMap(\.text).map { "files in \($0)" }
            default: break
            }
        }
        return parts.isEmpty ? nil : "Always in this session: \(shortened(parts.joined(separator: ", "), 120))"
    }
}
