/// Finds what the person typed in a user message.
///
/// Agents put reminders, environment and instructions into the same message, in tags such as `<system-reminder>` (Claude
/// Code), `<environment_context>` and `<permissions instructions>` (Codex). Names with a hyphen or underscore are taken for such tags.
enum WrappedText {
    private static let plainTags: Set<String> = ["context", "environment", "instructions", "permissions", "reminder"]
    private static let notices = ["# AGENTS.md instructions", "[Request interrupted by user"]

    /// What is left without wrappers; nil when that is nothing.
    static func said(in text: String) -> String? {
        var left = text[...]
        var said = ""
        while let open = left.firstIndex(of: "<") {
            said += left[..<open]
            left = left[open...]
            if let end = wrapperEnd(left) {
                left = left[end...]
            } else {
                said.append("<")
                left = left.dropFirst()
            }
        }
        said += left
        let trimmed = said.trimmed
        if trimmed.isEmpty || notices.contains(where: trimmed.hasPrefix) { return nil }
        return String(trimmed)
    }

    /// Where the wrapper at the start of `text` ends; nil when no wrapper stands there.
    private static func wrapperEnd(_ text: Substring) -> Substring.Index? {
        let name = text.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        let isWrapper = name.contains("_") || name.contains("-") || plainTags.contains(name.lowercased())
        guard isWrapper, let close = text.range(of: "</\(name)"),
            let end = text[close.upperBound...].firstIndex(of: ">")
        else { return nil }
        return text.index(after: end)
    }
}

extension Substring {
    fileprivate func range(of needle: String) -> Range<Index>? {
        let pattern = Array(needle.utf8)
        guard let first = pattern.first else { return nil }
        var from = startIndex
        while let found = utf8[from...].firstIndex(of: first) {
            if utf8[found...].starts(with: pattern) {
                return found..<utf8.index(found, offsetBy: pattern.count)
            }
            from = utf8.index(after: found)
        }
        return nil
    }
}

extension String {
    fileprivate var trimmed: Substring {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
