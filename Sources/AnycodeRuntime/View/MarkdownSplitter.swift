/// Cuts Markdown into pieces that each fit a message, losing nothing and leaving no code fence open.
package enum MarkdownSplitter {
    /// - Parameter limit: the longest piece, in UTF-16 units; at least 64.
    package static func split(_ text: String, limit: Int) -> [String] {
        let limit = max(limit, 64)
        if text.utf16.count <= limit { return [text] }
        var pieces: [String] = []
        var rest = Substring(text)
        var fence: String?
        while !rest.isEmpty {
            let opening = fence.map { $0 + "\n" } ?? ""
            let room = limit - opening.utf16.count - closingRoom
            let head = cut(rest, limit: room)
            rest = rest[head.endIndex...]
            let openAfter = openFence(in: head, startingWith: fence)
            var piece = opening + head
            if openAfter != nil, !rest.isEmpty {
                piece += piece.hasSuffix("\n") ? "```" : "\n```"
            }
            pieces.append(piece)
            fence = openAfter
        }
        return pieces
    }

    /// Room for `\n` and a closing fence.
    private static let closingRoom = 4

    /// The longest good beginning: up to a paragraph's end, else a line's, else a word's, else a character's.
    private static func cut(_ text: Substring, limit: Int) -> Substring {
        guard text.utf16.count > limit else { return text }
        var end = text.utf16.index(text.startIndex, offsetBy: limit)
        while end > text.startIndex, !isBoundary(end, in: text) { end = text.utf16.index(before: end) }
        if end == text.startIndex { end = text.index(after: text.startIndex) }
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

    /// The opening line of the fence that is open at the end of `text`.
    private static func openFence(in text: Substring, startingWith fence: String?) -> String? {
        var open = fence
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let bare = line.drop { $0 == " " }
            guard bare.hasPrefix("```") else { continue }
            if open == nil {
                open = String(bare.prefix(40))
            } else if bare.drop(while: { $0 == "`" }).allSatisfy({ $0 == " " }) {
                open = nil
            }
        }
        return open
    }
}

extension MarkdownSplitter {
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
