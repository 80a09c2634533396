/// Cuts a stream of bytes into lines.
struct InputLines: Sendable {
    private var pending: [UInt8] = []

    /// The longest line, in bytes; a longer one is cut.
    private static let longest = 1 << 20

    /// Adds bytes; returns the lines they complete, without their ends.
    mutating func add(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || pending.count >= Self.longest { lines.append(take()) }
            if byte != UInt8(ascii: "\n") { pending.append(byte) }
        }
        return lines
    }

    /// The line that the end of input leaves, if any.
    mutating func finish() -> String? {
        pending.isEmpty ? nil : take()
    }

    private mutating func take() -> String {
        defer { pending = [] }
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        return String(decoding: pending, as: UTF8.self)
    }
}
