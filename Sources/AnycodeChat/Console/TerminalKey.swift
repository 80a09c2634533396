/// A key, as the line editor understands it.
enum TerminalKey: Hashable, Sendable {
    case text(String)
    case paste(String)
    case enter, newline, tab
    case left, right, up, down, home, end
    case wordLeft, wordRight
    case backspace, delete
    case control(Character)
    case unknown
}

/// Turns the terminal's bytes into keys; keeps what is incomplete for the next read.
struct TerminalKeyDecoder: Sendable {
    private var pending: [UInt8] = []
    private var paste: [UInt8]?

    /// What a paste may hold, in bytes; the rest is dropped.
    private static let longestPaste = 1 << 20
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    mutating func decode(_ bytes: some Sequence<UInt8>) -> [TerminalKey] {
        pending += bytes
        var keys: [TerminalKey] = []
        while let key = next() {
            if case .text(let more) = key, case .text(let text) = keys.last {
                keys[keys.count - 1] = .text(text + more)
            } else {
                keys.append(key)
            }
        }
        return keys
    }

    private mutating func next() -> TerminalKey? {
        if paste != nil {
            guard continuePaste() else { return nil }
            defer { paste = nil }
            return .paste(String(decoding: paste ?? [], as: UTF8.self))
        }
        guard let first = pending.first else { return nil }
        switch first {
        case 0x1B: return escape()
        case 0x0D: return take(1, .enter)
        case 0x0A: return take(1, .enter)
        case 0x09: return take(1, .tab)
        case 0x7F, 0x08: return take(1, .backspace)
        case 0..<0x20: return take(1, .control(Character(Unicode.Scalar(first + 0x60))))
        default: return text(first)
        }
    }

    private mutating func take(_ count: Int, _ key: TerminalKey) -> TerminalKey {
        pending.removeFirst(min(count, pending.count))
        return key
    }

    private mutating func text(_ first: UInt8) -> TerminalKey? {
        let length =
            switch first {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        let continuation = pending.dropFirst().prefix(length - 1).prefix { $0 & 0xC0 == 0x80 }
        if 1 + continuation.count < length, pending.count == 1 + continuation.count { return nil }
        let bytes = pending.prefix(1 + continuation.count)
        return take(bytes.count, .text(String(decoding: bytes, as: UTF8.self)))
    }

    private mutating func escape() -> TerminalKey? {
        guard pending.count > 1 else { return nil }
        switch pending[1] {
        case UInt8(ascii: "["):
            guard let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
                return pending.count > 32 ? take(1, .unknown) : nil
            }
            return control(String(decoding: pending[2...end], as: UTF8.self), length: end + 1)
        case UInt8(ascii: "O"):
            guard pending.count > 2 else { return nil }
            return take(3, Self.letters[pending[2]] ?? .unknown)
        case UInt8(ascii: "b"): return take(2, .wordLeft)
        case UInt8(ascii: "f"): return take(2, .wordRight)
        case 0x0D, 0x0A: return take(2, .newline)
        case 0x7F: return take(2, .control("w"))
        case 0x1B: return take(1, .unknown)
        default: return take(2, .unknown)
        }
    }

    private mutating func control(_ sequence: String, length: Int) -> TerminalKey? {
        switch sequence {
        case "200~":
            pending.removeFirst(length)
            paste = []
            return next()
        case "1~", "7~": return take(length, .home)
        case "4~", "8~": return take(length, .end)
        case "3~": return take(length, .delete)
        case "1;5D", "1;3D": return take(length, .wordLeft)
        case "1;5C", "1;3C": return take(length, .wordRight)
        default:
            let letter = sequence.count == 1 ? sequence.utf8.first : nil
            return take(length, letter.flatMap { Self.letters[$0] } ?? .unknown)
        }
    }

    private static let letters: [UInt8: TerminalKey] = [
        UInt8(ascii: "A"): .up, UInt8(ascii: "B"): .down, UInt8(ascii: "C"): .right, UInt8(ascii: "D"): .left,
        UInt8(ascii: "H"): .home, UInt8(ascii: "F"): .end,
    ]

    /// Moves pasted bytes over; returns whether the paste has ended.
    private mutating func continuePaste() -> Bool {
        let marker = Self.pasteEnd
        var start = 0
        while start < pending.count {
            let rest = pending[start...]
            if rest.starts(with: marker) {
                pending.removeFirst(start + marker.count)
                return true
            }
            if rest.first == 0x1B, rest.count < marker.count, marker.starts(with: rest) { break }
            if (paste?.count ?? 0) < Self.longestPaste { paste?.append(pending[start]) }
            start += 1
        }
        pending.removeFirst(start)
        return false
    }
}
