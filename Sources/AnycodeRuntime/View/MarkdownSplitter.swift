/// Cuts Markdown into pieces that each fit a message, losing nothing and leaving no code fence open.
package enum MarkdownSplitter {
    /// - Parameter limit: the longest piece, in UTF-16 units; at least 64.
    package static func split(_ text: String, limit: Int) -> [String] {
        let limit = max(limit, 64)
        if text.utf16.count <= limit { return [text] }
        var pieces: [String] = []
        var rest = Substring(text)
        var fence: Fence?
        while !rest.isEmpty {
            let opening = fence.map { $0.line + "\n" } ?? ""
            let head = cut(rest, limit: limit - opening.utf16.count - closingRoom)
            rest = rest[head.endIndex...]
            let openAfter = openFence(in: head, startingWith: fence)
            var piece = opening + head
            if let openAfter, !rest.isEmpty {
                piece += piece.hasSuffix("\n") ? openAfter.closing : "\n" + openAfter.closing
            }
            pieces.append(piece)
            fence = openAfter
        }
        return pieces
    }

    /// A code fence that is open.
    private struct Fence {
        /// Its first line, as it is repeated in the next piece.
        let line: String
        /// How many backticks close it.
        let length: Int

        var closing: String { String(repeating: "`", count: length) }
    }

    /// The longest fence that is known as one.
    private static let longestFence = 12

    /// Room for `\n` and a closing fence.
    private static let closingRoom = 1 + longestFence

    /// The longest good beginning: up to a line's end, else a word's, else a character's; a single character that is
    /// longer is cut.
    private static func cut(_ text: Substring, limit: Int) -> Substring {
        guard let last = text.utf16.index(text.startIndex, offsetBy: limit, limitedBy: text.endIndex),
            last < text.endIndex
        else { return text }
        var end = last
        while end > text.startIndex, !isBoundary(end, in: text) { end = text.utf16.index(before: end) }
        if end == text.startIndex {
            end = text.unicodeScalars.index(after: end)
            while case let next = text.unicodeScalars.index(after: end), next <= last { end = next }
        }
        let window = text[..<end]
        let least = text.utf16.index(text.startIndex, offsetBy: limit / 2)
        if let place = lastBreak(in: window, atLeast: least, where: { $0 == "\n" }) { return text[..<place] }
        if let place = lastBreak(in: window, atLeast: least, where: { $0 == " " }) { return text[..<place] }
        return window
    }

    /// Whether no character is cut there.
    private static func isBoundary(_ index: String.Index, in text: Substring) -> Bool {
        guard let place = String.Index(index, within: text) else { return false }
        return place == text.startIndex || text.index(after: text.index(before: place)) == place
    }

    /// The place behind the last character that `matches`, if it is not before `least`.
    private static func lastBreak(
        in window: Substring, atLeast least: String.Index, where matches: (Character) -> Bool
    ) -> String.Index? {
        guard let found = window.lastIndex(where: matches) else { return nil }
        let place = window.index(after: found)
        return place >= least ? place : nil
    }

    /// The fence that is open at the end of `text`.
    private static func openFence(in text: Substring, startingWith fence: Fence?) -> Fence? {
        var open = fence
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let bare = line.drop { $0 == " " }
            let length = bare.prefix { $0 == "`" }.utf8.count
            guard (3...longestFence).contains(length) else { continue }
            let rest = bare.dropFirst(length)
            if let current = open {
                if length >= current.length, rest.allSatisfy(\.isWhitespace) { open = nil }
            } else if !rest.contains("`") {
                open = Fence(line: clip(String(bare), limit: 24), length: length)
            }
        }
        return open
    }
}

extension MarkdownSplitter {
    /// Fits `text` into one message: the middle is left out, since what matters stands at the beginning and the end.
    static func shorten(_ text: String, limit: Int) -> String {
        guard text.utf16.count > limit else { return text }
        let end = text.split(separator: "\n", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        let last = end.utf16.count <= limit / 4 ? end : clip(end, limit: limit / 4) + "…"
        let tail = end.hasPrefix("```") ? "\n…" : "\n…\n" + last
        var head = split(text, limit: max(64, limit - tail.utf16.count))[0]
        while head.hasSuffix("\n") { head.removeLast() }
        return head + tail
    }

    /// The longest beginning of whole characters within `limit` UTF-16 units.
    static func clip(_ text: String, limit: Int) -> String {
        var units = 0
        var end = text.startIndex
        while end < text.endIndex {
            let next = text.index(after: end)
            units += text.utf16.distance(from: end, to: next)
            if units > limit { break }
            end = next
        }
        return String(text[..<end])
    }
}
