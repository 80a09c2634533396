package import AnycodeCore

extension Transcript {
    /// A tool call as far as the chat shows it; its content, which may hold whole files, is counted and let go.
    package struct Tool: Hashable, Sendable {
        package let id: ToolCallID
        /// The call of the sub-agent that does this.
        package private(set) var parent: ToolCallID?
        package private(set) var title: String
        package private(set) var status: ToolCall.Status
        /// Lines, over all files it changes.
        package private(set) var added = 0
        package private(set) var removed = 0
        /// The last that a failed command printed.
        package private(set) var complaint: String?
        private var kind: ToolCall.Kind

        package init(_ call: ToolCall) {
            id = call.id
            parent = call.parent
            title = call.title
            status = call.status
            kind = call.kind
            count(call.content)
            complain(call.content)
        }

        package mutating func apply(_ update: ToolCallUpdate) {
            if let title = update.title { self.title = title }
            if let kind = update.kind { self.kind = kind }
            if let status = update.status { self.status = status }
            if let parent = update.parent { self.parent = parent }
            if let content = update.content {
                count(content)
                complain(content)
            }
        }

        private mutating func count(_ content: [ToolCall.Content]) {
            added = 0
            removed = 0
            for case .diff(_, let old, let new) in content {
                let difference = Self.lines(new).difference(from: Self.lines(old ?? ""))
                added += difference.insertions.count
                removed += difference.removals.count
            }
        }

        /// Bounded: the difference of very long files is not worth its time here.
        private static func lines(_ text: String) -> [Substring] {
            Array(text.split(separator: "\n", maxSplits: 400, omittingEmptySubsequences: true).prefix(400))
        }

        private mutating func complain(_ content: [ToolCall.Content]) {
            complaint = nil
            guard status == .failed, kind == .execute else { return }
            let texts = content.compactMap { item in if case .text(let text) = item { text } else { nil } }
            let end = texts.joined(separator: "\n").suffix(600)
            let lines = end.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }.suffix(3)
            if !lines.isEmpty { complaint = lines.map { $0.suffix(160) }.joined(separator: "\n") }
        }
    }
}
