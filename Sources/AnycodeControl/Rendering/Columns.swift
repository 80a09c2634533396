/// Columns that a text takes on a terminal: East Asian wide characters and emoji take two, marks none.
func columns(of text: String) -> Int {
    text.reduce(0) { $0 + columns(of: $1) }
}

private func columns(of character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    let isEmoji =
        first.properties.isEmojiPresentation || character.unicodeScalars.contains { $0.value == 0xFE0F }
    return isEmoji || isWide(first.value) ? 2 : 1
}

private func isWide(_ value: UInt32) -> Bool {
    // Ranges of Unicode's EastAsianWidth.txt with W or F, joined where gaps hold nothing narrow.
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
        0x17000...0x18CFF, 0x1B000...0x1B2FF, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
        0x20000...0x3FFFD:
        true
    default: false
    }
}

/// The longest beginning of a text that fits.
func prefix(of text: String, columns limit: Int) -> String {
    var used = 0
    let end = text.firstIndex { character in
        used += columns(of: character)
        return used > limit
    }
    return String(text[..<(end ?? text.endIndex)])
}

/// A text filled with spaces to a width.
func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - columns(of: text)))
}

/// A text in lines of at most so many columns, cut between words where there are some.
func wrapped(_ text: String, to width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
        if !line.isEmpty, columns(of: line) + 1 + columns(of: String(word)) > width {
            lines.append(line)
            line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
        while columns(of: line) > width {
            let head = prefix(of: line, columns: width)
            guard !head.isEmpty else { break }
            lines.append(head)
            line = String(line.dropFirst(head.count))
        }
    }
    return lines + [line]
}

/// A text without what could steer the terminal or fake its content: prompts and titles come from anywhere.
func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x0A, 0x0D, 0x09, 0x2028, 0x2029: result.append(" ")
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: result.append("\u{FFFD}")
        default: result.append(scalar)
        }
    }
    return String(result)
}
