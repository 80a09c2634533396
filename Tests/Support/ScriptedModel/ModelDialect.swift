import TestJSON

/// One API of model makers: how its requests are read and its answers written.
protocol ModelDialect: Sendable {
    /// - Throws: what the real API refuses with 400.
    func prompt(from body: JSON) throws(ModelRefusal) -> ModelPrompt
    /// The answer to a request without streaming.
    func document(_ reply: ModelReply) -> JSON
    /// The answer as server-sent events.
    func frames(_ reply: ModelReply) -> [ModelFrame]
    /// The body of an error answer.
    func errorBody(_ refusal: ModelRefusal, requestID: String) -> JSON
    /// How the API words a failure that the script asks for.
    func refusal(status: Int) -> ModelRefusal
    /// The answer to a missing (nil) or wrong key.
    func refusal(key: String?) -> ModelRefusal
}

/// A request the API refuses.
struct ModelRefusal: Error, Sendable, Hashable {
    var status: Int
    var type: String
    var message: String
    var param: String?
    var code: String?
    var retryAfter: Int?

    /// 400 in the shape both makers use.
    static func invalid(_ message: String, param: String? = nil, code: String? = nil) -> ModelRefusal {
        ModelRefusal(status: 400, type: "invalid_request_error", message: message, param: param, code: code)
    }
}

/// One server-sent event.
struct ModelFrame: Sendable, Hashable {
    var event: String?
    var data: String
    /// A piece of text: the script's pace and cut count these.
    var isWord: Bool

    init(_ event: String?, _ data: JSON, isWord: Bool = false) {
        self.init(event, data.text, isWord: isWord)
    }

    init(_ event: String?, _ data: String, isWord: Bool = false) {
        self.event = event
        self.data = data
        self.isWord = isWord
    }

    var wireText: String {
        (event.map { "event: \($0)\n" } ?? "") + "data: \(data)\n\n"
    }
}

/// What the model answers, before it is put into the words of an API.
struct ModelReply: Sendable, Hashable {
    struct Call: Sendable, Hashable {
        var id: String
        var fitted: FittedCall
    }

    var id: String
    var model: String
    var thinking: String?
    var text: String
    var calls: [Call]
    var reportsStreamedUsage: Bool
    /// Seconds since 1970.
    var created: Int

    static let inputTokens = 100
    static let outputTokens = 20

    /// The text in the pieces it is streamed in: words, or 1 kB each when it is long.
    var pieces: [String] { Self.pieces(text) }

    var thinkingPieces: [String] { Self.pieces(thinking ?? "") }

    static func pieces(_ text: String) -> [String] {
        if text.utf8.count > 32_768 { return chunks(text, of: 1024) }
        var pieces: [String] = []
        var start = text.startIndex
        while start < text.endIndex {
            let wordEnd = text[start...].firstIndex { $0.isWhitespace } ?? text.endIndex
            let next = text[wordEnd...].firstIndex { !$0.isWhitespace } ?? text.endIndex
            pieces.append(String(text[start..<next]))
            start = next
        }
        return pieces
    }

    /// Tool input is streamed in pieces that respect nothing.
    static func chunks(_ text: String, of size: Int = 24) -> [String] {
        var chunks: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            chunks.append(String(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return chunks
    }
}
