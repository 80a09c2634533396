/// A position in a TOML text, with the moves that finding keys needs.
struct TOMLCursor {
    private let scalars: [Unicode.Scalar]
    private(set) var position = 0
    private(set) var line = 1

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// Compared by scalar: a combining mark behind a quote must not hide the quote.
    var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func advance() {
        guard let next = peek else { return }
        if next == "\n" { line += 1 }
        position += 1
    }

    /// Steps over the character if it comes next.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        advance()
        return true
    }

    mutating func skipSpaces() {
        while let next = peek, next == " " || next == "\t" { advance() }
    }

    /// Steps over spaces, line ends and comments.
    mutating func skipBlank() {
        while let next = peek {
            if next == "#" {
                skip { $0 != "\n" }
            } else if next == " " || next == "\t" || next == "\n" || next == "\r" {
                advance()
            } else {
                return
            }
        }
    }

    /// Steps over a number, boolean or date.
    mutating func skipBare() {
        skip { $0 != "\n" && $0 != "," && $0 != "]" && $0 != "}" && $0 != "#" }
    }

    /// Reads `a.b."c d"`, with spaces allowed around the dots.
    mutating func takeKeyPath() -> [String] {
        var keys: [String] = []
        repeat {
            skipSpaces()
            guard let key = takeKey() else { break }
            keys.append(key)
            skipSpaces()
        } while take(".")
        return keys
    }

    private mutating func takeKey() -> String? {
        guard let next = peek else { return nil }
        if next == "\"" || next == "'" { return takeString() }
        let start = position
        skip { $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_" || $0 == "-" }
        return position > start ? text(start..<position) : nil
    }

    /// Steps over a string of any of the four forms.
    mutating func skipString() {
        _ = takeString()
    }

    private mutating func takeString() -> String {
        guard let quote = peek else { return "" }
        let isLong = scalars[position...].prefix(3).elementsEqual([quote, quote, quote])
        for _ in 0..<(isLong ? 3 : 1) { advance() }
        var text = ""
        while let next = peek {
            if next == quote {
                let run = scalars[position...].prefix { $0 == quote }.count
                guard isLong else {
                    advance()
                    return text
                }
                for _ in 0..<run { advance() }
                if run >= 3 { return text }
                text.unicodeScalars.append(contentsOf: repeatElement(quote, count: run))
            } else if next == "\\" && quote == "\"" {
                text += takeEscape()
            } else if next == "\n" && !isLong {
                return text
            } else {
                text.unicodeScalars.append(next)
                advance()
            }
        }
        return text
    }

    private mutating func takeEscape() -> String {
        advance()
        guard let code = peek else { return "" }
        advance()
        switch code {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "u": return takeScalar(digits: 4)
        case "U": return takeScalar(digits: 8)
        default: return String(code)
        }
    }

    private mutating func takeScalar(digits: Int) -> String {
        let start = position
        while position < min(start + digits, scalars.count) { advance() }
        return UInt32(text(start..<position), radix: 16).flatMap(Unicode.Scalar.init).map { String(Character($0)) }
            ?? ""
    }

    private func text(_ range: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[range])
        return text
    }

    private mutating func skip(while condition: (Unicode.Scalar) -> Bool) {
        while let next = peek, condition(next) { advance() }
    }
}
