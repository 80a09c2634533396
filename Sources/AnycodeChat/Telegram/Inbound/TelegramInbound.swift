import AnycodeCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What an update means for us. A value: no I/O; the time of a click, which has none, is passed in.
struct TelegramInbound: Sendable {
    /// What is to be done about an update.
    struct Outcome: Hashable, Sendable {
        var event: InboundEvent?
        var reply: Reply?
        /// A click that nobody can handle; its spinner must stop all the same.
        var strayCallback: String?
        var migration: Migration?
    }

    /// What the platform itself says to something that it does not take.
    struct Reply: Hashable, Sendable {
        let conversation: Conversation
        let person: Person
        let message: Int64
        let words: String
    }

    struct Migration: Hashable, Sendable {
        let from: Int64
        let to: Int64

        func chats(on platform: PlatformID) -> (old: ChatID, new: ChatID) {
            (ChatID(platform: platform, value: String(from)), ChatID(platform: platform, value: String(to)))
        }
    }

    let bot: TelegramUser
    let platform: PlatformID
    /// Commands that count in groups without the bot's name behind them.
    let commands: Set<String>
    /// Whether tasks that begin in a forum get topics of their own.
    var opensTopics = true

    /// - Returns: one outcome for each update; those of an album are one together, where the first was.
    func outcomes(of updates: [TelegramUpdate], now: Date) -> [Outcome] {
        var groups: [[TelegramUpdate]] = []
        var places: [TelegramAlbum: Int] = [:]
        for update in updates {
            if let album = update.album, let place = places[album] {
                groups[place].append(update)
            } else {
                if let album = update.album { places[album] = groups.count }
                groups.append([update])
            }
        }
        return groups.map { outcome(of: $0, now: now) }
    }

    private func outcome(of group: [TelegramUpdate], now: Date) -> Outcome {
        guard let first = group.first else { return Outcome() }
        if let query = first.callbackQuery { return click(query, first.updateId, now) }
        let messages = group.compactMap(\.message)
        return messages.isEmpty ? Outcome() : message(messages, first.updateId)
    }

    // MARK: Clicks

    private func click(_ query: TelegramCallbackQuery, _ update: Int64, _ now: Date) -> Outcome {
        guard let message = query.message, let data = query.data, !data.isEmpty else {
            return Outcome(strayCallback: query.id)
        }
        let click = ButtonClick(token: data, message: MessageID(String(message.messageId)), callback: query.id)
        return Outcome(
            event: InboundEvent(
                key: key(update), conversation: conversation(message), isPrivate: message.chat.type == "private",
                sender: Self.person(query.from), sentAt: now, content: .click(click)))
    }

    // MARK: Messages

    /// - Parameter parts: the messages of an album, or just one.
    private func message(_ parts: [TelegramMessage], _ update: Int64) -> Outcome {
        let message = parts[0]
        if let new = message.migrateToChatId {
            return Outcome(migration: Migration(from: message.chat.id, to: new))
        }
        if let old = message.migrateFromChatId {
            return Outcome(migration: Migration(from: old, to: message.chat.id))
        }
        guard message.isAutomaticForward != true, message.chat.type != "channel", let sender = Self.sender(of: message)
        else { return Outcome() }
        let isPrivate = message.chat.type == "private"
        let isForwarded = message.forwardOrigin != nil
        if isForwarded, !isPrivate { return Outcome() }
        let words = parts.map { TelegramAddressing(message: $0, bot: bot) }
        guard words.contains(where: { $0.isMeantForUs(isPrivate: isPrivate, commands: commands) }) else {
            return Outcome()
        }
        let written = words.map(\.text).filter { !$0.isEmpty }.joined(separator: "\n")
        let text = isForwarded ? Self.harmless(written) : written
        let files = parts.compactMap(TelegramFiles.file)
        var outcome = Outcome()
        if !text.isEmpty || !files.isEmpty {
            let content = TextMessage(
                id: MessageID(String(message.messageId)), text: text, replyTo: replied(message), attachments: files,
                isForwarded: isForwarded)
            outcome.event = InboundEvent(
                key: key(update), conversation: conversation(message), isPrivate: isPrivate,
                opensThread: opensTopics && message.chat.isForum == true && !isPrivate
                    && message.isTopicMessage != true,
                sender: sender, sentAt: Date(timeIntervalSince1970: Double(message.date)), content: .text(content))
        }
        outcome.reply = Self.refusal(of: message, hasText: !text.isEmpty).map {
            Reply(conversation: conversation(message), person: sender, message: message.messageId, words: $0)
        }
        return outcome
    }

    /// Forwarded words never are a command.
    private static func harmless(_ text: String) -> String {
        text.hasPrefix("/") ? "Forwarded: " + text : text
    }

    /// What to say about content that is not taken.
    private static func refusal(of message: TelegramMessage, hasText: Bool) -> String? {
        guard message.voice != nil || message.videoNote != nil else { return nil }
        return "I cannot listen to recordings. Please write it instead: your telephone's keyboard can take dictation."
            + (hasText ? " Your text was taken." : "")
    }

    // MARK: Who and where

    private func key(_ update: Int64) -> String { "\(bot.id):\(update)" }

    private func conversation(_ message: TelegramMessage) -> Conversation {
        let thread = message.isTopicMessage == true ? message.messageThreadId.map { String($0) } : nil
        return Conversation(chat: ChatID(platform: platform, value: String(message.chat.id)), thread: thread)
    }

    /// The message that a person chose to answer.
    private func replied(_ message: TelegramMessage) -> MessageID? {
        guard let replied = message.replyToMessage, replied.forumTopicCreated == nil else { return nil }
        return MessageID(String(replied.messageId))
    }

    /// Who wrote. Somebody who writes as a group or a channel counts as that chat: nobody knows who it is.
    private static func sender(of message: TelegramMessage) -> Person? {
        if let chat = message.senderChat {
            return Person(id: PersonID(String(chat.id)), name: chat.title ?? "anonymous")
        }
        guard let user = message.from, user.isBot != true else { return nil }
        return person(user)
    }

    private static func person(_ user: TelegramUser) -> Person {
        let names = [user.firstName, user.lastName].compactMap { $0?.isEmpty == false ? $0 : nil }
        let name = names.isEmpty ? user.username ?? String(user.id) : names.joined(separator: " ")
        return Person(id: PersonID(String(user.id)), name: name)
    }
}
