import AnycodeCore

/// All of a turn as a document, for turns of which the chat shows a part.
enum TurnLog {
    static func name(turn: Int) -> String { "turn-\(turn).md" }

    static func message(_ path: String, header: SessionHeader) -> OutgoingMessage {
        let name = path.split(separator: "/").last.map(String.init) ?? "turn.md"
        return OutgoingMessage(
            markdown: "📄 The whole log of this turn.",
            attachment: ChatAttachment(name: "\(header.id.short)-\(name)", path: path, mediaType: "text/markdown"))
    }

    /// - Parameter entries: the session's, from the first on.
    static func markdown(_ entries: [TranscriptEntry], turn: Int, header: SessionHeader) -> String {
        var transcript = Transcript(header: header, keepsThoughts: true)
        var parts = ["# \(header.agent) · \(header.id.short) · turn \(turn)"]
        var isInside = false
        for entry in entries {
            if case .prompted(let number, let person, let text) = entry {
                isInside = number == turn
                if isInside { parts.append("**\(person.name)**: \(text)") }
            }
            if isInside { transcript.apply(entry) }
        }
        return (parts + transcript.blocks.compactMap(part)).joined(separator: "\n\n") + "\n"
    }

    private static func part(_ block: Transcript.Block) -> String? {
        switch block {
        case .stream(let stream): StreamView.markdown(stream.items)
        case .asked(let asked): asked.words
        case .offered(let offered):
            offered.grantedBy.map { "⏳ +30 min (\($0.name))" }
        case .head, .reminder, .restored, .turn, .session: nil
        }
    }
}

extension Transcript.Asked {
    fileprivate var words: String {
        let question =
            switch ask.kind {
            case .permission(let request): "🔐 \(StreamView.code(request.toolCall.title ?? "use a tool"))"
            case .question(let request): "❓ \(request.message)"
            case .repository(let problem): "❓ \(problem)"
            case .settings(let settings): "🔒 settings of the repository: \(settings.wishes.joined(separator: "; "))"
            }
        let person = resolution?.by.map { " (\($0.name))" } ?? ""
        return "\(question)\n→ \(resolution?.choice ?? "not answered yet")\(person)"
    }
}
