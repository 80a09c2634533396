import FakeTelegram
import Foundation
import TestJSON

@testable import AnycodeChat
@testable import AnycodeRuntime

extension FuzzTarget {
    /// Markdown: rendered for Telegram it has valid entities and is cut without loss; on a terminal no line is too wide
    /// and no control character passes; as messages no piece is too long.
    static let markdown = FuzzTarget(name: "markdown") { bytes throws(FuzzFailure) in
        let source = String(decoding: bytes, as: UTF8.self)
        let document = MarkdownDocument(parsing: source)
        try check(TelegramRenderer.render(document))
        try require(TelegramRenderer.message(source, limit: 256).units <= 256, "a message over its limit")
        for line in MarkdownStyler(width: 20).lines(document) {
            let text = line.plain
            try require(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }, "a control character")
        }
        for piece in MarkdownSplitter.split(source, limit: 64) {
            try require(piece.utf16.count <= 64 && !piece.isEmpty || source.isEmpty, "a piece of \(piece.utf16.count)")
        }
    }

    private static func check(_ text: TelegramText) throws(FuzzFailure) {
        try checkEntities(text)
        let parts = text.pieces(limit: 64)
        for part in parts {
            try require(part.units <= 64, "a part of \(part.units) units")
            try checkEntities(part)
        }
        try require(
            letters(parts.map(\.text).joined()) == letters(text.text), "text was lost where it was cut")
    }

    private static func checkEntities(_ text: TelegramText) throws(FuzzFailure) {
        guard let encoded = try? JSONEncoder().encode(text.entities), let json = try? JSON(parsing: encoded) else {
            throw FuzzFailure(description: "the entities cannot be written")
        }
        if let problem = EntityRules.problem(json, in: text.text) { throw FuzzFailure(description: problem) }
    }

    private static func letters(_ text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter { !$0.properties.isWhitespace }
    }

    /// An answer to `getUpdates`: one bad update does not hide the others.
    static let telegramUpdates = FuzzTarget(name: "telegram-updates") { bytes throws(FuzzFailure) in
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let updates = try? decoder.decode([TelegramUpdate].self, from: Data(bytes)) else { return }
        guard case .array(let written)? = try? JSON(parsing: bytes) else { return }
        try require(updates.count == written.count, "\(updates.count) of \(written.count) updates")
    }
}
