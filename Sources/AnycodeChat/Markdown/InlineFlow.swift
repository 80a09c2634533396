/// Inline text as styled lines, not yet wrapped.
struct InlineFlow {
    let isPlain: Bool
    private(set) var lines: [StyledLine] = [StyledLine()]

    init(isPlain: Bool) {
        self.isPlain = isPlain
    }

    mutating func add(_ inlines: [MarkdownInline], _ style: TextStyle) {
        for inline in inlines { add(inline, style) }
    }

    private mutating func add(_ inline: MarkdownInline, _ style: TextStyle) {
        switch inline {
        case .text(let text): append(text, style)
        case .code(let code):
            isPlain ? append("`\(code)`", style) : append(code, style.union(.cyan))
        case .emphasis(let inner): add(inner, style.union(.italic))
        case .strong(let inner): add(inner, style.union(.bold))
        case .strikethrough(let inner):
            if isPlain { append("~~", style) }
            add(inner, style.union(.strike))
            if isPlain { append("~~", style) }
        case .link(let destination, let title, let inner):
            let start = plainText
            add(inner, style.union(.underline))
            addAddress(destination, title, after: String(plainText.dropFirst(start.count)), style)
        case .image(let source, let title, let inner):
            let start = plainText
            add(inner, style)
            addAddress(source, title, after: String(plainText.dropFirst(start.count)), style)
        case .html(let html): append(html, style)
        case .softBreak, .hardBreak: lines.append(StyledLine())
        }
    }

    /// Writes an address behind its text, unless the text is the address.
    private mutating func addAddress(_ address: String, _ title: String?, after text: String, _ style: TextStyle) {
        let isShown = address.isEmpty || address == text || address == "mailto:" + text || address == "http://" + text
        let parts = [isShown ? nil : address, title.map { "“\($0)”" }].compactMap(\.self)
        guard !parts.isEmpty else { return }
        let joined = parts.joined(separator: " ")
        append(text.isEmpty ? joined : " (\(joined))", style.union(.dim))
    }

    private var plainText: String { lines.map(\.plain).joined(separator: "\n") }

    private mutating func append(_ text: String, _ style: TextStyle) {
        let safe = TerminalText.neutralised(text)
        for (index, part) in safe.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { lines.append(StyledLine()) }
            lines[lines.count - 1].append(String(part), style)
        }
    }
}
