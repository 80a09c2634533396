/// Splits a stream into lines, each a JSON value.
struct JSONLines: Sendable {
    /// Longer lines are dropped: no message of the Engine has that size.
    private let limit = 1 << 20
    private var line: [UInt8] = []
    private var isDropping = false

    mutating func receive(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<end])
            if !isDropping, line.contains(where: { $0 > 0x20 }) { lines.append(line) }
            (line, isDropping) = ([], false)
            rest = rest[(end + 1)...]
        }
        append(rest)
        return lines
    }

    /// What came after the last line's end.
    mutating func finish() -> [UInt8]? {
        defer { (line, isDropping) = ([], false) }
        return isDropping || !line.contains { $0 > 0x20 } ? nil : line
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        if isDropping { return }
        guard line.count + bytes.count <= limit else {
            (line, isDropping) = ([], true)
            return
        }
        line += bytes
    }
}
