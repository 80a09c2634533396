extension TelegramText {
    /// Cuts the text into messages that fit, between lines or words where it can.
    ///
    /// No grapheme is cut unless it alone is too long, and no entity unless it leaves no other place; then both parts
    /// keep the formatting. White space at a cut goes. Nothing else is lost.
    /// - Parameter limit: UTF-16 units, at least 2.
    func pieces(limit: Int) -> [TelegramText] {
        guard units > limit else { return text.isEmpty ? [] : [self] }
        let cutter = TelegramCutter(self, limit: max(limit, 2))
        return cutter.ranges().compactMap(cutter.piece)
    }
}

/// Finds the places to cut at.
private struct TelegramCutter {
    private enum Mark {
        case none, space, line, paragraph
    }

    private let source: TelegramText
    private let limit: Int
    private let units: [UInt16]
    /// Where graphemes end, ascending, and what ends there.
    private var boundaries: [(place: Int, mark: Mark)] = []

    init(_ source: TelegramText, limit: Int) {
        self.source = source
        self.limit = limit
        units = Array(source.text.utf16)
        var place = 0
        var previous = Mark.none
        for character in source.text {
            place += character.utf16.count
            let mark: Mark =
                if character.isNewline {
                    previous == .line || previous == .paragraph ? .paragraph : .line
                } else {
                    character.isWhitespace ? .space : .none
                }
            boundaries.append((place, mark))
            previous = mark
        }
    }

    func ranges() -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0
        var next = 0
        while start < units.count {
            guard units.count - start > limit else {
                result.append(start..<units.count)
                break
            }
            while next < boundaries.count, boundaries[next].place <= start { next += 1 }
            let end = cut(from: start, firstBoundary: next)
            result.append(start..<end)
            start = end
        }
        return result
    }

    private func cut(from start: Int, firstBoundary: Int) -> Int {
        var best: (score: Int, place: Int)?
        var index = firstBoundary
        while index < boundaries.count, boundaries[index].place <= start + limit {
            let (place, mark) = boundaries[index]
            let score = place < start + limit / 2 ? -1 : score(mark, isInside: isInsideEntity(place))
            if score >= best?.score ?? -1 { best = (score, place) }
            index += 1
        }
        if let best { return best.place }
        let end = start + limit
        return UTF16.isTrailSurrogate(units[end]) ? end - 1 : end
    }

    private func score(_ mark: Mark, isInside: Bool) -> Int {
        switch (mark, isInside) {
        case (.paragraph, false): 6
        case (.line, false): 5
        case (.space, false): 4
        case (.none, false): 3
        case (.paragraph, true), (.line, true): 2
        case (.space, true): 1
        case (.none, true): 0
        }
    }

    private func isInsideEntity(_ place: Int) -> Bool {
        source.entities.contains { $0.offset < place && place < $0.end }
    }

    /// The text of a range without line breaks before and white space behind; `nil` when nothing remains.
    func piece(_ range: Range<Int>) -> TelegramText? {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, units[start] == 0x0A { start += 1 }
        while start < end, units[end - 1] == 0x0A || units[end - 1] == 0x20 { end -= 1 }
        guard start < end else { return nil }
        let text = String(decoding: units[start..<end], as: UTF16.self)
        let entities = source.entities.compactMap { entity -> TelegramEntity? in
            let from = max(entity.offset, start)
            let to = min(entity.end, end)
            return from < to ? TelegramEntity(kind: entity.kind, offset: from - start, length: to - from) : nil
        }
        return TelegramText(text, entities: entities)
    }
}
