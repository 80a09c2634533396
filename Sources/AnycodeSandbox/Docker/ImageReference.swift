/// An image's name taken apart as `POST /images/create` wants it.
struct ImageReference: Hashable, Sendable {
    /// With the digest, if it has one.
    let name: String
    /// `nil` beside a digest.
    let tag: String?

    init(_ text: String) {
        if text.contains("@") {
            (name, tag) = (text, nil)
            return
        }
        let end = text.lastIndex(of: "/") ?? text.startIndex
        // A colon before the last slash belongs to a registry's port.
        if let colon = text[end...].lastIndex(of: ":") {
            (name, tag) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        } else {
            // Without a tag the Engine would pull them all.
            (name, tag) = (text, "latest")
        }
    }
}
