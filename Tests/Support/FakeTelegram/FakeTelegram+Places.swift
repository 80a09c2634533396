package import TestJSON

/// Topics and files.
extension FakeTelegram {
    /// A person writes in a topic of a forum.
    @discardableResult
    package func say(
        _ text: String, by person: Int = 42, in chat: Int, topic: Int, extra: [String: JSON] = [:]
    ) -> Int {
        let opening: JSON = [
            "message_id": .integer(topic),
            "from": ["id": .integer(Self.botID), "is_bot": true, "first_name": "Anycode"],
            "forum_topic_created": ["name": "topic", "icon_color": 1], "date": 1,
            "chat": ["id": .integer(chat), "type": "supergroup"],
        ]
        let place: [String: JSON] = [
            "message_thread_id": .integer(topic), "is_topic_message": true, "reply_to_message": opening,
        ]
        return say(text, by: person, in: chat, extra: place.merging(extra) { _, new in new })
    }

    /// The topics of a forum, by id.
    package func topics(in chat: Int) -> [Int: String] { desk.read { $0.chats[chat]?.topics ?? [:] } }

    /// Keeps a file as Telegram does for a person who sends it; returns the members of a `PhotoSize` or a `Document`.
    package func keep(_ bytes: [UInt8], name: String? = nil, type: String? = nil, size: Int? = nil) -> [String: JSON] {
        let id = desk.change { world in
            world.files.append(bytes)
            return world.files.count
        }
        var members: [String: JSON] = [
            "file_id": .string("file-\(id)"), "file_unique_id": .string("u\(id)"),
            "file_size": .integer(size ?? bytes.count),
        ]
        if let name { members["file_name"] = .string(name) }
        if let type { members["mime_type"] = .string(type) }
        return members
    }

    /// A person sends files together, as Telegram delivers them: a message for each.
    package func sendAlbum(
        _ photos: [[UInt8]], caption: String, by person: Int = 42, in chat: Int = 42, group: String = "album-1"
    ) {
        for (place, bytes) in photos.enumerated() {
            let small = keep([0])
            var extra: [String: JSON] = [
                "photo": [.object(small), .object(keep(bytes))], "media_group_id": .string(group),
            ]
            if place == 0 { extra["caption"] = .string(caption) }
            sendMedia(extra, by: person, in: chat)
        }
    }

    /// A person sends a message without text.
    @discardableResult
    package func sendMedia(_ members: [String: JSON], by person: Int = 42, in chat: Int = 42) -> Int {
        say("", by: person, in: chat, extra: members)
    }
}
