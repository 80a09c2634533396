/// Makes text from outside harmless for a terminal.
enum TerminalText {
    /// Replaces everything a terminal might obey or reorder; keeps line breaks, widens tabs.
    ///
    /// Control characters become their pictures (`␛`), bidirectional overrides and the like `�`.
    static func neutralised(_ text: String) -> String {
        if text.utf8.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x0A }) { return text }
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: if previous != "\r" { result.append("\n") }
            case 0x0D: result.append("\n")
            case 0x09: result.append(contentsOf: "    ".unicodeScalars)
            case 0x00..<0x20: result.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}")
            case 0x7F: result.append("\u{2421}")
            case 0x80...0x9F, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB:
                result.append("\u{FFFD}")
            case 0x2028, 0x2029: result.append("\n")
            default: result.append(scalar)
            }
            previous = scalar
        }
        return String(result)
    }

    /// As `neutralised`, on one line.
    static func line(_ text: String) -> String {
        let safe = neutralised(text)
        return safe.contains(where: \.isNewline) ? String(safe.map { $0.isNewline ? " " : $0 }) : safe
    }
}
