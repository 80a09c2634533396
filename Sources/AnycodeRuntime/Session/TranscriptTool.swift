package import AnycodeCore

extension Transcript {
    /// A tool call as far as the chat shows it; its content, which may hold whole files, is counted and let go.
    package struct Tool: Hashable, Sendable {
        package private(set) var title: String
        package private(set) var status: ToolCall.Status
        /// Lines, over all files it changes.
        package private(set) var added = 0
        package private(set) var removed = 0

        package init(_ call: ToolCall) {
            title = call.title
            status = call.status
            count(call.content)
        }

        package mutating func apply(_ update: ToolCallUpdate) {
            if let title = update.title { self.title = title }
            if let status = update.status { self.status = status }
            if let content = update.content { count(content) }
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
    }
}
