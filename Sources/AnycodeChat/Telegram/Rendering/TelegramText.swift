/// Plain text with formatting beside it, as the Bot API takes it. Offsets and lengths are UTF-16 units.
struct TelegramText: Hashable, Sendable {
    var text: String
    /// Ordered by offset; what contains comes before what is contained.
    var entities: [TelegramEntity]

    init(_ text: String, entities: [TelegramEntity] = []) {
        self.text = text
        self.entities = entities
    }

    var units: Int { text.utf16.count }
    var isBlank: Bool { text.allSatisfy(\.isWhitespace) }

    /// The Bot API's bounds (`sendMessage`, `sendDocument`).
    static let longestMessage = 4096
    static let longestCaption = 1024
    /// More are cut off by the server without a word.
    static let mostEntities = 100
}

/// A formatted stretch of text (Bot API: `MessageEntity`).
struct TelegramEntity: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case bold, italic, underline, strikethrough, code, quote, expandableQuote
        case pre(language: String?)
        case link(url: String)
    }

    var kind: Kind
    var offset: Int
    var length: Int

    var end: Int { offset + length }
}

extension TelegramEntity: Encodable {
    private enum CodingKeys: String, CodingKey {
        case type, offset, length, url, language
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind.wireName, forKey: .type)
        try container.encode(offset, forKey: .offset)
        try container.encode(length, forKey: .length)
        switch kind {
        case .pre(let language?): try container.encode(language, forKey: .language)
        case .link(let url): try container.encode(url, forKey: .url)
        default: break
        }
    }
}

extension TelegramEntity.Kind {
    var wireName: String {
        switch self {
        case .bold: "bold"
        case .italic: "italic"
        case .underline: "underline"
        case .strikethrough: "strikethrough"
        case .code: "code"
        case .quote: "blockquote"
        case .expandableQuote: "expandable_blockquote"
        case .pre: "pre"
        case .link: "text_link"
        }
    }

    /// Who stays when there are too many, and who comes first at the same place; smaller is more.
    var rank: Int {
        switch self {
        case .quote, .expandableQuote: 0
        case .link: 1
        case .pre: 2
        case .code: 3
        case .bold: 4
        case .strikethrough: 5
        case .italic: 6
        case .underline: 7
        }
    }
}
