import AnycodeJSON

/// What people read about the server.
enum OpenCodeWords {
    static let unauthorized =
        "The opencode server refuses its password. Leave OPENCODE_SERVER_PASSWORD to Anycode, which sets one itself."
    static let unknownServer =
        "What was started is no opencode server: it does not answer /global/health. Check sandbox.server.command."

    static func tooNew(_ version: String) -> String {
        """
        This opencode server is of version \(version), whose API is another one. Anycode speaks that of 1.x: install \
        opencode 1.x in the sandbox (npm package opencode-ai@1), or use protocol = "acp", which works with both.
        """
    }

    static func retry(_ message: String, attempt: Int64) -> String {
        "⚠️ The model's server failed, attempt \(attempt + 1) follows: \(CodexTool.shortened(message, 500))"
    }

    /// The part of a text behind so many UTF-8 bytes, from a character's border on.
    static func rest(of text: String, after bytes: Int) -> String {
        guard bytes > 0 else { return text }
        return String(decoding: Array(text.utf8.dropFirst(bytes)).drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
    }

    // MARK: The end of a turn

    static func end(of turn: OpenCodeTranslation.Turn) -> OpenCodeTranslation.Output {
        if turn.isCancelled { return .result(turn.request, ["stopReason": "cancelled"]) }
        if let error = turn.error, error != .null {
            switch error.text("name") {
            case "MessageAbortedError": return .result(turn.request, ["stopReason": "cancelled"])
            case "MessageOutputLengthError": return .result(turn.request, ["stopReason": "max_tokens"])
            case "ContentFilterError": return .result(turn.request, ["stopReason": "refusal"])
            default: return failure(turn.request, error)
            }
        }
        let reason =
            switch turn.last?.text("finish") {
            case "length": "max_tokens"
            case "content-filter": "refusal"
            default: "end_turn"
            }
        return .result(turn.request, ["stopReason": .string(reason)])
    }

    static func notTaken(_ turn: OpenCodeTranslation.Turn) -> OpenCodeTranslation.Output {
        .failure(turn.request, code: -32603, "The opencode server did not take the prompt. Send it again.")
    }

    private static func failure(_ request: JSON, _ error: JSON) -> OpenCodeTranslation.Output {
        let name = error.text("name") ?? ""
        let data = error["data"] ?? .null
        let words = CodexTool.shortened(data.text("message") ?? name, 2000)
        let status = data["statusCode"]?.integer
        let isAuthentication = name == "ProviderAuthError" || status == 401 || status == 403
        let shown =
            switch name {
            case "ContextOverflowError": "The conversation is too long for the model: \(words)"
            case "APIError": "The model's server answered\(status.map { " with \($0)" } ?? " with an error"): \(words)"
            default: words.isEmpty ? "opencode failed and did not say why." : words
            }
        return .failure(request, code: isAuthentication ? -32000 : -32603, shown)
    }
}
