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
        /// What it printed, shortened; empty where it is not to be shown.
        private var output = ""
        private var kind: ToolCall.Kind
        private let outputUnits: Int

        /// - Parameter outputUnits: how much of what it prints is kept, in UTF-16 units.
        package init(_ call: ToolCall, outputUnits: Int = 0) {
            id = call.id
            parent = call.parent
            title = call.title
            status = call.status
            kind = call.kind
            self.outputUnits = outputUnits
            take(call.content)
        }

        package mutating func apply(_ update: ToolCallUpdate) {
            if let title = update.title { self.title = title }
            if let kind = update.kind { self.kind = kind }
            if let status = update.status { self.status = status }
            if let parent = update.parent { self.parent = parent }
            if let content = update.content { take(content) }
        }

        private mutating func take(_ content: [ToolCall.Content]) {
            count(content)
            complain(content)
            guard outputUnits > 0 else { return }
            let texts = content.compactMap { if case .text(let text) = $0 { text } else { nil } }
            output = ToolOutput.excerpt(texts.joined(separator: "\n"), limit: outputUnits)
        }

        /// Commands show what they print, all others only why they failed: what was read is in the files.
        package var shownOutput: String { kind == .execute || status == .failed ? output : "" }

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
