import AnycodeJSON

/// Takes out of a transcript what belongs to a person or a machine.
struct Redaction: Sendable {
    /// Longest text that is kept, characters, with short lists to match; nil keeps all.
    var textLimit: Int?
    static let listLimit = 8
    private let replacements: [(secret: String, name: String)]

    /// Names of JSON members that hold personal data.
    private static let personal: Set<String> = [
        "account_uuid", "accountUuid", "email", "emailAddress", "organization", "organizationName", "subscriptionType",
    ]
    private static let secretWords = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "AUTH"]

    /// Values of variables that look like secrets, and the paths of `places`, are replaced by names.
    init(environment: [String: String], places: [(path: String, name: String)], textLimit: Int? = nil) {
        self.textLimit = textLimit
        var all: [(String, String)] = environment.compactMap { name, value in
            let isSecret = Self.secretWords.contains { name.uppercased().firstRange(ofText: $0) != nil }
            return isSecret && value.utf8.count >= 6 ? (value, "[\(name)]") : nil
        }
        for place in places where place.path.count > 1 {
            all.append((place.path, place.name))
            // Claude Code names its folders after paths so.
            all.append((dashed(place.path), dashed(place.name)))
        }
        // The longest first: a path below another keeps its own name.
        replacements = all.sorted { ($0.0.utf8.count, $0.0) > ($1.0.utf8.count, $1.0) }
    }

    /// A line of a transcript without what must not be in it.
    func line(_ bytes: [UInt8]) -> [UInt8] {
        guard let json = try? JSON(parsing: bytes), json.isObject else {
            return Array(text(String(decoding: bytes, as: UTF8.self)).utf8)
        }
        return value(json).bytes
    }

    private func value(_ json: JSON) -> JSON {
        switch json {
        case .string(let text): .string(self.text(text))
        case .array(let values):
            .array(values.prefix(textLimit == nil ? values.count : Self.listLimit).map(value))
        case .object(let members):
            .object(
                members.map { member in
                    let isPersonal = Self.personal.contains(member.key) && member.value != .null
                    return JSON.Member(text(member.key), isPersonal ? "[redacted]" : value(member.value))
                })
        default: json
        }
    }

    func text(_ text: String) -> String {
        var text = text
        for (secret, name) in replacements {
            var rest = text[...]
            var parts: [Substring] = []
            while let found = rest.firstRange(ofText: secret) {
                parts.append(rest[..<found.lowerBound])
                rest = rest[found.upperBound...]
            }
            guard !parts.isEmpty else { continue }
            text = (parts + [rest]).joined(separator: name)
        }
        text = Self.withoutTokens(text)
        return textLimit.map { shortened(text, $0) } ?? text
    }

    /// Well-known shapes of tokens, whatever variable they came from.
    private static func withoutTokens(_ text: String) -> String {
        let prefixes = ["sk-", "ghp_", "gho_", "github_pat_", "xoxb-", "xoxp-", "AKIA"]
        guard prefixes.contains(where: { text.firstRange(ofText: $0) != nil }) else { return text }
        let words = text.split(omittingEmptySubsequences: false) { !isTokenCharacter($0) }
        var text = text
        for word in Set(words) where word.count >= 20 && prefixes.contains(where: word.hasPrefix) {
            while let found = text.firstRange(ofText: String(word)) { text.replaceSubrange(found, with: "[token]") }
        }
        return text
    }

    private static func isTokenCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "-" || character == "_")
    }
}

private func dashed(_ path: String) -> String {
    String(path.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
}
