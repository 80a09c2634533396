/// How a piece of terminal text looks.
struct TextStyle: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    static let bold = TextStyle(rawValue: 1)
    static let dim = TextStyle(rawValue: 1 << 1)
    static let italic = TextStyle(rawValue: 1 << 2)
    static let underline = TextStyle(rawValue: 1 << 3)
    static let strike = TextStyle(rawValue: 1 << 4)
    static let red = TextStyle(rawValue: 1 << 8)
    static let green = TextStyle(rawValue: 1 << 9)
    static let cyan = TextStyle(rawValue: 1 << 10)
    static let blue = TextStyle(rawValue: 1 << 11)

    /// The Select Graphic Rendition parameters (ECMA-48 8.3.117).
    func parameters(colour: Bool) -> [String] {
        var codes: [String] = []
        if contains(.bold) { codes.append("1") }
        if contains(.dim) { codes.append("2") }
        if contains(.italic) { codes.append("3") }
        if contains(.underline) { codes.append("4") }
        if contains(.strike) { codes.append("9") }
        guard colour else { return codes }
        if contains(.red) { codes.append("31") }
        if contains(.green) { codes.append("32") }
        if contains(.blue) { codes.append("34") }
        if contains(.cyan) { codes.append("36") }
        return codes
    }
}

/// One line of text for a terminal, without control characters.
struct StyledLine: Hashable, Sendable {
    struct Span: Hashable, Sendable {
        var text: String
        var style: TextStyle
    }

    private(set) var spans: [Span] = []

    init() {}

    init(_ text: String, _ style: TextStyle = []) {
        append(text, style)
    }

    /// Appends text that is already harmless.
    mutating func append(_ text: String, _ style: TextStyle = []) {
        guard !text.isEmpty else { return }
        if spans.last?.style == style {
            spans[spans.count - 1].text += text
        } else {
            spans.append(Span(text: text, style: style))
        }
    }

    mutating func append(_ line: StyledLine) {
        for span in line.spans { append(span.text, span.style) }
    }

    static func + (lhs: StyledLine, rhs: StyledLine) -> StyledLine {
        var result = lhs
        result.append(rhs)
        return result
    }

    var plain: String { spans.map(\.text).joined() }
    var width: Int { spans.reduce(0) { $0 + DisplayWidth.of($1.text) } }
    var isBlank: Bool { spans.allSatisfy { $0.text.allSatisfy(\.isWhitespace) } }

    /// The line with its escape sequences; ends with the style reset.
    func encoded(colour: Bool) -> String {
        spans.reduce(into: "") { result, span in
            let codes = span.style.parameters(colour: colour)
            result += codes.isEmpty ? span.text : "\u{1B}[\(codes.joined(separator: ";"))m\(span.text)\u{1B}[0m"
        }
    }

    /// The line without its first `count` characters.
    func dropping(_ count: Int) -> StyledLine {
        var left = count
        var result = StyledLine()
        for span in spans {
            let text = span.text.dropFirst(left)
            left -= span.text.count - text.count
            result.append(String(text), span.style)
        }
        return result
    }

    /// The line cut to a width, with an ellipsis where something is missing.
    func truncated(to width: Int) -> StyledLine {
        guard self.width > width else { return self }
        var result = StyledLine()
        var used = 0
        for span in spans {
            for character in span.text {
                let next = DisplayWidth.of(character)
                guard used + next <= width - 1 else {
                    result.append("…", span.style)
                    return result
                }
                used += next
                result.append(String(character), span.style)
            }
        }
        return result
    }

    func padded(to width: Int) -> StyledLine {
        let missing = width - self.width
        return missing > 0 ? self + StyledLine(String(repeating: " ", count: missing)) : self
    }
}
