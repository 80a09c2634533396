import AnycodeJSON

/// One prompt's run of acpx: the raw ACP traffic that it prints, and its exit code.
///
/// A value without a process. As documented for acpx 0.1.14 and later: both directions, one message a line, no envelope.
struct AcpxTurn: Sendable {
    typealias Output = ServerOutput<Never>

    let session: String
    let request: JSON
    let permissions: String
    var isCancelled = false
    private var answer: JSON?
    private var error: JSON?
    /// Conversations that are being loaded: their history is known here.
    private var loading: Set<JSON> = []
    private var prompts: Set<JSON> = []
    private var permissionTitles: [JSON: (title: String, rejecting: Set<String>)] = [:]
    private var notices: Int

    init(session: String, request: JSON, permissions: String, notices: Int) {
        (self.session, self.request, self.permissions, self.notices) = (session, request, permissions, notices)
    }

    mutating func printed(_ line: [UInt8]) -> [Output] {
        guard let message = try? JSON(parsing: line), message.isObject else { return [] }
        guard let method = message.text("method") else { return answered(message) }
        let params = message["params"] ?? .null
        switch method {
        case "session/update":
            guard loading.isEmpty, let update = params["update"] else { return [] }
            return [.notification("session/update", ["sessionId": .string(session), "update": update])]
        case "session/load":
            if let id = message["id"] { loading.insert(id) }
        case "session/prompt":
            if let id = message["id"] { prompts.insert(id) }
        case "session/request_permission":
            guard let id = message["id"] else { return [] }
            let title = params["toolCall"]?.text("title") ?? "something"
            let rejecting = (params["options"]?.array ?? []).filter { ($0.text("kind") ?? "").hasPrefix("reject") }
            permissionTitles[id] = (title, Set(rejecting.compactMap { $0.text("optionId") }))
        default: break
        }
        return []
    }

    /// Answers travel in both directions; each belongs to the request with its id.
    private mutating func answered(_ message: JSON) -> [Output] {
        let id = message["id"] ?? .null
        if let error = message["error"], error != .null {
            if loading.remove(id) == nil { self.error = error }
            return []
        }
        let result = message["result"] ?? .null
        if result.text("stopReason") != nil, prompts.isEmpty || prompts.contains(id) {
            answer = result
        } else if let outcome = result["outcome"], let asked = permissionTitles.removeValue(forKey: id) {
            let isDenied = outcome.text("optionId").map(asked.rejecting.contains) ?? true
            guard isDenied, !isCancelled else { return [] }
            notices += 1
            let words = "⚠️ acpx denied “\(CodexTool.shortened(asked.title, 200))”: its policy is \(permissions)."
            return [.notice(session, words, number: notices)]
        } else {
            loading.remove(id)
        }
        return []
    }

    /// The answer to the prompt.
    func ended(_ exit: ProcessExit, said: String) -> Output {
        if isCancelled || exit.code == 130 { return .result(request, ["stopReason": "cancelled"]) }
        if let answer, exit.success { return .result(request, answer) }
        let own = error.flatMap { $0["data"]?.text("acpxCode") ?? $0["data"]?.text("detailCode") }
        let code: Int64 = error?["code"]?.integer == -32000 ? -32000 : -32603
        return .failure(request, code: code, AcpxWords.failure(exit, own, words(said), permissions))
    }

    private func words(_ said: String) -> String {
        let message = error?.text("message") ?? ""
        let detail = error?["data"]?.text("message") ?? error?["data"]?.text("details") ?? ""
        let known = detail.isEmpty || message.contains(detail) ? message : "\(message): \(detail)"
        let text = known.isEmpty ? said : known
        return CodexTool.shortened(String(text.split(whereSeparator: \.isNewline).joined(separator: "; ")), 1000)
    }

    var noticeCount: Int { notices }
}

/// What people read about acpx.
enum AcpxWords {
    static func failure(_ exit: ProcessExit, _ code: String?, _ words: String, _ permissions: String) -> String {
        let reason = words.isEmpty ? "" : " It said: \(words)"
        switch (exit.code, code) {
        case (5, "PERMISSION_PROMPT_UNAVAILABLE"):
            return "The agent asked a question, which acpx cannot pass on. Use protocol = \"acp\" for that." + reason
        case (5, _):
            return "acpx denied every permission the agent asked for: its policy is \(permissions), and it cannot ask. "
                + "Change sandbox.server.permissions, or use protocol = \"acp\"." + reason
        case (4, _): return "acpx does not know the conversation any more. Start a new task." + reason
        case (3, _): return "acpx gave up waiting for the agent." + reason
        case (2, _): return "acpx did not understand its command line. It must be of version 0.1.14 or later." + reason
        case (0?, _): return "acpx ended without an answer. It must be of version 0.1.14 or later." + reason
        case (1?, _): return "The agent behind acpx failed." + reason
        default: return "acpx \(exit.words)." + reason
        }
    }

    static func tooOld(_ version: String) -> String {
        "acpx \(version) is too old: it must be of version 0.1.14 or later (npm package acpx)."
    }

    static func policy(_ permissions: String) -> String {
        switch permissions {
        case "approve-all": "⚠️ acpx cannot ask in the chat: everything the agent wants to do is allowed (approve-all)."
        case "approve-reads":
            "⚠️ acpx cannot ask in the chat: the agent may read and search, all else is denied (approve-reads)."
        default: "⚠️ acpx cannot ask in the chat: everything the agent asks for is denied (deny-all)."
        }
    }

    static let untrusted =
        "The repository has an .acpxrc.json, which could make acpx run other programs, with your credentials. Remove it, "
        + "or set ANYCODE_TRUST_REPOSITORY = \"1\" in the agent's env if you trust your repositories."

    /// Nil for a text that names no version.
    static func version(_ text: String) -> [Int]? {
        let word = text.split(whereSeparator: { $0.isWhitespace || $0 == "v" || $0 == "/" || $0 == "@" })
            .first { $0.first?.isNumber == true && $0.contains(".") }
        guard let word else { return nil }
        let parts = word.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
        return parts.count >= 2 ? parts : nil
    }

    static func isTooOld(_ version: [Int]) -> Bool {
        for (part, least) in zip(version + [0, 0, 0], [0, 1, 14]) where part != least { return part < least }
        return false
    }
}
