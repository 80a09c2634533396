/// What a tool printed, as the chat shows it below the tool's line.
enum ToolOutput {
    /// The beginning and the end of it, which matter most; plain text without what only a terminal understands.
    ///
    /// - Parameter limit: UTF-16 units.
    static func excerpt(_ text: String, limit: Int) -> String {
        // More than this is not looked at.
        let most = limit * 8
        var known = text
        if text.utf16.count > most {
            known = MarkdownSplitter.clip(text, limit: most / 2) + "\n" + end(of: text, limit: most / 2)
        }
        var lines = plain(known).split(separator: "\n", omittingEmptySubsequences: false).map(line)
        lines = unfenced(trimmed(lines))
        if lines.count > mostLines {
            let left = lines.count - mostLines
            let (first, last) = (lines.prefix(mostLines / 3), lines.suffix(mostLines - mostLines / 3))
            lines = Array(first) + ["… \(left) lines …"] + Array(last)
        }
        let words = lines.joined(separator: "\n")
        guard words.utf16.count > limit else { return words }
        return MarkdownSplitter.clip(words, limit: limit / 3) + "\n…\n" + end(of: words, limit: limit - limit / 3)
    }

    /// As a quote in which nothing is formatting.
    static func quoted(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let indent = line.prefix { $0 == " " }.count
            // White space at a line's beginning would go, or make it code.
            return "> " + String(repeating: "\u{A0}", count: indent) + escaped(line.dropFirst(indent))
        }.joined(separator: "\n")
    }

    private static let mostLines = 40

    private static func escaped(_ line: Substring) -> String {
        var result = ""
        for character in line {
            if let ascii = character.asciiValue, isPunctuation(ascii) { result += "\\" }
            result.append(character)
        }
        return result
    }

    /// What can be escaped in Markdown: all of ASCII's punctuation.
    private static func isPunctuation(_ byte: UInt8) -> Bool {
        (0x21...0x2F).contains(byte) || (0x3A...0x40).contains(byte) || (0x5B...0x60).contains(byte)
            || (0x7B...0x7E).contains(byte)
    }

    private static func end(of text: String, limit: Int) -> String {
        var units = 0
        var start = text.endIndex
        while start > text.startIndex {
            let previous = text.index(before: start)
            units += text.utf16.distance(from: previous, to: start)
            if units > limit { break }
            start = previous
        }
        return String(text[start...])
    }

    /// Without the terminal's commands (ECMA-48: CSI sequences).
    private static func plain(_ text: String) -> String {
        let text = text.replacing("\r\n", with: "\n")
        guard text.unicodeScalars.contains("\u{1B}") else { return text }
        return text.replacing(/\u{1B}\[[0-9:;<=>?]*[ -\/]*[@-~]/, with: "")
    }

    /// What a line shows in the end: progress overwrites itself.
    private static func line(_ line: Substring) -> String {
        var shown = line
        while shown.last == "\r" { shown.removeLast() }
        if let place = shown.lastIndex(of: "\r") { shown = shown[shown.index(after: place)...] }
        return String(shown).replacing("\t", with: "    ")
    }

    private static func trimmed(_ lines: [String]) -> [String] {
        var lines = lines[...]
        while let first = lines.first, first.allSatisfy(\.isWhitespace) { lines.removeFirst() }
        while let last = lines.last, last.allSatisfy(\.isWhitespace) { lines.removeLast() }
        return Array(lines)
    }

    /// Some agents wrap all of it in a code block.
    private static func unfenced(_ lines: [String]) -> [String] {
        guard lines.count >= 2, lines[0].hasPrefix("```"), lines[lines.count - 1] == "```" else { return lines }
        return trimmed(Array(lines[1..<(lines.count - 1)]))
    }
}
