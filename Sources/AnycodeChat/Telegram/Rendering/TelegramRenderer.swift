/// Turns Markdown into text and entities. Pure: the same Markdown gives the same message.
///
/// Nothing that is written is left out: an address that cannot be a link is shown as text, so is markup without a
/// counterpart.
struct TelegramRenderer {
    private var builder = TelegramTextBuilder()
    private var links = 0
    private var isQuoted = false

    private init() {}

    static func render(_ document: MarkdownDocument) -> TelegramText {
        var renderer = TelegramRenderer()
        renderer.blocks(document.blocks, isTight: false)
        return renderer.builder.finish()
    }

    static func render(_ markdown: String) -> TelegramText {
        render(MarkdownDocument(parsing: markdown))
    }

    /// As one message that fits.
    ///
    /// What grows beyond the limit by its layout (wide tables) is shown as its source; only source that is too long
    /// itself is cut, and ends with an ellipsis.
    static func message(_ markdown: String, limit: Int = TelegramText.longestMessage) -> TelegramText {
        let rendered = render(markdown)
        if rendered.units <= limit { return rendered }
        let source = TelegramText(TerminalText.neutralised(markdown.replacing("\t", with: " ")))
        if source.units <= limit { return source }
        var first = source.pieces(limit: limit - 2).first ?? TelegramText("")
        first.text += "\n…"
        return first
    }

    // MARK: Blocks

    private mutating func blocks(_ blocks: [MarkdownBlock], isTight: Bool) {
        for (index, block) in blocks.enumerated() {
            if index > 0 { builder.breakLine(isTight ? 1 : 2) }
            self.block(block)
        }
    }

    private mutating func block(_ block: MarkdownBlock) {
        switch block {
        case .paragraph(let inlines): self.inlines(inlines, .init())
        case .heading(let level, let inlines): self.inlines(inlines, Self.heading(level))
        case .code(let info, let text): code(text, info: info)
        case .quote(let inner): quote(inner)
        case .list(let list): self.list(list)
        case .table(let table): self.table(table)
        case .html(let html): builder.append(html)
        case .rule: builder.append("──────────")
        }
    }

    private static func heading(_ level: Int) -> TelegramTextBuilder.Style {
        switch level {
        case 1: .init(isBold: true, isUnderlined: true)
        case 2: .init(isBold: true)
        default: .init(isBold: true, isItalic: true)
        }
    }

    /// The fence's first word is the language; whatever else is written there is shown above.
    private mutating func code(_ text: String, info: String?) {
        let language = info.flatMap(Self.language)
        if let info, language != info || text.isEmpty {
            builder.append(info, .init(isItalic: true))
            builder.breakLine()
        }
        builder.preformatted(text, language: language)
    }

    private static func language(_ info: String) -> String? {
        let word = info.prefix { !$0.isWhitespace }
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "+-_.#".utf8.contains(byte)
            }
        }
        return isPlain && (1...30).contains(word.utf8.count) ? String(word) : nil
    }

    /// Long quotes fold. Quotes may not contain quotes: inner ones are marked with `>`.
    private mutating func quote(_ inner: [MarkdownBlock]) {
        guard !isQuoted else {
            builder.append("> ")
            builder.indent(by: "> ")
            blocks(inner, isTight: false)
            return builder.unindent()
        }
        isQuoted = true
        let start = builder.mark()
        blocks(inner, isTight: false)
        let written = builder.text(from: start)
        let isLong = written.utf16.count > 700 || written.count(where: \.isNewline) > 9
        builder.close(isLong ? .expandableQuote : .quote, from: start)
        isQuoted = false
    }

    private mutating func list(_ list: MarkdownList) {
        for (index, item) in list.items.enumerated() {
            if index > 0 { builder.breakLine(list.isTight ? 1 : 2) }
            var marker = list.start.map { "\($0 &+ index). " } ?? "• "
            if let isChecked = item.isChecked {
                marker = (list.start == nil ? "" : marker) + (isChecked ? "☑ " : "☐ ")
            }
            builder.append(marker)
            builder.indent(by: String(repeating: " ", count: min(marker.count, 3)))
            blocks(item.blocks, isTight: list.isTight)
            builder.unindent()
        }
    }

    /// Columns aligned in a preformatted block, narrow enough for a telephone held sideways.
    private mutating func table(_ table: MarkdownTable) {
        let lines = MarkdownStyler(width: Self.tableWidth).table(table, width: Self.tableWidth)
        builder.preformatted(lines.map(\.plain).joined(separator: "\n"), language: nil)
    }

    private static let tableWidth = 64

    // MARK: Inlines

    private mutating func inlines(_ inlines: [MarkdownInline], _ style: TelegramTextBuilder.Style) {
        for inline in inlines { self.inline(inline, style) }
    }

    private mutating func inline(_ inline: MarkdownInline, _ style: TelegramTextBuilder.Style) {
        switch inline {
        case .text(let text): builder.append(text, style)
        case .code(let code): builder.append(code, style.with(\.isCode))
        case .emphasis(let inner): inlines(inner, style.with(\.isItalic))
        case .strong(let inner): inlines(inner, style.with(\.isBold))
        case .strikethrough(let inner): inlines(inner, style.with(\.isStruck))
        case .link(let destination, let title, let inner): link(destination, title, inner, style)
        case .image(let source, let title, let inner): link(source, title, inner, style)
        case .html(let html): builder.append(html, style)
        case .softBreak, .hardBreak: builder.breakLine()
        }
    }

    private mutating func link(
        _ address: String, _ title: String?, _ inner: [MarkdownInline], _ style: TelegramTextBuilder.Style
    ) {
        let start = builder.mark()
        var linked = style
        let isLink = style.link == nil && links < Self.mostLinks && TelegramLink.isAccepted(address)
        if isLink {
            links += 1
            linked.link = address
        }
        inlines(inner, linked)
        let words = builder.text(from: start)
        if words.allSatisfy(\.isWhitespace) {
            builder.append(address, linked)
        } else if !isLink, !Self.isShown(address, by: words) {
            builder.append(" (\(address))", style)
        }
        if let title { builder.append(" “\(title)”", style) }
    }

    private static func isShown(_ address: String, by words: Substring) -> Bool {
        ["", "mailto:", "http://"].contains { address == $0 + words } || address.isEmpty
    }

    /// Leaves room for other entities; further addresses are shown as text.
    private static let mostLinks = 70
}

/// Which addresses the Bot API takes for links.
enum TelegramLink {
    /// Whether it is `http` or `https` with a host that has a dot, in plain ASCII. The server is stricter than browsers,
    /// and it refuses the whole message.
    static func isAccepted(_ address: String) -> Bool {
        guard address.utf8.count <= 2000, address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        let lower = address.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return false }
        let authority = lower.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, parts.count <= 2 else { return false }
        if parts.count == 2 {
            guard let port = UInt16(parts[1]), port > 0 else { return false }
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && labels.allSatisfy(isLabel)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        guard (1...63).contains(label.utf8.count), label.first != "-", label.last != "-" else { return false }
        return label.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D }
    }
}
