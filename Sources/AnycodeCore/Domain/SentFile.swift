/// A file that came with a person's message. Its bytes stay with the platform until they are fetched.
package struct SentFile: Hashable, Sendable, Codable {
    /// The name the person gave it, or one the platform made up; not safe as a path.
    package let name: String
    package let mediaType: String
    /// Its size as the platform says, where it does.
    package let bytes: Int?
    /// What `ChatPlatform.fetch` needs; opaque, and still good after a restart.
    package let reference: String

    package init(name: String, mediaType: String, bytes: Int?, reference: String) {
        self.name = name
        self.mediaType = mediaType
        self.bytes = bytes
        self.reference = reference
    }
}
