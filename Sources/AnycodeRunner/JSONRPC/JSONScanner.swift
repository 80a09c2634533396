/// A validating scan over one JSON text that reports where the members of the outermost object lie.
///
/// Messages pass through the runner as the bytes they came in: decoding and re-encoding would cost time for every
/// streamed word and could change numbers.
struct JSONScanner {
    enum Failure: Error { case malformed }

    /// Deeper nesting is refused, so that hostile input cannot exhaust the stack.
    static let maximumDepth = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// Calls `member` for each member of the outermost object with the ranges of its key (without quotes) and value.
    mutating func scanObject(_ member: (Range<Int>, Range<Int>) -> Void) throws(Failure) {
        skipSpace()
        try scanObject(depth: 0, member)
        skipSpace()
        guard position == bytes.count else { throw .malformed }
    }

    private mutating func scanObject(depth: Int, _ member: (Range<Int>, Range<Int>) -> Void) throws(Failure) {
        guard depth < Self.maximumDepth else { throw .malformed }
        try expect(UInt8(ascii: "{"))
        skipSpace()
        if take(UInt8(ascii: "}")) { return }
        repeat {
            skipSpace()
            let key = try scanString()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            skipSpace()
            let start = position
            try scanValue(depth: depth + 1)
            member(key, start..<position)
            skipSpace()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    private mutating func scanArray(depth: Int) throws(Failure) {
        guard depth < Self.maximumDepth else { throw .malformed }
        try expect(UInt8(ascii: "["))
        skipSpace()
        if take(UInt8(ascii: "]")) { return }
        repeat {
            skipSpace()
            try scanValue(depth: depth + 1)
            skipSpace()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    private mutating func scanValue(depth: Int) throws(Failure) {
        guard position < bytes.count else { throw .malformed }
        switch bytes[position] {
        case UInt8(ascii: "{"): try scanObject(depth: depth) { _, _ in }
        case UInt8(ascii: "["): try scanArray(depth: depth)
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "t"): try expect("true")
        case UInt8(ascii: "f"): try expect("false")
        case UInt8(ascii: "n"): try expect("null")
        default: try scanNumber()
        }
    }

    private mutating func scanString() throws(Failure) -> Range<Int> {
        try expect(UInt8(ascii: "\""))
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return start..<(position - 1)
            case UInt8(ascii: "\\"):
                try scanEscape()
            case 0..<0x20:
                throw .malformed
            default:
                position += 1
            }
        }
        throw .malformed
    }

    private mutating func scanEscape() throws(Failure) {
        guard position + 1 < bytes.count else { throw .malformed }
        switch bytes[position + 1] {
        case UInt8(ascii: "u"):
            guard position + 5 < bytes.count else { throw .malformed }
            for index in (position + 2)...(position + 5) where hexValue(bytes[index]) == nil { throw .malformed }
            position += 6
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        default:
            throw .malformed
        }
    }

    private mutating func scanNumber() throws(Failure) {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try scanDigits() }
        if take(UInt8(ascii: ".")) { try scanDigits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try scanDigits()
        }
    }

    private mutating func scanDigits() throws(Failure) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else { throw .malformed }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(Failure) {
        guard take(byte) else { throw .malformed }
    }

    private mutating func expect(_ word: StaticString) throws(Failure) {
        for index in 0..<word.utf8CodeUnitCount { try expect(word.utf8Start[index]) }
    }
}

func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
