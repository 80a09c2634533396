import AnycodeJSON

/// Content blocks as text.
enum ACPContent {
    /// The block's text; other kinds by name. `nil` for what is no content block.
    static func text(_ block: JSON?) -> String? {
        guard let block, let type = block.text("type") else { return nil }
        switch type {
        case "text": return block.text("text")
        case "image": return "[image \(block.text("mimeType") ?? "")]"
        case "audio": return "[audio \(block.text("mimeType") ?? "")]"
        case "resource_link":
            guard let uri = block.text("uri") else { return nil }
            return "[\(block.text("title") ?? block.text("name") ?? uri)](\(uri))"
        case "resource":
            guard let resource = block["resource"] else { return nil }
            return resource.text("text") ?? resource.text("uri").map { "[\($0)]" }
        default: return nil
        }
    }
}
