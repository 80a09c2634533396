import AnycodeCore

/// A stable 64-bit fingerprint (FNV-1a) of a message, kept in the store to know what the chat shows.
struct MessageDigest: Hashable {
    let bytes: [UInt8]

    init(_ message: OutgoingMessage) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String) {
            for byte in text.utf8 {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        mix(message.markdown)
        for row in message.buttons {
            for button in row {
                mix(button.label)
                mix(button.token)
                // The plain ones count as they did before styles were looked at, so that nothing is edited anew.
                if button.style != .plain { mix(button.style.rawValue) }
            }
            mix("\u{1}")
        }
        if let attachment = message.attachment { mix(attachment.path) }
        bytes = (0..<8).map { UInt8(truncatingIfNeeded: hash >> (UInt64($0) * 8)) }
    }

    /// Of a message of which it is not known what it shows; equal to no message's.
    static let unknown = MessageDigest(bytes: [])

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}
