/// Finds what the TOML parser does not survive.
///
/// toml++ 3.4 asserts, instead of refusing in words, that the first character behind `[` can begin a key, that a
/// list is not closed by `}`, and in several places that a date or time is whole; no key takes one.
struct TOMLGuard {
    struct Finding: Equatable {
        /// Counted from 1.
        var line: Int
        var message: String
    }

    private var rest: Substring.UTF8View
    private var line = 1

    /// The first such place; the text up to there may have other flaws.
    static func find(in text: String) -> Finding? {
        var guarding = TOMLGuard(rest: text[...].utf8)
        if guarding.rest.starts(with: [0xEF, 0xBB, 0xBF]) { guarding.rest = guarding.rest.dropFirst(3) }
        return guarding.find()
    }

    private mutating func find() -> Finding? {
        while true {
            skip { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
            guard let first = rest.first else { return nil }
            if first == UInt8(ascii: "["), !headerIsReadable() {
                return Finding(line: line, message: "a table header begins with a name, as in [session]")
            }
            if first == UInt8(ascii: "[") {
                skip { $0 != 0x0A }
            } else if let message = skipStatement() {
                return Finding(line: line, message: message)
            }
        }
    }

    private func headerIsReadable() -> Bool {
        var header = rest.dropFirst()
        header = header.drop { $0 == 0x20 || $0 == 0x09 }
        if header.first == UInt8(ascii: "[") { header = header.dropFirst().drop { $0 == 0x20 || $0 == 0x09 } }
        switch header.first {
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "\""), UInt8(ascii: "'"): return true
        // The parser refuses these in words.
        case nil, UInt8(ascii: "]"): return true
        case let byte?: return Self.isDigit(byte) || (0x61...0x7A).contains(byte | 0x20)
        }
    }

    /// Up to the next line that is not inside a value; says what there is on the way that the parser does not survive.
    private mutating func skipStatement() -> String? {
        var open: [UInt8] = []
        var isValue = false
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "#"): skip { $0 != 0x0A }
            case UInt8(ascii: "\""), UInt8(ascii: "'"): skipString(byte)
            case _ where Self.isDigit(byte):
                let word = takeWord()
                if isValue, Self.mayBeDate(word) {
                    return "no key takes a date or time; put it in quotes if it is a text"
                }
            default:
                switch byte {
                case UInt8(ascii: "="): isValue = true
                case UInt8(ascii: "["), UInt8(ascii: "{"): open.append(byte)
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    // `[` and `{` come two before `]` and `}`.
                    if let last = open.popLast(), last + 2 != byte { return "a list or table that is not closed" }
                default: break
                }
                take()
                if byte == 0x0A, open.isEmpty { return nil }
            }
        }
        return nil
    }

    /// Whether a value that begins with a digit is none of the numbers: a `:` in it, or a `-` that begins no exponent.
    private static func mayBeDate(_ word: [UInt8]) -> Bool {
        zip(word, word.dropFirst()).contains { before, byte in
            byte == UInt8(ascii: ":") || byte == UInt8(ascii: "-") && before | 0x20 != UInt8(ascii: "e")
        }
    }

    private mutating func takeWord() -> [UInt8] {
        let word = Array(rest.prefix { Self.isWordByte($0) })
        rest = rest.dropFirst(word.count)
        return word
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) || "_-+.:".utf8.contains(byte)
    }

    private mutating func skipString(_ quote: UInt8) {
        let three = [quote, quote, quote]
        let isLong = rest.starts(with: three)
        for _ in 0..<(isLong ? 3 : 1) { take() }
        while let byte = rest.first {
            if byte == 0x5C, quote == UInt8(ascii: "\"") {
                take()
                if !rest.isEmpty { take() }
            } else if isLong, rest.starts(with: three) {
                while rest.first == quote { take() }
                return
            } else if !isLong, byte == quote || byte == 0x0A {
                if byte == quote { take() }
                return
            } else {
                take()
            }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private mutating func skip(while matches: (UInt8) -> Bool) {
        while let byte = rest.first, matches(byte) { take() }
    }

    private mutating func take() {
        if rest.removeFirst() == 0x0A { line += 1 }
    }
}
