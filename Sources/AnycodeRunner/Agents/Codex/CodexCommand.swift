/// Command lines as the program writes them: `/bin/bash -lc '…'`.
enum CodexCommand {
    /// The script inside a shell's call, else the line itself.
    static func unwrapped(_ line: String) -> String {
        guard let words = words(line), words.count == 3, words[0].hasSuffix("sh"), words[1] == "-lc" || words[1] == "-c"
        else { return line }
        return words[2]
    }

    /// Words of a line in POSIX quoting; nil when a quote is left open.
    private static func words(_ line: String) -> [String]? {
        enum Quote { case none, single, double }
        var words: [String] = []
        var word: String?
        var quote = Quote.none
        var scalars = line.unicodeScalars.makeIterator()
        func add(_ scalar: Unicode.Scalar) { word = (word ?? "") + String(Character(scalar)) }
        while let scalar = scalars.next() {
            switch (quote, scalar) {
            case (.none, "'"): (quote, word) = (.single, word ?? "")
            case (.none, "\""): (quote, word) = (.double, word ?? "")
            case (.single, "'"), (.double, "\""): quote = .none
            case (.none, " "), (.none, "\t"), (.none, "\n"):
                if let done = word { words.append(done) }
                word = nil
            case (.none, "\\"):
                guard let next = scalars.next() else { return nil }
                add(next)
            case (.double, "\\"):
                guard let next = scalars.next() else { return nil }
                if !["\"", "\\", "$", "`"].contains(next) { add("\\") }
                add(next)
            default: add(scalar)
            }
        }
        guard quote == .none else { return nil }
        return words + (word.map { [$0] } ?? [])
    }
}
