import AnycodeJSON

/// The dialect of a server that speaks for an agent, as ACP: a value without connections, a process or a clock.
protocol ServerTranslation: Sendable {
    /// What a call to the server is for.
    associatedtype Purpose: Sendable

    /// The server's event stream as it is to be opened now; nil while there is none to open. Asked again whenever the
    /// stream ended.
    var subscription: ServerRequest? { get }

    mutating func fromClient(_ message: JSON) -> [ServerOutput<Purpose>]

    /// The stream is open: what happens from now on arrives.
    mutating func subscribed() -> [ServerOutput<Purpose>]
    mutating func received(_ event: ServerEvent) -> [ServerOutput<Purpose>]

    /// The stream ended, or the server refused to open it. It is opened again.
    mutating func unsubscribed(_ refusal: ServerAnswer?) -> [ServerOutput<Purpose>]

    /// The answers to one step, in the order of its requests.
    mutating func answered(_ purpose: Purpose, _ answers: [ServerAnswer]) -> [ServerOutput<Purpose>]

    /// The server ended; `words` are its last.
    mutating func ended(_ words: String) -> [ServerOutput<Purpose>]
}

/// What has to be done, in this order.
enum ServerOutput<Purpose: Sendable>: Sendable {
    /// An ACP message for the client.
    case client(JSON)
    /// Calls to the server, one after the other; their answers come back together.
    case call(Purpose, [ServerRequest])
    /// The stream may be opened now, or has to be opened anew.
    case resubscribe
}

extension ServerOutput: Equatable where Purpose: Equatable {}

// MARK: - Messages for the client

extension ServerOutput {
    static func result(_ id: JSON, _ result: JSON) -> Self {
        .client(["jsonrpc": "2.0", "id": id, "result": result])
    }

    static func failure(_ id: JSON, code: Int64, _ message: String) -> Self {
        .client(["jsonrpc": "2.0", "id": id, "error": ["code": .integer(code), "message": .string(message)]])
    }

    static func notification(_ method: String, _ params: JSON) -> Self {
        .client(["jsonrpc": "2.0", "method": .string(method), "params": params])
    }

    static func request(_ id: Int64, _ method: String, _ params: JSON) -> Self {
        .client(["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params])
    }

    static func update(_ session: String, _ kind: String, _ members: [JSON.Member]) -> Self {
        .notification(
            "session/update",
            [
                "sessionId": .string(session),
                "update": .object([.init("sessionUpdate", .string(kind))] + members),
            ])
    }

    static func text(
        _ session: String, _ text: String, message: String, as kind: String = "agent_message_chunk"
    ) -> Self {
        .update(
            session, kind,
            [.init("content", ["type": "text", "text": .string(text)]), .init("messageId", .string(message))])
    }

    /// Words of the runner's own about what is going on.
    static func notice(_ session: String, _ words: String, number: Int) -> Self {
        .update(
            session, "agent_message_chunk",
            [
                .init("content", ["type": "text", "text": .string(words)]),
                .init("messageId", .string("notice-\(number)")), .init("_meta", ["anycode": ["notice": true]]),
            ])
    }
}
