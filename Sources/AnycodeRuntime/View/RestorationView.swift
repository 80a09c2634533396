import AnycodeCore

/// What a resumed session brought back, and the question what to do next.
enum RestorationView {
    static func message(_ restoration: Restoration) -> OutgoingMessage {
        let changes = restoration.patch.map { "\(ReportView.changes($0)), as saved" } ?? "nothing was changed"
        let memory = restoration.remembers ? "the agent's conversation too" : "the agent begins a new conversation"
        var lines = ["▶️ Goes on from `\(restoration.session.short)`: \(changes); \(memory)."]
        if restoration.asks { lines.append("What is to be done next? Answer with a message.") }
        return OutgoingMessage(markdown: lines.joined(separator: "\n"), rings: restoration.asks)
    }
}
