import AnycodeCore

/// Files that people send.
enum TelegramFiles {
    /// The file of a message; of a picture its largest size.
    static func file(of message: TelegramMessage) -> SentFile? {
        let id = message.messageId
        if let picture = message.photo?.last { return sent(picture, "photo-\(id).jpg", "image/jpeg") }
        if let document = message.document { return sent(document, "document-\(id)", "application/octet-stream") }
        if let video = message.video { return sent(video, "video-\(id).mp4", "video/mp4") }
        if let audio = message.audio { return sent(audio, "audio-\(id).mp3", "audio/mpeg") }
        return nil
    }

    private static func sent(_ file: TelegramFile, _ name: String, _ type: String) -> SentFile {
        SentFile(
            name: file.fileName ?? name, mediaType: file.mimeType ?? type, bytes: file.fileSize, reference: file.fileId)
    }
}

/// Messages that were sent together; each comes as an update of its own.
struct TelegramAlbum: Hashable, Sendable {
    let chat: Int64
    let group: String
}

extension TelegramUpdate {
    var album: TelegramAlbum? {
        message.flatMap { message in
            message.mediaGroupId.map { TelegramAlbum(chat: message.chat.id, group: $0) }
        }
    }
}

/// Decides whether an album at the end of what was fetched may still be growing. A value.
struct TelegramAlbumWait: Sendable {
    private var waitedFor: (album: TelegramAlbum, size: Int)?

    /// What Telegram puts into one album.
    private static let most = 10

    /// - Returns: the updates that can be looked at. If they are not all, the others are to be fetched again shortly.
    mutating func ready(_ updates: [TelegramUpdate]) -> ArraySlice<TelegramUpdate> {
        let known = waitedFor
        waitedFor = nil
        guard let album = updates.last?.album, let start = updates.firstIndex(where: { $0.album == album }) else {
            return updates[...]
        }
        let size = updates.count { $0.album == album }
        if size >= Self.most { return updates[...] }
        if let known, known.album == album, known.size == size { return updates[...] }
        waitedFor = (album, size)
        return updates[..<start]
    }
}
