import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Counts what maskers replace.
package final class MaskTally: Sendable {
    private let count = Atomic<Int>(0)

    package init() {}

    /// How many secrets were replaced since the last call.
    package func take() -> Int { count.exchange(0, ordering: .relaxed) }

    fileprivate func add(_ number: Int) { count.add(number, ordering: .relaxed) }
}

/// Finds secrets in text and bytes: known values, also as base64 and URL-encoded, and well-known shapes of tokens.
package struct SecretMasker: Sendable {
    /// What stands where a secret stood.
    package static let mask = "[secret]"

    private let values: [[UInt8]]
    /// First byte → the values that begin with it, by index.
    private let valuesByFirst: [[Int]]
    private let longest: Int
    private var tally: MaskTally?

    /// - Parameter secrets: values shorter than eight bytes are too common to be searched for.
    package init(secrets: [Secret]) {
        var found: Set<[UInt8]> = []
        for secret in secrets {
            let value = Array(secret.reveal().utf8)
            guard value.count >= 8 else { continue }
            found.formUnion(Self.variants(of: value))
        }
        values = found.sorted { $0.count > $1.count }
        var table = [[Int]](repeating: [], count: 256)
        for (index, value) in values.enumerated() { table[Int(value[0])].append(index) }
        valuesByFirst = table
        longest = values.first?.count ?? 0
    }

    /// The same, counting every secret that it replaces.
    package func counting(in tally: MaskTally) -> SecretMasker {
        var masker = self
        masker.tally = tally
        return masker
    }

    /// The text with every secret replaced.
    package func masked(_ text: String) -> String {
        var text = text
        let places = text.withUTF8 { self.places(in: $0) }
        guard !places.isEmpty else { return text }
        tally?.add(places.count)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        for place in places {
            result += bytes[position..<place.lowerBound]
            result += Self.mask.utf8
            position = place.upperBound
        }
        result += bytes[position...]
        return String(decoding: result, as: UTF8.self)
    }

    /// The same; a known value that the text breaks off in is masked too, from eight bytes of it on.
    package func maskedToItsEnd(_ text: String) -> String {
        var bytes = Array(masked(text).utf8)
        let first = max(0, bytes.count - longest)
        let place = (first..<bytes.count).first { place in
            let left = bytes.count - place
            return left >= Self.leastTold
                && valuesByFirst[Int(bytes[place])].contains { index in
                    values[index].count > left && zip(bytes[place...], values[index]).allSatisfy(==)
                }
        }
        guard let place else { return String(decoding: bytes, as: UTF8.self) }
        tally?.add(1)
        bytes.replaceSubrange(place..., with: Self.mask.utf8)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Of a secret that is broken off, this many bytes tell something.
    private static let leastTold = 8

    /// Whether there is a secret in it.
    package func finds(in bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { !self.places(in: $0).isEmpty }
    }

    /// Whether the text's end may be the beginning of a secret that the next piece completes.
    package func mayContinue(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            let first = max(0, bytes.count - max(longest, Self.longestShape))
            return (first..<bytes.count).contains { self.mayContinue(bytes, at: $0) }
        }
    }

    // MARK: Search

    private func places(in bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var places: [Range<Int>] = []
        var position = 0
        while position < bytes.count {
            if let length = match(bytes, at: position) {
                places.append(position..<(position + length))
                position += length
            } else {
                position += 1
            }
        }
        return places
    }

    private func match(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Int? {
        let first = Int(bytes[position])
        for index in valuesByFirst[first] where Self.begins(bytes, at: position, with: values[index]) {
            return values[index].count
        }
        for index in TokenShape.byFirst[first] {
            if let length = TokenShape.all[index].match(bytes, at: position) { return length }
        }
        return nil
    }

    private func mayContinue(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        let first = Int(bytes[position])
        let left = bytes.count - position
        for index in valuesByFirst[first] where values[index].count > left {
            if zip(bytes[position...], values[index]).allSatisfy(==) { return true }
        }
        return TokenShape.byFirst[first].contains { TokenShape.all[$0].mayContinue(bytes, at: position) }
    }

    private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int, with value: [UInt8]) -> Bool {
        guard bytes.count - position >= value.count else { return false }
        for offset in value.indices where bytes[position + offset] != value[offset] { return false }
        return true
    }

    /// The longest token of a known shape that is waited for, in bytes.
    private static let longestShape = 256

    // MARK: Encodings

    private static func variants(of value: [UInt8]) -> [[UInt8]] {
        let base64 = Data(value).base64EncodedString()
        let bare = String(base64.prefix { $0 != "=" })
        let forURLs = String(bare.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
        return [value, Array(bare.utf8), Array(forURLs.utf8), percentEncoded(value)]
    }

    private static func percentEncoded(_ value: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return value.flatMap { byte -> [UInt8] in
            TokenShape.isAlphanumeric(byte) || "-._~".utf8.contains(byte)
                ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}

/// What tokens of a well-known issuer look like: a prefix, then so many characters of a kind.
struct TokenShape: Sendable {
    let prefix: [UInt8]
    /// How many characters must follow the prefix at least.
    let least: Int
    /// Whether it counts only at a word's beginning, because words may end with the prefix (`task-`).
    let beginsWord: Bool

    private init(_ prefix: String, _ least: Int, beginsWord: Bool = false) {
        self.prefix = Array(prefix.utf8)
        self.least = least
        self.beginsWord = beginsWord
    }

    /// GitHub, GitLab, Anthropic, OpenAI, Slack, AWS and Google, as their own secret scanning patterns have them.
    static let all = [
        TokenShape("ghp_", 36), TokenShape("gho_", 36), TokenShape("ghu_", 36), TokenShape("ghs_", 36),
        TokenShape("ghr_", 36), TokenShape("github_pat_", 40), TokenShape("glpat-", 20), TokenShape("sk-ant-", 24),
        TokenShape("sk-proj-", 24), TokenShape("sk-", 32, beginsWord: true), TokenShape("xoxb-", 20),
        TokenShape("xoxp-", 20),
        TokenShape("xapp-", 20), TokenShape("AKIA", 16, beginsWord: true),
        TokenShape("ASIA", 16, beginsWord: true), TokenShape("AIza", 35, beginsWord: true),
    ]

    static let byFirst: [[Int]] = {
        var table = [[Int]](repeating: [], count: 256)
        for (index, shape) in all.enumerated() { table[Int(shape.prefix[0])].append(index) }
        return table
    }()

    /// The token's length in bytes, if one begins there.
    func match(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Int? {
        guard mayBegin(bytes, position), bytes.count - position >= prefix.count + least else { return nil }
        for offset in prefix.indices where bytes[position + offset] != prefix[offset] { return nil }
        var end = position + prefix.count
        while end < bytes.count, Self.isTokenCharacter(bytes[end]) { end += 1 }
        return end - position >= prefix.count + least ? end - position : nil
    }

    /// Whether all from there to the end fits the shape so far.
    func mayContinue(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
        guard mayBegin(bytes, position) else { return false }
        let left = bytes.count - position
        for offset in 0..<min(left, prefix.count) where bytes[position + offset] != prefix[offset] { return false }
        guard left > prefix.count else { return true }
        return bytes[(position + prefix.count)...].allSatisfy(Self.isTokenCharacter)
    }

    private func mayBegin(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
        !beginsWord || position == 0 || !Self.isAlphanumeric(bytes[position - 1])
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}
