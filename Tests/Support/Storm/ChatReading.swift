/// What one chat shows in the end, read as a person would.
package struct ChatReading: Sendable {
    /// A message of the chat.
    package struct Message: Sendable, Hashable {
        package var text: String
        /// Labels and data.
        package var buttons: [[String]]

        package init(_ text: String, buttons: [[String]] = []) {
            self.text = text
            self.buttons = buttons
        }

        static let label = "(possibly a repeat)"

        var isLabelled: Bool { text.hasPrefix(Self.label) }

        /// The text behind the label of a possible repeat.
        var words: Substring {
            guard isLabelled else { return text[...] }
            return text.dropFirst(Self.label.count).drop(while: \.isWhitespace)
        }

        var isHead: Bool { words.contains("Status: ") && words.contains("Repository: ") }

        var isFinal: Bool {
            ["✅ Done", "✅ Completed", "⚠️ Stopped", "⏹ Stopped", "⏹ Cancelled", "❌ Failed", "⏰ Timed out"]
                .contains { words.hasPrefix($0) }
        }

        /// The lines of the agent, by name, in order.
        var lines: [String] { names("n") }

        /// The question it asks, if it asks one.
        var question: String? {
            guard words.hasPrefix("🔐 May it?") || words.hasPrefix("❓") else { return nil }
            return names("q").first
        }

        private func names(_ kind: Character) -> [String] {
            text.matches(of: /j\d+t\d+([nq])\d+/).filter { $0.output.1.first == kind }.map { String($0.output.0) }
        }
    }

    package let messages: [Message]

    package init(_ messages: [Message]) {
        self.messages = messages
    }

    var heads: [Message] { messages.filter(\.isHead) }
    var finals: [Message] { messages.filter(\.isFinal) }

    /// How the session ended, in the words of its first message; `nil` while it lives.
    package var end: String? {
        guard let status = heads.last?.words.firstMatch(of: /Status: ([^\n]*)/)?.output.1 else { return nil }
        return status.contains(", sandbox ") ? String(status) : nil
    }

    /// The patches that finals name.
    package var patches: [String] {
        finals.flatMap { final in final.words.matches(of: /Patch: (\S+\.patch)/).map { String($0.output.1) } }
    }
}
