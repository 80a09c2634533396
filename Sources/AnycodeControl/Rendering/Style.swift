#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How output may look where it goes.
package struct Style: Sendable, Equatable {
    package var isColoured: Bool
    /// Columns; `nil` where lines may be as long as they are.
    package var width: Int?
    /// Lines of the terminal.
    package var height: Int?

    package init(isColoured: Bool, width: Int? = nil, height: Int? = nil) {
        self.isColoured = isColoured
        self.width = width
        self.height = height
    }

    /// For files, pipes and tests.
    package static let plain = Style(isColoured: false)

    /// What standard output bears at this moment: colours and a width on terminals only, and `NO_COLOR` is obeyed.
    package static func ofOutput(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Style {
        guard isatty(STDOUT_FILENO) == 1 else { return .plain }
        var size = winsize()
        let isSized = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let wantsNone = environment["NO_COLOR"]?.isEmpty == false || environment["TERM"] == "dumb"
        return Style(
            isColoured: !wantsNone, width: isSized ? Int(size.ws_col) : 80, height: isSized ? Int(size.ws_row) : 24)
    }
}

/// A run of text in one colour.
struct Span: Equatable {
    enum Colour: String {
        case plain = ""
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    var text: String
    var colour: Colour

    init(_ text: String, _ colour: Colour = .plain) {
        self.text = printable(text)
        self.colour = colour
    }
}

extension Style {
    /// One line of spans, cut to the width.
    func line(_ spans: [Span]) -> String {
        var left = width ?? .max
        let total = spans.reduce(0) { $0 + columns(of: $1.text) }
        let mustCut = total > left
        if mustCut { left -= 1 }
        var result = ""
        for span in spans where left > 0 {
            let text = prefix(of: span.text, columns: left)
            left -= columns(of: text)
            result += paint(text, span.colour)
            // What follows a cut is gone, even if it would fit.
            if text.count < span.text.count { break }
        }
        return mustCut ? result + "…" : String(result.reversed().drop { $0 == " " }.reversed())
    }

    func paint(_ text: String, _ colour: Span.Colour) -> String {
        isColoured && colour != .plain && !text.isEmpty ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }
}
