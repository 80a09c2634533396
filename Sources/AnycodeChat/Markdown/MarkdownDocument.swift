/// GitHub-flavoured Markdown as a tree, the common source of every platform's formatting.
///
/// The tree holds text as written: renderers escape and neutralise for their own medium.
/// Any prefix of a document parses, so text may be rendered while it streams in.
package struct MarkdownDocument: Hashable, Sendable {
    package let blocks: [MarkdownBlock]

    package init(blocks: [MarkdownBlock]) {
        self.blocks = blocks
    }
}

/// A piece of a document that starts on a line of its own.
package indirect enum MarkdownBlock: Hashable, Sendable {
    case paragraph([MarkdownInline])
    /// `level` is 1 to 6.
    case heading(level: Int, [MarkdownInline])
    /// `info` is the whole info string of the fence, usually a language. `text` has no last line break.
    case code(info: String?, text: String)
    case quote([MarkdownBlock])
    case list(MarkdownList)
    case table(MarkdownTable)
    /// Raw HTML, which no renderer interprets.
    case html(String)
    case rule
}

/// A piece of text inside a block.
package indirect enum MarkdownInline: Hashable, Sendable {
    case text(String)
    case code(String)
    case emphasis([MarkdownInline])
    case strong([MarkdownInline])
    case strikethrough([MarkdownInline])
    case link(destination: String, title: String?, [MarkdownInline])
    /// The inlines are the alternative text.
    case image(source: String, title: String?, [MarkdownInline])
    case html(String)
    /// A line break in the source; chats show it as one.
    case softBreak
    case hardBreak
}

/// A bulleted or numbered list.
package struct MarkdownList: Hashable, Sendable {
    package struct Item: Hashable, Sendable {
        /// `nil` when the item is no task.
        package let isChecked: Bool?
        package let blocks: [MarkdownBlock]

        package init(isChecked: Bool? = nil, blocks: [MarkdownBlock]) {
            self.isChecked = isChecked
            self.blocks = blocks
        }
    }

    /// The first number; `nil` for bullets.
    package let start: Int?
    /// Whether the source has no blank lines between the items.
    package let isTight: Bool
    package let items: [Item]

    package init(start: Int?, isTight: Bool, items: [Item]) {
        self.start = start
        self.isTight = isTight
        self.items = items
    }
}

/// A table; every row has as many cells as the header.
package struct MarkdownTable: Hashable, Sendable {
    package enum Alignment: Hashable, Sendable {
        case none, left, center, right
    }

    package let alignments: [Alignment]
    package let header: [[MarkdownInline]]
    package let rows: [[[MarkdownInline]]]

    package init(alignments: [Alignment], header: [[MarkdownInline]], rows: [[[MarkdownInline]]]) {
        self.alignments = alignments
        self.header = header
        self.rows = rows
    }
}
