import AnycodeCore

/// The id under which a call travels.
///
/// The answer to `session/load` does not name the session, and nothing but the stream survives a restart: so the id that
/// comes back with it does. All other calls travel under the caller's id.
enum ACPWireID {
    private static let mark = "load"

    /// The id of a `session/load` call: `load|n or s|length of the id|id and session`.
    static func load(_ id: RequestID, _ session: AgentSessionID) -> RequestID {
        let (kind, text) =
            switch id {
            case .number(let number): ("n", String(number))
            case .string(let text): ("s", text)
            }
        return .string("\(mark)|\(kind)|\(text.utf8.count)|\(text)\(session.rawValue)")
    }

    /// The caller's id, and the session when it belongs to a `session/load` call.
    static func callerID(_ wire: RequestID) -> (id: RequestID, session: AgentSessionID?) {
        guard case .string(let text) = wire else { return (wire, nil) }
        let parts = text.split(separator: "|", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == mark, let count = Int(parts[2]), count >= 0,
            let end = parts[3].utf8.index(parts[3].utf8.startIndex, offsetBy: count, limitedBy: parts[3].utf8.endIndex)
        else { return (wire, nil) }
        let id = String(parts[3][..<end])
        let session = AgentSessionID(String(parts[3][end...]))
        if parts[1] == "s" { return (.string(id), session) }
        guard let number = Int64(id) else { return (wire, nil) }
        return (.number(number), session)
    }
}
