/// The way from a supervisor down to a node of its tree: `sessions/ab12/stream`.
///
/// The supervisor it starts from is not part of it. In text, a `/` inside an id is written `%2F` and a `%` is `%25`.
public struct NodePath: Sendable, Hashable, CustomStringConvertible, LosslessStringConvertible,
    ExpressibleByStringLiteral
{
    /// The ids on the way, outermost first. Empty for the supervisor itself.
    public var components: [String]

    /// Makes a path from ids.
    public init(_ components: [String]) {
        self.components = components
    }

    /// Reads a path; leading, trailing and doubled slashes do not matter.
    public init(_ description: String) {
        components = description.split(separator: "/").map { NodePath.unescaped($0) }
    }

    /// Reads a path.
    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// The path of a node one level further down.
    public func appending(_ id: String) -> NodePath {
        NodePath(components + [id])
    }

    /// The path as text.
    public var description: String {
        components.map { NodePath.escaped($0) }.joined(separator: "/")
    }

    private static func escaped(_ id: String) -> String {
        guard id.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") }) else { return id }
        return id.reduce(into: "") { text, character in
            switch character {
            case "/": text += "%2F"
            case "%": text += "%25"
            default: text.append(character)
            }
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var result = ""
        var rest = text
        while let character = rest.first {
            if rest.hasPrefix("%2F") || rest.hasPrefix("%2f") {
                result += "/"
                rest.removeFirst(3)
            } else if rest.hasPrefix("%25") {
                result += "%"
                rest.removeFirst(3)
            } else {
                result.append(character)
                rest.removeFirst()
            }
        }
        return result
    }
}
