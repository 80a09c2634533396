/// Collects text in runs of one style and knows where it is.
struct TelegramTextBuilder {
    /// How a run looks. Code has no other style but a link's: the Bot API allows none.
    struct Style: Hashable {
        var isBold = false
        var isItalic = false
        var isUnderlined = false
        var isStruck = false
        var isCode = false
        var link: String?

        /// The entities that may lie within each other.
        var kinds: [TelegramEntity.Kind] {
            guard !isCode || link != nil else { return [] }
            return [
                isBold ? .bold : nil, isStruck ? .strikethrough : nil, isItalic ? .italic : nil,
                isUnderlined ? .underline : nil,
            ].compactMap(\.self)
        }

        func with(_ path: WritableKeyPath<Style, Bool>) -> Style {
            var style = self
            style[keyPath: path] = true
            return style
        }
    }

    /// A place in the text.
    struct Mark: Hashable {
        fileprivate let units: Int
        fileprivate let bytes: Int
    }

    private struct Run {
        var style: Style
        var start: Int
        var end: Int
    }

    private(set) var text = ""
    private(set) var units = 0
    private var runs: [Run] = []
    private var blocks: [TelegramEntity] = []
    private var pendingBreaks = 0
    /// What continued lines begin with.
    private var prefixes: [String] = []

    // MARK: Writing

    /// Ends the line; `count` of 2 leaves one empty. Nothing happens before more text follows.
    mutating func breakLine(_ count: Int = 1) {
        pendingBreaks = max(pendingBreaks, count)
    }

    mutating func append(_ words: String, _ style: Style = Style()) {
        let safe = TerminalText.neutralised(words)
        guard !safe.isEmpty else { return }
        flush()
        for (index, line) in safe.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if index > 0 { startLine() }
            write(String(line), style)
        }
    }

    /// What further lines begin with, until `unindent`.
    mutating func indent(by prefix: String) {
        prefixes.append(prefix)
    }

    mutating func unindent() {
        prefixes.removeLast()
    }

    /// Preformatted lines; they start at the margin, so that they can be copied.
    mutating func preformatted(_ code: String, language: String?) {
        let kept = prefixes
        prefixes = []
        if !text.isEmpty, !text.hasSuffix("\n") { breakLine() }
        let start = mark()
        append(code)
        close(.pre(language: language), from: start)
        prefixes = kept
    }

    /// Where the next text will stand.
    mutating func mark() -> Mark {
        flush()
        return Mark(units: units, bytes: text.utf8.count)
    }

    /// Formats everything from a mark on as one block.
    mutating func close(_ kind: TelegramEntity.Kind, from start: Mark) {
        guard units > start.units else { return }
        blocks.append(TelegramEntity(kind: kind, offset: start.units, length: units - start.units))
    }

    func text(from mark: Mark) -> Substring {
        text[text.utf8.index(text.startIndex, offsetBy: mark.bytes)...]
    }

    private mutating func flush() {
        guard pendingBreaks > 0 else { return }
        let count = pendingBreaks
        pendingBreaks = 0
        guard units > 0 else { return }
        for _ in 1..<count { write("\n", Style()) }
        startLine()
    }

    private mutating func startLine() {
        write("\n" + prefixes.joined(), Style())
    }

    private mutating func write(_ words: String, _ style: Style) {
        guard !words.isEmpty else { return }
        let start = units
        text += words
        units += words.utf16.count
        if let last = runs.last, last.style == style, last.end == start {
            runs[runs.count - 1].end = units
        } else {
            runs.append(Run(style: style, start: start, end: units))
        }
    }

    // MARK: Result

    /// The text without white space at its end, and its entities.
    func finish() -> TelegramText {
        var kept = text
        while let last = kept.last, last.isWhitespace { kept.removeLast() }
        let limit = kept.utf16.count
        var entities = blocks + inlineEntities()
        entities = entities.compactMap { entity in
            var entity = entity
            entity.length = min(entity.end, limit) - entity.offset
            return entity.length > 0 ? entity : nil
        }
        if entities.count > TelegramText.mostEntities {
            entities.sort { ($0.kind.rank, $0.offset) < ($1.kind.rank, $1.offset) }
            entities.removeSubrange(TelegramText.mostEntities...)
        }
        entities.sort { ($0.offset, -$0.length, $0.kind.rank) < ($1.offset, -$1.length, $1.kind.rank) }
        return TelegramText(kept, entities: entities)
    }

    private func inlineEntities() -> [TelegramEntity] {
        var result = merged { $0.link.map { .link(url: $0) } }
        result += merged { $0.isCode && $0.link == nil ? .code : nil }
        return result + nested(\.kinds)
    }

    /// One entity for each stretch of neighbouring runs of the same kind.
    private func merged(_ kind: (Style) -> TelegramEntity.Kind?) -> [TelegramEntity] {
        var result: [TelegramEntity] = []
        for run in runs {
            guard let kind = kind(run.style) else { continue }
            if let last = result.last, last.kind == kind, last.end == run.start {
                result[result.count - 1].length = run.end - last.offset
            } else {
                result.append(TelegramEntity(kind: kind, offset: run.start, length: run.end - run.start))
            }
        }
        return result
    }

    /// As `merged`, for styles that may lie within each other: one that would overlap another in part is cut.
    private func nested(_ kinds: (Style) -> [TelegramEntity.Kind]) -> [TelegramEntity] {
        var result: [TelegramEntity] = []
        var open: [TelegramEntity] = []
        var link: String?
        for run in runs {
            let wanted = kinds(run.style)
            // Styles end where a link begins or ends, so that they lie within it or outside of it.
            let isNeighbour = open.first.map { $0.end == run.start } ?? false
            let kept =
                isNeighbour && run.style.link == link ? open.prefix { wanted.contains($0.kind) }.count : 0
            result += open[kept...]
            open.removeSubrange(kept...)
            for place in open.indices { open[place].length = run.end - open[place].offset }
            for kind in wanted where !open.contains(where: { $0.kind == kind }) {
                open.append(TelegramEntity(kind: kind, offset: run.start, length: run.end - run.start))
            }
            link = run.style.link
        }
        return result + open
    }
}
