#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Section {
    /// The address of a remote API, without a slash at its end.
    func baseURL(_ key: String, default defaultValue: String) -> String {
        let text = string(key, default: defaultValue)
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty,
            ["http", "https"].contains(parts.scheme), parts.query == nil, parts.fragment == nil, parts.user == nil
        else {
            report(
                .badValue, key, "must be an address such as \"\(defaultValue)\"",
                hint: "http or https, with a host, without user, query or fragment")
            return defaultValue
        }
        if parts.scheme == "http", !Self.loopback.contains(host) {
            warn(.caution, key, "plain http: the token crosses the network unprotected", hint: "use https")
        }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }

    private static let loopback: Set<String> = ["127.0.0.1", "localhost", "[::1]", "::1"]
}
