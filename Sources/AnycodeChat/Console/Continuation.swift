/// What to print of changed text whose beginning cannot be rewritten.
enum Continuation {
    /// The rows of `full` that continue `shown`, which stands unchangeable above.
    ///
    /// Rows that changed above are passed over. A last row that only grew is continued behind an ellipsis.
    static func rows(of full: [StyledLine], after shown: [StyledLine]) -> [StyledLine] {
        let texts = full.map(\.plain)
        let (anchor, matched) = anchor(texts, shown.map(\.plain))
        var rest = Array(full.dropFirst(anchor))
        if matched < shown.count, let first = rest.first {
            let said = shown[matched].plain
            if !said.isEmpty, first.plain.hasPrefix(said) {
                rest[0] = StyledLine("…", .dim) + first.dropping(said.count)
            } else {
                rest = withoutRepetitions(rest, replacing: shown[matched...])
            }
        }
        return Array(rest.drop(while: \.isBlank))
    }

    /// Drops rows at the start that say what they replace, but for digits and signs.
    private static func withoutRepetitions(
        _ rows: [StyledLine], replacing shown: ArraySlice<StyledLine>
    ) -> [StyledLine] {
        let known = Set(shown.map { essence($0.plain) })
        let repeated = rows.prefix(shown.count).prefix { known.contains(essence($0.plain)) }.count
        return Array(rows.dropFirst(repeated))
    }

    /// Where in `full` the shown text ends, and how many of its rows lie before that place.
    private static func anchor(_ full: [String], _ shown: [String]) -> (index: Int, matched: Int) {
        let common = zip(full, shown).prefix { $0 == $1 }.count
        if common == shown.count { return (common, common) }
        for place in shown.indices.reversed().prefix(64) where place >= common && !shown[place].isEmpty {
            let found = full.indices.filter { $0 >= common && full[$0] == shown[place] }
                .min { abs($0 - place) < abs($1 - place) }
            if let found { return (found + 1, place + 1) }
        }
        return (common, common)
    }

    /// The first row that says something `shown` does not; `nil` when only digits or signs changed.
    static func news(in full: [StyledLine], beyond shown: [StyledLine]) -> StyledLine? {
        let known = Set(shown.map { essence($0.plain) })
        return full.first { !essence($0.plain).isEmpty && !known.contains(essence($0.plain)) }
    }

    /// The letters of a line: what remains when clocks, counters and spinners are left out.
    static func essence(_ line: String) -> String {
        String(line.filter(\.isLetter))
    }
}
