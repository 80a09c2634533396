/// How much of what an agent sends is kept, in UTF-8 bytes or items. The rest is cut with a mark.
enum ACPLimits {
    static let title = 1000
    static let message = 4000
    static let rawInput = 16 * 1024
    static let toolText = 64 * 1024
    static let diffSide = 512 * 1024
    static let items = 200
    /// Of tokens, which are summed.
    static let counts: Range<Int64> = 0..<1_000_000_000_000
    /// Of money; what is outside is no amount.
    static let amounts = 0..<1e12

    /// Cuts at a character's border.
    static func shorten(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        let end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
        var cut = end
        while cut > text.startIndex, cut.samePosition(in: text.unicodeScalars) == nil {
            cut = text.utf8.index(before: cut)
        }
        return String(text.unicodeScalars[..<cut]) + "…"
    }
}
