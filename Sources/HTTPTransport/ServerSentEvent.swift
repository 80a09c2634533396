/// What a stream of server-sent events consists of.
package enum ServerSentItem: Sendable, Hashable {
    case event(ServerSentEvent)
    /// A comment line; servers send them as heartbeats.
    case comment(String)
    /// The server's wish for the time until a reconnect.
    case retry(Duration)
}

/// One event.
package struct ServerSentEvent: Sendable, Hashable {
    /// The id given with this very event; `nil` leaves the cursor where it was.
    package var id: String?
    /// `message` unless the server says otherwise.
    package var name: String
    /// The data lines, joined by line feeds.
    package var data: [UInt8]

    package init(id: String? = nil, name: String = "message", data: [UInt8]) {
        self.id = id
        self.name = name
        self.data = data
    }

    /// The data as text; invalid UTF-8 is replaced.
    package var text: String { String(decoding: data, as: UTF8.self) }
}
