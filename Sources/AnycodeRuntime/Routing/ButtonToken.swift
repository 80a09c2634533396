import AnycodeCore

/// Tokens that buttons carry: at most 64 bytes, random at their root, so that nobody can guess or forge one.
enum ButtonToken {
    static func ask(_ ask: Ask, _ number: Int) -> String { "\(ask.token).\(number)" }
    static func ask(_ ask: Ask, field: Int, _ number: Int) -> String { "\(ask.token).\(field).\(number)" }
    static func cancel(_ header: SessionHeader) -> String { "\(header.token).cancel" }
    static func diff(_ root: String) -> String { "\(root).diff" }
}

/// What a stored button does.
package enum ButtonAction: Hashable, Sendable, Codable {
    case answer(option: Int)
    case field(Int, button: Int)
    case cancelSession
    case showDiff
}
