package import TestJSON

/// When a list of entities is valid (Bot API: "Formatting options" and `MessageEntity`).
package enum EntityRules {
    private struct Entity {
        let type: String
        let range: Range<Int>

        var isSimple: Bool { ["bold", "italic", "underline", "strikethrough", "spoiler"].contains(type) }
        var isQuote: Bool { ["blockquote", "expandable_blockquote"].contains(type) }
        var isCode: Bool { ["pre", "code"].contains(type) }
    }

    /// What is wrong with the entities of a text; `nil` when nothing is.
    package static func problem(_ value: JSON, in text: String) -> String? {
        guard let list = value.array else { return "no list" }
        if list.count > 100 { return "\(list.count) entities" }
        let units = Array(text.utf16)
        var entities: [Entity] = []
        for item in list {
            guard let type = item["type"]?.string, let offset = item["offset"]?.integer,
                let length = item["length"]?.integer
            else { return "an entity lacks type, offset or length" }
            guard offset >= 0, length > 0, offset + length <= units.count else { return "\(type) is out of range" }
            if isInsideSurrogatePair(offset, units) || isInsideSurrogatePair(offset + length, units) {
                return "\(type) cuts a surrogate pair"
            }
            let extra = Set(item.object?.keys.map { $0 } ?? []).subtracting(["type", "offset", "length"])
            if let problem = problem(type, item, extra) { return problem }
            entities.append(Entity(type: type, range: offset..<offset + length))
        }
        for (index, one) in entities.enumerated() {
            for other in entities[(index + 1)...] {
                if let problem = problem(one, other) { return problem }
            }
        }
        return nil
    }

    private static func isInsideSurrogatePair(_ place: Int, _ units: [UInt16]) -> Bool {
        place < units.count && UTF16.isTrailSurrogate(units[place])
    }

    private static func problem(_ type: String, _ item: JSON, _ extra: Set<String>) -> String? {
        switch type {
        case "bold", "italic", "underline", "strikethrough", "code", "blockquote", "expandable_blockquote":
            return extra.isEmpty ? nil : "\(type) has \(extra)"
        case "pre": return extra.subtracting(["language"]).isEmpty ? nil : "pre has \(extra)"
        case "text_link":
            guard let url = item["url"]?.string, extra == ["url"] else { return "text_link without url" }
            let rest = ["https://", "http://"].first(where: url.hasPrefix).map { url.dropFirst($0.count) }
            let host = rest?.prefix { !"/?#:".contains($0) } ?? ""
            return host.contains(".") && host.first != "." && !url.contains(" ") ? nil : "Wrong HTTP URL \(url)"
        default: return "no such type: \(type)"
        }
    }

    private static func problem(_ one: Entity, _ other: Entity) -> String? {
        guard one.range.overlaps(other.range) else { return nil }
        let contains =
            one.range.clamped(to: other.range) == one.range || other.range.clamped(to: one.range) == other.range
        guard contains else { return "\(one.type) and \(other.type) overlap in part" }
        if one.type == other.type { return "\(one.type) twice at one place" }
        if one.isQuote && other.isQuote { return "nested quotes" }
        if one.isQuote || other.isQuote {
            let (quote, inner) = one.isQuote ? (one, other) : (other, one)
            return quote.range.clamped(to: inner.range) == quote.range && quote.range != inner.range && !inner.isSimple
                ? "\(inner.type) around a quote" : nil
        }
        if one.isCode || other.isCode { return "\(one.type) with \(other.type)" }
        return one.isSimple || other.isSimple ? nil : "\(one.type) with \(other.type)"
    }
}
