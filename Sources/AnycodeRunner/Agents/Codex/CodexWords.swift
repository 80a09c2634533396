import AnycodeJSON

/// What the program says in codes, in words for a person.
enum CodexWords {
    static let sandbox =
        "ℹ️ Codex's own sandbox is off, because it cannot work inside this one: everything happens in this session's "
        + "sandbox, and Codex asks before it runs commands or changes files."

    static let compacted = "🗜 The conversation was compacted."

    static let badKey =
        "The model's server does not accept the key. Check OPENAI_API_KEY or the ChatGPT login of this agent."

    /// A failed attempt that the program makes again.
    static func retry(_ error: JSON) -> String {
        let count = error.text("message")?.split(separator: " ").last?.split(separator: "/") ?? []
        let numbers = count.compactMap { Int($0) }
        let attempt = numbers.count == 2 ? " (attempt \(numbers[0]) of \(numbers[1]))" : ""
        return "⏳ \(reason(error)) Trying again\(attempt)."
    }

    private static func reason(_ error: JSON) -> String {
        let details = error.text("additionalDetails") ?? ""
        let status = status(error)
        let code = status.map { " (\($0))" } ?? ""
        switch status {
        case 429: return "The model's server says: too many requests\(code)."
        case 401, 403: return "The model's server does not accept the key\(code)."
        case .some(500...): return "The model's server failed\(code)."
        case .some: return "The model's server refused the request\(code)."
        case nil where details.isEmpty || details.hasPrefix("stream disconnected"):
            return "The connection to the model's server broke."
        case nil: return "The model's server failed: \(CodexTool.shortened(details, 300))"
        }
    }

    /// Why a turn failed.
    static func failure(_ error: JSON?) -> String {
        guard let error else { return "Codex could not finish the turn." }
        if isAuthentication(error) { return badKey }
        let said = CodexTool.shortened(error.text("message") ?? "", 1000)
        switch error["codexErrorInfo"]?.text {
        case "contextWindowExceeded":
            return "The conversation is too long for the model. /compact makes it shorter."
        case "usageLimitExceeded": return "The usage limit of the account is reached. \(said)"
        case "internalServerError", "serverOverloaded": return "The model's server failed: \(said)"
        default: break
        }
        if status(error) == 429 { return "The model's server says: too many requests (429)." }
        return said.isEmpty ? "Codex could not finish the turn." : said
    }

    static func isAuthentication(_ error: JSON) -> Bool {
        error["codexErrorInfo"]?.text == "unauthorized" || [401, 403].contains(status(error) ?? 0)
    }

    /// The HTTP status, which is a member of the only member of the error's kind.
    private static func status(_ error: JSON) -> Int64? {
        error["codexErrorInfo"]?.members?.first?.value["httpStatusCode"]?.integer
    }

    /// A warning about the configuration: of a repository's own, which folder is left alone.
    static func configuration(_ warning: JSON) -> String {
        let summary = warning.text("summary") ?? "The configuration has a problem."
        guard summary.hasPrefix("Project-local config") else {
            return "⚠️ \(CodexTool.shortened(summary, 1000))"
        }
        let folders = summary.split(separator: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
            guard words.count == 2, words[0].hasSuffix("."), Int(words[0].dropLast()) != nil else { return nil }
            return String(words[1])
        }
        let named = folders.isEmpty ? "" : " (\(folders.joined(separator: ", ")))"
        return "🔒 This repository has settings of its own for Codex\(named). They are not used: settings, hooks and "
            + "MCP servers of a repository could run anything."
    }

    static let oldestVersion = (0, 163)

    /// `anycode/0.163.0 (Debian …)` holds the version.
    static func version(_ userAgent: String?) -> String? {
        guard let part = userAgent?.split(separator: "/").dropFirst().first?.split(separator: " ").first else {
            return nil
        }
        return String(part)
    }

    static func versionNotice(_ version: String?) -> String? {
        guard let version else { return "⚠️ This Codex does not tell its version; some things may not be shown." }
        let parts = version.split { $0 == "." || $0 == "-" }.compactMap { Int($0) }
        guard parts.count >= 2, (parts[0], parts[1]) < oldestVersion else { return nil }
        return "⚠️ Codex \(version) is older than \(oldestVersion.0).\(oldestVersion.1); some things may not be shown."
    }
}
