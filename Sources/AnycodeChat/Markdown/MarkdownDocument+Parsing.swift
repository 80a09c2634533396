import CMarkGFM
import Synchronization

extension MarkdownDocument {
    /// Parses CommonMark with tables, strikethrough, autolinks and task lists.
    ///
    /// Never fails. Source of more than 256 KiB becomes one code block, nesting below level 24 becomes text.
    /// Link reference definitions are not interpreted: they would vanish from what people see.
    package init(parsing source: String) {
        guard source.utf8.count <= Self.longestSource else {
            self.init(blocks: [.code(info: nil, text: source)])
            return
        }
        self.init(blocks: CMark.parse(source))
    }

    private static var longestSource: Int { 256 * 1024 }
}

/// The only user of the C library.
private enum CMark {
    /// The library keeps its table of special characters in a global while a parser with extensions runs.
    private static let gate = Mutex(())

    /// Registers the extensions, once.
    private static let isReady: Void = cmark_gfm_core_extensions_ensure_registered()

    static func parse(_ source: String) -> [MarkdownBlock] {
        gate.withLock { _ in
            isReady
            guard let parser = cmark_parser_new(CMARK_OPT_FULL_INFO_STRING) else {
                return [.paragraph([.text(source)])]
            }
            defer { cmark_parser_free(parser) }
            for name in ["table", "strikethrough", "autolink", "tasklist"] {
                if let found = cmark_find_syntax_extension(name) {
                    cmark_parser_attach_syntax_extension(parser, found)
                }
            }
            var guarded = MarkdownGuard.protect(source)
            guarded.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { cmark_parser_feed(parser, $0.baseAddress, $0.count) }
            }
            guard let root = cmark_parser_finish(parser) else { return [.paragraph([.text(source)])] }
            defer { cmark_node_free(root) }
            let reader = MarkdownTreeReader(lines: guarded.split(separator: "\n", omittingEmptySubsequences: false))
            return reader.blocks(of: root, depth: 0)
        }
    }
}

/// Keeps `[label]: text` visible: the parser takes such lines for link definitions and drops them.
enum MarkdownGuard {
    /// The last private-use scalar; removed from the source, should it ever be there.
    private static let mark: Unicode.Scalar = "\u{10FFFD}"

    static func protect(_ source: String) -> String {
        var scalars = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in source.unicodeScalars where scalar != mark {
            if scalar == ":", previous == "]" { scalars.append(mark) }
            scalars.append(scalar)
            previous = scalar
        }
        return String(scalars)
    }

    static func strip(_ text: String) -> String {
        guard text.unicodeScalars.contains(mark) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != mark }))
    }
}
