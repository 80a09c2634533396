import HTTPTransport

/// One call of the Engine's API.
struct EngineCall: Sendable {
    var method: HTTPMethod
    /// Without the version: `/containers/json`; names in it are made of unreserved characters.
    var path: String
    var query: [(name: String, value: String)] = []
    var body: HTTPRequestBody = .none
    var contentType = "application/json"
    /// `nil`: a stream without an end.
    var timeout: Duration? = .seconds(60)

    init(_ method: HTTPMethod, _ path: String, _ query: KeyValuePairs<String, String> = [:]) {
        self.method = method
        self.path = path
        self.query = query.map { ($0.key, $0.value) }
    }

    /// Path and query, percent-encoded.
    var target: String {
        guard !query.isEmpty else { return Self.encode(path, keeping: "/:@") }
        let pairs = query.map { "\($0.name)=\(Self.encode($0.value, keeping: ""))" }
        return "\(Self.encode(path, keeping: "/:@"))?\(pairs.joined(separator: "&"))"
    }

    static func encode(_ text: String, keeping kept: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let character = Character(UnicodeScalar(byte))
            if byte < 0x80,
                character.isLetter || character.isNumber || "-._~".contains(character) || kept.contains(character)
            {
                result.append(character)
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return result
    }
}
