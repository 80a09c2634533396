/// `{"name":{"_0":"…"}}`: the JSON of an enumeration's case that holds one text, without the cost of a coder.
enum StoredText {
    private static let middle = Array("\":{\"_0\":\"".utf8)
    private static let end = Array("\"}}".utf8)

    static func bytes(_ name: StaticString, _ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + name.utf8CodeUnitCount + 16)
        bytes += "{\"".utf8
        append(name, to: &bytes)
        bytes += middle
        var text = text
        text.withUTF8 { append($0, to: &bytes) }
        bytes += end
        return bytes
    }

    /// The text, if these bytes are that case's and no escape in them needs a parser.
    static func read(_ name: StaticString, _ bytes: [UInt8]) -> String? {
        let count = name.utf8CodeUnitCount
        let start = 2 + count + middle.count
        guard bytes.count >= start + end.count, bytes[0] == UInt8(ascii: "{"), bytes[1] == UInt8(ascii: "\"") else {
            return nil
        }
        for index in 0..<count where bytes[2 + index] != name.utf8Start[index] { return nil }
        guard bytes[(2 + count)..<start].elementsEqual(middle), bytes[(bytes.count - end.count)...].elementsEqual(end)
        else { return nil }
        return unescaped(bytes[start..<(bytes.count - end.count)])
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 < 0x20 }) else {
            return String(validating: bytes, as: UTF8.self)
        }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var isEscaped = false
        for byte in bytes {
            switch (isEscaped, byte) {
            case (false, UInt8(ascii: "\\")):
                isEscaped = true
                continue
            case (false, UInt8(ascii: "\"")), (false, 0..<0x20): return nil
            case (true, UInt8(ascii: "n")): text.append(0x0A)
            case (true, UInt8(ascii: "\"")), (true, UInt8(ascii: "\\")), (true, UInt8(ascii: "/")), (false, _):
                text.append(byte)
            default: return nil
            }
            isEscaped = false
        }
        return isEscaped ? nil : String(validating: text, as: UTF8.self)
    }

    private static func append(_ name: StaticString, to bytes: inout [UInt8]) {
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Escapes as RFC 8259 asks: quotation mark, backslash, control characters.
    private static func append(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        guard text.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            bytes.append(contentsOf: text)
            return
        }
        let digits = Array("0123456789abcdef".utf8)
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes += "\\n".utf8
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
    }
}
