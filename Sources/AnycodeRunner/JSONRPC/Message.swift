/// The id of a JSON-RPC request as it is written: `7` and `"7"` are different ids.
package struct MessageID: Hashable, Sendable {
    /// JSON text of the id: a number or a quoted string.
    package let json: String

    package init(json: String) {
        self.json = json
    }
}

/// One JSON-RPC message on one line, with the members the runner has to know.
package struct Message: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case request(id: MessageID, method: String)
        case notification(method: String)
        case response(id: MessageID)
    }

    package let kind: Kind
    /// The message as it came, its line breaks (white space between members) replaced by spaces.
    package let bytes: [UInt8]
    private let idRange: Range<Int>?

    /// Reads a message; nil when the text is no JSON object, not UTF-8 or no JSON-RPC message.
    package init?(_ text: [UInt8]) {
        var found = Members()
        let valid = text.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return (try? scanner.scanObject { found.note(key: $0, value: $1, in: buffer) }) != nil
        }
        guard valid, isUTF8(text), let kind = found.kind(in: text) else { return nil }
        self.kind = kind
        self.idRange = found.id
        self.bytes =
            text.contains { $0 == 0x0A || $0 == 0x0D } ? text.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 } : text
    }

    /// The same message under another id.
    package func replacingID(with id: MessageID) -> Message? {
        guard let idRange else { return nil }
        return Message(Array(bytes[..<idRange.lowerBound]) + Array(id.json.utf8) + Array(bytes[idRange.upperBound...]))
    }
}

extension Message {
    private struct Members {
        var id: Range<Int>?
        var method: Range<Int>?
        var hasOutcome = false

        mutating func note(key: Range<Int>, value: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>) {
            if Self.equal(bytes, key, "id") {
                id = value
            } else if Self.equal(bytes, key, "method") {
                method = value
            } else if Self.equal(bytes, key, "result") || Self.equal(bytes, key, "error") {
                hasOutcome = true
            }
        }

        func kind(in text: [UInt8]) -> Kind? {
            let id = self.id.flatMap { range -> MessageID? in
                let json = String(decoding: text[range], as: UTF8.self)
                guard let first = json.utf8.first, first != UInt8(ascii: "{"), first != UInt8(ascii: "[") else {
                    return nil
                }
                return json == "null" ? nil : MessageID(json: json)
            }
            if let method {
                guard method.count >= 2, text[method.lowerBound] == UInt8(ascii: "\"") else { return nil }
                let name = String(decoding: text[(method.lowerBound + 1)..<(method.upperBound - 1)], as: UTF8.self)
                return id.map { .request(id: $0, method: name) } ?? .notification(method: name)
            }
            guard hasOutcome, let id else { return nil }
            return .response(id: id)
        }

        private static func equal(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ word: StaticString)
            -> Bool
        {
            guard range.count == word.utf8CodeUnitCount else { return false }
            for index in 0..<range.count where bytes[range.lowerBound + index] != word.utf8Start[index] { return false }
            return true
        }
    }
}

private func isUTF8(_ text: [UInt8]) -> Bool {
    if text.allSatisfy({ $0 < 0x80 }) { return true }
    return String(validating: text, as: UTF8.self) != nil
}
