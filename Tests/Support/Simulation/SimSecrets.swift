import AnycodeCore
import Foundation

/// Secrets that the agents of a simulation know and say, and the search for them in all that people and rows get to see.
enum SimSecrets {
    /// The value of the agents' environment variable `SIM_API_KEY`. Its characters differ in every encoding.
    static let key = "sim/KEY+hunter2~0123456789"
    /// Of a shape that is known although the value is not.
    static let shaped = "ghp_" + String(repeating: "a1B2", count: 9)
    private static let tokenPrefix = "runner-token-"

    /// The bearer token of a lease's runner.
    static func token(_ lease: LeaseID) -> String { tokenPrefix + lease.rawValue }

    private static let base64 = Data(key.utf8).base64EncodedString().filter { $0 != "=" }
    private static let base64ForURLs = base64.replacing("+", with: "-").replacing("/", with: "_")
    private static let percentEncoded = key.replacing("/", with: "%2F").replacing("+", with: "%2B")

    /// What an agent in this lease's sandbox may blurt out.
    static func spoken(_ lease: LeaseID) -> [String] {
        [key, base64, base64ForURLs, percentEncoded, shaped, token(lease)]
    }

    /// The text as it may be stored: each secret replaced, also one that was broken off.
    static func masked(_ text: String, _ lease: LeaseID) -> String {
        let whole = leaks(text) ? spoken(lease).reduce(text) { $0.replacing($1, with: "[secret]") } : text
        return [key, base64, base64ForURLs, percentEncoded, token(lease)].reduce(whole, withoutBeginnings)
    }

    /// The text with every part of it replaced that is eight or more characters of a secret's beginning.
    private static func withoutBeginnings(_ text: String, of secret: String) -> String {
        let least = String(secret.prefix(8))
        var (result, rest) = ("", Substring(text))
        while let place = rest.firstRange(of: least) {
            let same = zip(rest[place.lowerBound...], secret).prefix { $0 == $1 }.count
            result += rest[..<place.lowerBound] + "[secret]"
            rest = rest[place.lowerBound...].dropFirst(same)
        }
        return result + rest
    }

    private static let needles = [key, base64, base64ForURLs, percentEncoded, shaped, tokenPrefix].map {
        Array($0.utf8)
    }

    /// Whether a secret stands in the text.
    static func leaks(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { leaks($0) } }

    static func leaks(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { leaks($0) } }

    private static func leaks(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return false }
        return needles.contains { find($0, from: start, to: start + bytes.count) }
    }

    private static func find(_ needle: [UInt8], from start: UnsafeRawPointer, to end: UnsafeRawPointer) -> Bool {
        var place = start
        while end - place >= needle.count {
            guard let found = memchr(place, Int32(needle[0]), end - place - needle.count + 1) else { return false }
            if memcmp(found, needle, needle.count) == 0 { return true }
            place = UnsafeRawPointer(found) + 1
        }
        return false
    }
}
