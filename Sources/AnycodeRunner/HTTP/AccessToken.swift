/// The bearer token that every request has to show.
package struct AccessToken: Sendable {
    private let bytes: [UInt8]

    /// Nil for an empty token or one that cannot stand in a header.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        bytes = Array(text.utf8)
    }

    /// Compares in a time that depends on the length of what was shown only.
    func matches(authorization header: String?) -> Bool {
        let prefix = "bearer "
        guard let header, header.lowercased().hasPrefix(prefix) else { return false }
        let shown = Array(header.utf8.dropFirst(prefix.utf8.count))
        var difference = shown.count ^ bytes.count
        for (index, byte) in shown.enumerated() { difference |= Int(byte ^ bytes[index % bytes.count]) }
        return difference == 0
    }
}
